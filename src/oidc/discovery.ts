import { acrValues } from './acr.ts'
import type { KeySnapshot } from './keys.ts'
import type { Spelling } from './spelling.ts'

/**
 * The discovery document of one dialect (OpenID Connect Discovery section 3, RFC 8414): what the server does and
 * nothing else, in the order of auth0.md §6.1.
 */
export function discoveryDocument(
  spelling: Spelling,
  base: string,
  keys: KeySnapshot,
): Readonly<Record<string, unknown>> {
  const { paths } = spelling
  const at = (path: string): string => `${base}${path}`
  return {
    issuer: spelling.issuer(base),
    authorization_endpoint: at(paths.authorize),
    token_endpoint: at(paths.token),
    ...(paths.deviceAuthorization === undefined
      ? {}
      : { device_authorization_endpoint: at(paths.deviceAuthorization) }),
    userinfo_endpoint: at(paths.userinfo),
    jwks_uri: at(paths.jwks),
    revocation_endpoint: at(paths.revoke),
    introspection_endpoint: at(paths.introspect),
    end_session_endpoint: at(paths.endSession),
    pushed_authorization_request_endpoint: at(paths.par),
    scopes_supported: ['openid', 'profile', 'email', 'phone', 'offline_access'],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post', 'web_message'],
    grant_types_supported: [
      ...new Set(['authorization_code', 'refresh_token', 'client_credentials', ...spelling.grantTypes]),
    ],
    code_challenge_methods_supported: ['S256'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(['RS256', ...keys.keys.map((key) => key.alg)])],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'RS384', 'PS256', 'ES256', 'EdDSA'],
    dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'RS256'],
    claims_supported: [
      'aud',
      'acr',
      'amr',
      'auth_time',
      'exp',
      'iat',
      'iss',
      'sub',
      'sid',
      'nonce',
      'name',
      'nickname',
      'picture',
      'given_name',
      'family_name',
      'preferred_username',
      'locale',
      'updated_at',
      'email',
      'email_verified',
      'phone_number',
      'phone_number_verified',
    ],
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    authorization_response_iss_parameter_supported: true,
    acr_values_supported: acrValues,
    claims_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    ...spelling.discovery?.(base),
  }
}
