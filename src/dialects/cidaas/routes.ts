import type { Answer, CorsRule, Exchange, Route, RouteGroup, Trouble } from '#http/route.ts'
import { approve } from './device/approve.ts'
import { enterCode, startDevice } from './device/start.ts'
import type { Dialect } from './dialect.ts'
import { authz, changeLogin } from './front/authz.ts'
import { checkSession, checkSessionFrame, checkSessionScript } from './front/check-session.ts'
import { endSession } from './front/end-session.ts'
import { generate, resolveRedirect, showRequest } from './front/generate.ts'
import { clientInfo, deviceInfo, tenantInfo, userExistence } from './front/public.ts'
import { startAccount, startAccountNative, verifyAccount } from './login/account.ts'
import { afterRegister, social } from './login/after-register.ts'
import {
  acceptClaims,
  acceptConsent,
  acceptScopes,
  consentInfo,
  consentVersion,
  revokeClaims,
} from './login/consent.ts'
import { goOnNative } from './login/continue.ts'
import { nativeLogin, passwordLogin } from './login/password.ts'
import { nativePasswordlessLogin, passwordlessLogin } from './login/passwordless.ts'
import { deleteGroup, listGroups, showGroup, showPage, writeGroup } from './pages/groups.ts'
import { pageTable } from './pages/routes.ts'
import { methodsOfApplication, methodsOfUser, removeOfUser } from './setup/administered.ts'
import { changeApplication, createApplication, deleteApplication, showApplication } from './setup/applications.ts'
import { setUp, setUpInLogin } from './setup/initiate.ts'
import { confirmSetUp, methodConfigs, nameMethod, ownMethods, removeOwn } from './setup/own.ts'
import { cidaasSpelling } from './spelling.ts'
import { introspect, revoke } from './token/about.ts'
import { token } from './token/token.ts'
import { userinfo } from './token/userinfo.ts'
import { devices, removeDevice } from './users/devices.ts'
import {
  activities,
  changePassword,
  communicationStatus,
  linkedUsers,
  noSuchTrack,
  notHere,
  notHereForUsers,
  nothingThere,
  updateProfile,
} from './users/profile.ts'
import { register, registrationFields } from './users/register.ts'
import { acceptReset, initiateReset, resetAction, validateReset } from './users/reset.ts'
import { cancel } from './verify/cancel.ts'
import { acknowledge, allow, deny, notifications, scan } from './verify/device-steps.ts'
import { initiate } from './verify/initiation.ts'
import { linkPage, openLink } from './verify/link.ts'
import { configuredCheck, configuredList } from './verify/list.ts'
import { metadata, trackInfo } from './verify/metadata.ts'
import { status } from './verify/status.ts'
import { verify } from './verify/verification.ts'
import { noStore, unreadable } from './wire.ts'

type Handler = (dialect: Dialect, exchange: Exchange) => Promise<Answer>
type Row = readonly [method: Route['method'], path: string, handler: Handler]

/** Front door and tokens (cidaas.md §2). */
const front: readonly Row[] = [
  ['GET', '/authz-srv/authz', authz],
  ['POST', '/authz-srv/authz', authz],
  ['PUT', '/authz-srv/authz', changeLogin],
  ['POST', '/authz-srv/authrequest/authz/generate', generate],
  ['GET', '/authz-srv/authrequest/:request_id', showRequest],
  ['GET', '/authz-srv/authz/resolve_redirect/:request_id', resolveRedirect],
  ['GET', '/public-srv/tenantinfo/basic', tenantInfo],
  ['GET', '/public-srv/public/:request_id', clientInfo],
  ['GET', '/public-srv/public/trackinfo/:request_id/:track_id', trackInfo],
  ['POST', '/useractions-srv/userexistence/:request_id', userExistence],
  ['POST', '/device-srv/deviceinfo', deviceInfo],
  ['POST', '/token-srv/token', token],
  ['POST', '/token-srv/revoke', revoke],
  ['POST', '/token-srv/introspect', introspect],
  ['GET', '/users-srv/userinfo', userinfo],
  ['POST', '/users-srv/userinfo', userinfo],
  ['GET', '/authz-srv/device/authz', startDevice],
  ['POST', '/authz-srv/device/authz', startDevice],
  ['GET', '/token-srv/device/verify', enterCode],
  ['POST', '/token-srv/device/verify', enterCode],
  ['GET', '/token-srv/device/approve', approve],
  ['POST', '/token-srv/device/approve', approve],
  ['GET', '/session/end_session', endSession],
  ['POST', '/session/end_session', endSession],
  ['GET', '/session/check_session', checkSessionFrame],
  ['GET', '/session/check_session.js', checkSessionScript],
  ['POST', '/session/check_session', checkSession],
]

/** Login, and what follows it (cidaas.md §3, §4.8). */
const login: readonly Row[] = [
  ['POST', '/login-srv/login', passwordLogin],
  ['POST', '/login-srv/login/sdk', nativeLogin],
  ['POST', '/login-srv/login/handle/afterregister/:track_id', afterRegister],
  ['POST', '/login-srv/verification/login', passwordlessLogin],
  ['POST', '/login-srv/verification/sdk/login', nativePasswordlessLogin],
  ['GET', '/login-srv/social/login/:provider/:request_id', social],
  ['GET', '/login-srv/social/register/:provider/:request_id', social],
  ['POST', '/login-srv/precheck/continue/:track_id', afterRegister],
  ['POST', '/login-srv/precheck/continue/sdk/:track_id', goOnNative],
  ['GET', '/token-srv/prelogin/metadata/:track_id', metadata],
  ['POST', '/consent-management-srv/v2/consent/usage/public/info', consentInfo],
  ['POST', '/consent-management-srv/v2/consent/usage/accept', acceptConsent],
  ['GET', '/consent-management-srv/v2/consent/versions/details/:consent_id', consentVersion],
  ['POST', '/consent-management-srv/consent/scope/accept', acceptScopes],
  ['POST', '/consent-management-srv/consent/claim/accept', acceptClaims],
  ['POST', '/consent-management-srv/consent/claim/revoke', revokeClaims],
  ['POST', '/verification-actions-srv/account/initiation', startAccount],
  ['POST', '/verification-srv/account/initiate', startAccount],
  ['POST', '/verification-srv/account/initiate/sdk', startAccountNative],
  ['POST', '/verification-actions-srv/account', verifyAccount],
  ['POST', '/verification-srv/account/verify', verifyAccount],
]

/** Every spelling of the same steps, old and new (cidaas.md §4.0). */
const verifications: readonly Row[] = [
  ['POST', '/verification-srv/public/graph/user/setup', configuredList],
  ['POST', '/verification-srv/v2/setup/public/configured/list', configuredList],
  ['POST', '/verification-srv/v2/setup/public/configured/check/:method', configuredCheck],
  ['POST', '/verification-srv/authentication/:method/initiation', initiate],
  ['POST', '/verification-srv/v2/authenticate/initiate/:method', initiate],
  ['POST', '/verification-srv/authentication/:method/verification', verify],
  ['POST', '/verification-srv/v2/authenticate/authenticate/:method', verify],
  ['GET', '/verification-srv/authentication/:method/verification', linkPage],
  ['POST', '/verification-srv/authentication/:method/link', openLink],
  ['POST', '/verification-srv/authentication/:method/cancel', cancel],
  ['POST', '/verification-srv/v2/authenticate/cancel/:method', cancel],
  ['POST', '/verification-srv/v2/setup/cancel/:method', cancel],
  ['POST', '/verification-actions-srv/setup/:method/cancellation', cancel],
  ['POST', '/verification-srv/authentication/:method/push/acknowledge', acknowledge],
  ['POST', '/verification-srv/v2/authenticate/push_acknowledge/:method', acknowledge],
  ['POST', '/verification-srv/authentication/:method/allow', allow],
  ['POST', '/verification-srv/v2/authenticate/allow/:method', allow],
  ['POST', '/verification-srv/authentication/:method/deny', deny],
  ['POST', '/verification-srv/v2/authenticate/reject/:method', deny],
  ['GET', '/verification-srv/verificationstatus/:status_id', status],
  ['POST', '/verification-srv/v2/notification/status/:status_id', status],
  ['POST', '/verification-srv/notification/status/:status_id', status],
]

/** Methods set up and looked after (cidaas.md §6). */
const setups: readonly Row[] = [
  ['POST', '/verification-actions-srv/setup/:method/initiation', setUp],
  ['POST', '/verification-srv/v2/setup/initiate/:method', setUp],
  ['POST', '/verification-actions-srv/setup/:method/initiation/:track_id', setUpInLogin],
  ['POST', '/verification-actions-srv/setup/:method/initiate/:track_id', setUpInLogin],
  ['POST', '/verification-srv/v2/setup/initiate/suggestmfa/:method', setUpInLogin],
  ['POST', '/verification-actions-srv/setup/:method/scan', scan],
  ['POST', '/verification-srv/v2/setup/scan/:method', scan],
  ['POST', '/verification-actions-srv/setup/devices/notifications', notifications],
  ['POST', '/verification-actions-srv/setup/:method/verification', confirmSetUp],
  ['POST', '/verification-srv/v2/setup/enroll/:method', confirmSetUp],
  ['PUT', '/verification-actions-srv/setup/users/friendlyname/:method', nameMethod],
  ['PUT', '/verification-actions-srv/setup/users/friendlyname/:method/:track_id', nameMethod],
  ['GET', '/verification-actions-srv/config', methodConfigs],
  ['GET', '/verification-srv/config/list', methodConfigs],
  ['GET', '/verification-actions-srv/config/:client_id', methodsOfApplication],
  ['GET', '/verification-actions-srv/users/configurations', ownMethods],
  ['DELETE', '/verification-actions-srv/users/configurations', removeOwn],
  ['DELETE', '/verification-actions-srv/users/configurations/:method', removeOwn],
  ['DELETE', '/verification-actions-srv/users/configurations/devices/:method/:device_id', removeOwn],
  ['GET', '/device-srv/devices', devices],
  ['DELETE', '/device-srv/device/:device_id', removeDevice],
  ['GET', '/apps-srv/clients/:client_id', showApplication],
  ['POST', '/apps-srv/clients', createApplication],
  ['PUT', '/apps-srv/clients', changeApplication],
  ['DELETE', '/apps-srv/clients/:client_id', deleteApplication],
  ['GET', '/verification-actions-srv/configurations/:sub', methodsOfUser],
  ['POST', '/verification-srv/v2/setup/admin/configured/list/:sub', methodsOfUser],
  ['DELETE', '/verification-actions-srv/configurations/:sub', removeOfUser],
  ['DELETE', '/verification-actions-srv/configurations/:method/:sub', removeOfUser],
  ['GET', '/hostedpages-srv/hpgroup', listGroups],
  ['POST', '/hostedpages-srv/hpgroup', writeGroup],
  ['GET', '/hostedpages-srv/hpgroup/:id', showGroup],
  ['POST', '/hostedpages-srv/hpgroup/:id', writeGroup],
  ['DELETE', '/hostedpages-srv/hpgroup/:id', deleteGroup],
  ['GET', '/hostedpages-srv/hpgroup/:id/:page', showPage],
  ['DELETE', '/hostedpages-srv/hpgroup/:id/:page', deleteGroup],
]

/** Accounts, and what SDKs ask about them (cidaas.md §10.6, appendix A). */
const users: readonly Row[] = [
  ['POST', '/users-srv/register', register],
  ['GET', '/registration-setup-srv/public/list', registrationFields],
  ['GET', '/fieldsetup-srv/public/fields', registrationFields],
  ['GET', '/users-srv/user/communication/status/:sub', communicationStatus],
  ['POST', '/password-srv/resetpassword', resetAction],
  ['POST', '/users-srv/resetpassword/initiate', initiateReset],
  ['POST', '/users-srv/resetpassword/validatecode', validateReset],
  ['POST', '/users-srv/resetpassword/accept', acceptReset],
  ['POST', '/users-srv/changepassword', changePassword],
  ['PUT', '/users-srv/user/profile/:sub', updateProfile],
  ['GET', '/users-srv/userinfo/social/:sub', linkedUsers],
  ['POST', '/activity-streams-srv/user-activities', activities],
]

/** A collection there is nothing of. */
function absentResources(path: string): readonly Row[] {
  const one = `${path}/:id`
  return [
    ['GET', path, notHere],
    ['POST', path, notHere],
    ['PUT', path, notHere],
    ['GET', one, notHere],
    ['PUT', one, notHere],
    ['DELETE', one, notHere],
  ]
}

/** Services SDKs know and this server has no part for; they say so (cidaas.md appendix A). */
const absent: readonly Row[] = [
  ['GET', '/useractions-srv/invitations/:id', notHere],
  ['GET', '/users-srv/invite/info/:id', notHere],
  ['GET', '/users-srv/deduplication/info/:track_id', nothingThere],
  ['POST', '/users-srv/deduplication/register/:track_id', notHere],
  ['POST', '/users-srv/deduplication/login/redirection', social],
  ['POST', '/login-srv/login/guest/:request_id', social],
  ['POST', '/users-srv/user/link/initiate', notHereForUsers],
  ['POST', '/users-srv/user/link/complete', notHereForUsers],
  ['POST', '/users-srv/user/unlink/:identity_id', notHereForUsers],
  ['POST', '/users-srv/user/unregister/scheduler/schedule/:sub', notHereForUsers],
  ['POST', '/idval-sign-srv/caseinvocation', notHereForUsers],
  ['POST', '/image-srv/profile/upload', notHereForUsers],
  // Conditions this server never opens: no track can belong to them.
  ['POST', '/login-srv/progressive/update/user', noSuchTrack],
  ['POST', '/auth-actions-srv/validation/:track_id', noSuchTrack],
  ['POST', '/token-srv/prelogin/suggested/mfa/update/:track_id', noSuchTrack],
  // Devices of cidaas' own authenticator; ours sign what they say (docs/push.md).
  ['POST', '/verification-actions-srv/setup/devices', notHere],
  ['GET', '/verification-actions-srv/devices', notHere],
  ['POST', '/verification-actions-srv/devices/registration/initiation', notHere],
  ['POST', '/verification-actions-srv/devices/registration/verification', notHere],
  ['POST', '/verification-actions-srv/mfa/history', notHere],
  ['POST', '/verification-actions-srv/mfa/timeline', notHere],
  // Methods of others' making, and profiles beside the application's own settings.
  ['POST', '/verification-actions-srv/config', notHere],
  ['PUT', '/verification-actions-srv/config', notHere],
  ['DELETE', '/verification-actions-srv/config', notHere],
  ...absentResources('/verification-actions-srv/verification-options'),
  ...absentResources('/verification-actions-srv/policies'),
]

const table = [...front, ...login, ...verifications, ...setups, ...users, ...absent, ...pageTable]

/** Callers may send headers named by mistake, such as `0` and `1`: whatever they ask for is allowed (cidaas.md §1.6). */
const cors: CorsRule = {
  origins: 'registered',
  allowHeaders: '*',
  exposeHeaders: ['x-request-id', 'retry-after'],
  atLeast: {
    methods: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
    headers: `content-type authorization accept-language requestid trackid acceptlanguage lat lon captcha
      bot_captcha_response`.split(/\s+/),
  },
}

/** Everything this dialect answers. */
export function cidaasGroups(dialect: Dialect): readonly RouteGroup[] {
  dialect.oidc.announce(cidaasSpelling)
  return [
    {
      name: 'cidaas',
      routes: table.map(([method, path, handler]) => ({
        method,
        path,
        handle: (exchange: Exchange) => handler(dialect, exchange),
      })),
      refuse: (trouble, { path }) => refuse(dialect, trouble, path),
      cors,
    },
  ]
}

/** Trouble before a handler: always JSON, since anything else hangs older SDKs for ever (cidaas.md §0.3 rule 3). */
function refuse(dialect: Dialect, trouble: Trouble, path: string): Answer {
  const no = (status: number, code: string, error: string, text: string): Answer => ({
    status,
    headers: noStore,
    body: { success: false, status, code, error, error_description: text },
  })
  switch (trouble.trouble) {
    case 'malformed':
      return unreadable(dialect, { path }, trouble.detail)
    case 'too-large':
      return no(413, 'VER1003', 'client_error', 'The request is too large.')
    case 'wrong-type':
      return no(415, 'VER1003', 'client_error', 'Send JSON or a form.')
    case 'wrong-method':
      return no(405, 'VER1003', 'client_error', 'The method is not allowed here.')
    case 'not-found':
      return no(404, 'VER1003', 'not_found', 'There is no such service.')
    case 'unavailable':
      return no(503, 'VER1003', 'temporarily_unavailable', 'Try again later.')
    case 'crash':
      return no(500, 'VER1003', 'server_error', 'Something went wrong.')
  }
}
