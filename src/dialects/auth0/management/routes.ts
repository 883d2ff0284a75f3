import type { Route, RouteGroup } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { guarded, type Handler, type UserHandler, withUser } from './call.ts'
import { getKeySettings, getPushProvider, setKeySettings, setPushProvider } from './factor-settings.ts'
import { getMessageTypes, getProvider, listFactors, setFactor, setMessageTypes, setProvider } from './factors.ts'
import {
  createMethod,
  deleteMethod,
  deleteMethods,
  getMethod,
  listMethods,
  setMethods,
  updateMethod,
} from './methods.ts'
import {
  deleteEnrollment,
  deleteProvider,
  getEnrollment,
  invalidateRememberBrowser,
  listEnrollments,
  regenerateRecoveryCode,
} from './multifactor.ts'
import { getPolicies, setPolicies } from './policies.ts'
import { getTemplates, setTemplates } from './templates.ts'
import { createTicket } from './tickets.ts'
import { deleteUser, getUser, listUsers, patchUser, postUser, usersByEmail } from './users.ts'
import { refuseTrouble } from './wire.ts'

type Row = readonly [method: Route['method'], path: string, scopes: readonly string[], handler: Handler]

const of = (handler: UserHandler): Handler => withUser(handler)
const methods = '/users/:id/authentication-methods'
const [readFactors, updateFactors] = [['read:guardian_factors'], ['update:guardian_factors']]

/** The Management API, a row each with the scopes any of which lets in (auth0.md §7). */
const table: readonly Row[] = [
  ['GET', '/guardian/factors', readFactors, listFactors],
  ['PUT', '/guardian/factors/:name', updateFactors, setFactor],
  ['GET', '/guardian/factors/phone/message-types', readFactors, getMessageTypes],
  ['PUT', '/guardian/factors/phone/message-types', updateFactors, setMessageTypes],
  ['GET', '/guardian/factors/phone/selected-provider', readFactors, getProvider],
  ['PUT', '/guardian/factors/phone/selected-provider', updateFactors, setProvider],
  ['GET', '/guardian/factors/sms/selected-provider', readFactors, getProvider],
  ['PUT', '/guardian/factors/sms/selected-provider', updateFactors, setProvider],
  ['GET', '/guardian/factors/phone/templates', readFactors, getTemplates],
  ['PUT', '/guardian/factors/phone/templates', updateFactors, setTemplates],
  ['GET', '/guardian/factors/sms/templates', readFactors, getTemplates],
  ['PUT', '/guardian/factors/sms/templates', updateFactors, setTemplates],
  ['GET', '/guardian/factors/push-notification/selected-provider', readFactors, getPushProvider],
  ['PUT', '/guardian/factors/push-notification/selected-provider', updateFactors, setPushProvider],
  ['GET', '/guardian/factors/webauthn-roaming/settings', readFactors, getKeySettings],
  ['PUT', '/guardian/factors/webauthn-roaming/settings', updateFactors, setKeySettings],
  ['GET', '/guardian/factors/webauthn-platform/settings', readFactors, getKeySettings],
  ['PUT', '/guardian/factors/webauthn-platform/settings', updateFactors, setKeySettings],
  ['GET', '/guardian/policies', ['read:mfa_policies'], getPolicies],
  ['PUT', '/guardian/policies', ['update:mfa_policies'], setPolicies],
  ['POST', '/guardian/enrollments/ticket', ['create:guardian_enrollment_tickets'], createTicket],
  ['GET', '/guardian/enrollments/:id', ['read:guardian_enrollments'], getEnrollment],
  ['DELETE', '/guardian/enrollments/:id', ['delete:guardian_enrollments'], deleteEnrollment],
  ['GET', methods, ['read:authentication_methods'], of(listMethods)],
  ['POST', methods, ['create:authentication_methods'], of(createMethod)],
  ['PUT', methods, ['update:authentication_methods'], of(setMethods)],
  ['DELETE', methods, ['delete:authentication_methods'], of(deleteMethods)],
  ['GET', `${methods}/:method`, ['read:authentication_methods'], of(getMethod)],
  ['PATCH', `${methods}/:method`, ['update:authentication_methods'], of(updateMethod)],
  ['DELETE', `${methods}/:method`, ['delete:authentication_methods'], of(deleteMethod)],
  ['DELETE', '/users/:id/authenticators', ['delete:guardian_enrollments'], of(deleteMethods)],
  ['POST', '/users/:id/recovery-code-regeneration', ['update:users'], of(regenerateRecoveryCode)],
  ['GET', '/users/:id/enrollments', ['read:users', 'read:current_user'], of(listEnrollments)],
  ['DELETE', '/users/:id/multifactor/:provider', ['update:users'], of(deleteProvider)],
  [
    'POST',
    '/users/:id/multifactor/actions/invalidate-remember-browser',
    ['update:users'],
    of(invalidateRememberBrowser),
  ],
  ['GET', '/users', ['read:users'], listUsers],
  ['POST', '/users', ['create:users'], postUser],
  ['GET', '/users-by-email', ['read:users'], usersByEmail],
  ['GET', '/users/:id', ['read:users', 'read:current_user'], of(getUser)],
  ['PATCH', '/users/:id', ['update:users'], of(patchUser)],
  ['DELETE', '/users/:id', ['delete:users'], of(deleteUser)],
]

/** The MFA parts of the Management API and its users, under `/api/v2`. For servers: no page of a browser may call it. */
export function managementGroup(dialect: Dialect): RouteGroup {
  return {
    name: 'auth0-management',
    routes: table.map(([method, path, scopes, handler]) => {
      const handle = guarded(scopes, handler)
      return { method, path: `/api/v2${path}`, accepts: ['json'], handle: (exchange) => handle(dialect, exchange) }
    }),
    refuse: refuseTrouble,
  }
}
