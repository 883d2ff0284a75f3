import type { Answer, Exchange } from '#http/route.ts'
import { authorityOf, type Dialect, issuerOf } from './dialect.ts'
import { accountPaths, documentPaths } from './paths.ts'
import { previewMetadata } from './preview/routes.ts'

const cacheable = { 'cache-control': 'public, max-age=300' }

/** The discovery document of a tenant, as far as inherited calls of the SDKs and resource APIs need it (entra.md §4.6). */
export const discovery =
  ({ keys }: Dialect) =>
  async (exchange: Exchange): Promise<Answer> => {
    const { tenant } = exchange
    const known = await keys.snapshot(tenant.id, ['RS256', tenant.signingAlgorithm])
    const authority = authorityOf(exchange)
    const body = {
      issuer: issuerOf(exchange),
      // The hosted pages are one front door for all dialects of a tenant.
      authorization_endpoint: `${exchange.base}/authorize`,
      token_endpoint: `${authority}/oauth2/v2.0/token`,
      ...previewMetadata(exchange),
      userinfo_endpoint: `${authority}${accountPaths.userinfo}`,
      end_session_endpoint: `${authority}${accountPaths.signOut}`,
      jwks_uri: `${authority}${documentPaths.keys}`,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['public'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: [...new Set(['RS256', ...known.keys.map((key) => key.alg)])],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'],
      claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'oid', 'tid', 'name', 'email'],
    }
    return { status: 200, headers: cacheable, body }
  }

/** The keys of a tenant: one set for all its dialects. */
export const jwks =
  ({ keys }: Dialect) =>
  async ({ tenant }: Exchange): Promise<Answer> => {
    const known = await keys.snapshot(tenant.id, ['RS256', tenant.signingAlgorithm])
    return { status: 200, headers: cacheable, body: known.jwks }
  }
