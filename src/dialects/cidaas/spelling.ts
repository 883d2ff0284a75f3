import { asId } from '#model/ids.ts'
import type { Spelling } from '#oidc/spelling.ts'
import { dialectName, issuerOf } from './dialect.ts'
import { grants } from './token/token.ts'

/** Where cidaas' endpoints lie, and how it spells what all dialects share (cidaas.md §2.1). */
export const cidaasSpelling: Spelling = {
  name: dialectName,
  issuer: issuerOf,
  subject: (user) => user.id,
  userOf: (subject) => asId(subject),
  dates: 'seconds',
  paths: {
    authorize: '/authz-srv/authz',
    par: '/authz-srv/par',
    token: '/token-srv/token',
    deviceAuthorization: '/authz-srv/device/authz',
    deviceVerification: '/token-srv/device/verify',
    userinfo: '/users-srv/userinfo',
    jwks: '/.well-known/jwks.json',
    revoke: '/token-srv/revoke',
    introspect: '/token-srv/introspect',
    endSession: '/session/end_session',
    interaction: '/user-ui/login',
  },
  findAudience: async () => undefined,
  grantTypes: Object.keys(grants),
  discovery: (base) => ({
    check_session_iframe: `${base}/session/check_session`,
    scopes_supported: [
      'openid',
      'profile',
      'email',
      'phone',
      'mobile',
      'address',
      'offline_access',
      'identities',
      'roles',
      'groups',
    ],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    acr_values_supported: ['cidaas:acr:strong'],
    claims_supported: `aud acr amr auth_time exp iat iss sub sid nonce name nickname picture given_name family_name
      preferred_username locale updated_at email email_verified phone_number phone_number_verified mobile_number
      identities roles groups`.split(/\s+/),
    claims_parameter_supported: false,
    claim_types_supported: ['normal'],
    display_values_supported: ['page', 'popup'],
    // What this dialect does not have (the shared document would claim it).
    pushed_authorization_request_endpoint: undefined,
    dpop_signing_alg_values_supported: undefined,
  }),
}
