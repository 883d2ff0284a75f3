import type { Answer, Exchange } from '#http/route.ts'
import { userClaims } from '#oidc/claims.ts'
import { bearerOf } from './bearer.ts'
import { type Dialect, issuerOf } from './dialect.ts'

const noStore = { 'cache-control': 'no-store' }

/** `/oidc/userinfo` below the tenant, GET and POST (OpenID Connect Core section 5.3): what the token's scopes open. */
export const userinfo =
  (dialect: Dialect) =>
  async (exchange: Exchange): Promise<Answer> => {
    const known = await bearerOf(dialect, exchange)
    if (known === undefined) return refused(401, 'invalid_token', 'The access token is missing or not valid.')
    const { user, claims } = known
    if (!claims.scope.includes('openid')) return refused(403, 'insufficient_scope', 'The scope openid is needed.')
    const name = user.email ?? user.username ?? user.phoneNumber
    const body = {
      sub: user.id,
      ...userClaims(user, claims.scope, 'seconds'),
      oid: user.id,
      tid: exchange.tenant.id,
      preferred_username: name,
    }
    return { status: 200, headers: noStore, body }
  }

function refused(status: number, error: string, text: string): Answer {
  const headers = { ...noStore, 'www-authenticate': `Bearer error="${error}", error_description="${text}"` }
  return { status, headers, body: { error, error_description: text } }
}

/** What sign-out reads; whatever else SDKs send along stays behind. */
const passed = ['post_logout_redirect_uri', 'state', 'client_id', 'logout_hint', 'ui_locales'] as const

/**
 * `GET /oauth2/v2.0/logout` below the tenant, where SDKs send browsers (entra.md §4.6): on to the one sign-out all
 * dialects of a tenant share. That one knows ID tokens of its own spelling only, so of one of ours it is told the client.
 */
export async function signOut(exchange: Exchange): Promise<Answer> {
  const { query, base } = exchange
  const next = new URL('/oidc/logout', base)
  for (const name of passed) if (query[name] !== undefined) next.searchParams.set(name, query[name])
  const { id_token_hint: hint } = query
  const client = hint === undefined ? undefined : clientOf(hint, issuerOf(exchange))
  if (client !== undefined) next.searchParams.set('client_id', client)
  return { status: 302, headers: { ...noStore, location: next.href } }
}

/** The client an ID token of ours was for. Unchecked: it only names an application, which anybody may. */
function clientOf(token: string, issuer: string): string | undefined {
  try {
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return payload.iss === issuer && typeof payload.aud === 'string' ? payload.aud : undefined
  } catch {
    return undefined
  }
}
