import type { Answer, Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import type { Clock } from '#ports/clock.ts'
import { remove, type Store } from '#ports/store.ts'
import { artifactId } from './artifacts.ts'
import { userClaims } from './claims.ts'
import { authenticateClient } from './clients.ts'
import type { TenantKeys } from './keys.ts'
import { userinfoAudience } from './mint.ts'
import { provesPossession } from './possession.ts'
import type { Spelling } from './spelling.ts'
import { type AccessClaims, readBearer, verifyAccessToken } from './tokens.ts'

export interface EndpointParts {
  readonly store: Store
  readonly keys: TenantKeys
  readonly clock: Clock
}

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' }

/** The error body of OAuth (RFC 6749 section 5.2). */
function refuse(status: number, error: string, description: string): Answer {
  return { status, headers: noStore, body: { error, error_description: description } }
}

function textOf(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const value = (body as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The client of a request to one of these endpoints, or the answer that refuses it. */
async function clientOf(parts: EndpointParts, exchange: Exchange, spelling: Spelling) {
  if (exchange.repeated.length > 0)
    return { answer: refuse(400, 'invalid_request', `Repeated parameter: ${exchange.repeated[0]}`) }
  const outcome = await authenticateClient(parts.store, {
    tenant: exchange.tenant.id,
    params:
      typeof exchange.body === 'object' && exchange.body !== null ? (exchange.body as Record<string, unknown>) : {},
    authorization: exchange.headers.authorization,
    audiences: [
      spelling.issuer(exchange.base),
      `${exchange.base}${spelling.paths.token}`,
      `${exchange.base}${exchange.path}`,
    ],
    now: parts.clock.now(),
  })
  if (outcome.yes !== undefined) return { client: outcome.yes }
  if (outcome.no === 'missing')
    return { answer: refuse(400, 'invalid_request', 'Missing required parameter: client_id') }
  return { answer: refuse(401, 'invalid_client', 'Client authentication failed') }
}

/**
 * Token revocation (RFC 7009): 200 and nothing else for whatever token, known or not; JSON and form bodies.
 * A refresh token takes its whole family along, access tokens included (S-120); a token of another client stays.
 */
export async function revoke(parts: EndpointParts, exchange: Exchange, spelling: Spelling): Promise<Answer> {
  const { client, answer } = await clientOf(parts, exchange, spelling)
  if (client === undefined) return answer
  const token = textOf(exchange.body, 'token')
  if (token === undefined) return refuse(400, 'invalid_request', 'Missing required parameter: token')
  const tenant = exchange.tenant.id
  for (const id of await revocable(parts, exchange, spelling, { tenant, token, client: client.id })) {
    await parts.store.change({}, () => ({ result: undefined, writes: [remove('artifacts', tenant, id)] }))
  }
  return { status: 200, headers: noStore }
}

interface Presented {
  readonly tenant: TenantId
  readonly token: string
  readonly client: string
}

/** Rows to remove: the grant of a refresh token's family or of a JWT, the row itself of an opaque access token. */
async function revocable(
  parts: EndpointParts,
  exchange: Exchange,
  spelling: Spelling,
  { tenant, token, client }: Presented,
): Promise<readonly string[]> {
  const refresh = await parts.store.get('artifacts', tenant, artifactId('RefreshToken', token))
  if (refresh !== undefined) {
    return refresh.client === client && refresh.grantId !== undefined ? [artifactId('Grant', refresh.grantId)] : []
  }
  const claims = await anyAccessToken(parts, exchange, spelling, token)
  if (claims === undefined || claims.client !== client) return []
  if (claims.kind === 'opaque') return [claims.id]
  return claims.grantId === undefined ? [] : [artifactId('Grant', claims.grantId)]
}

/** An access token of ours for whatever audience: for the endpoints that ask about tokens instead of accepting them. */
async function anyAccessToken(
  parts: EndpointParts,
  exchange: Exchange,
  spelling: Spelling,
  token: string,
): Promise<AccessClaims | undefined> {
  return verifyAccessToken(parts, {
    tenant: exchange.tenant.id,
    token,
    issuer: spelling.issuer(exchange.base),
    audience: undefined,
    now: parts.clock.now(),
  })
}

/** Token introspection (RFC 7662), for the client a token was made for; everyone else sees `active: false` (S-120). */
export async function introspect(parts: EndpointParts, exchange: Exchange, spelling: Spelling): Promise<Answer> {
  const { client, answer } = await clientOf(parts, exchange, spelling)
  if (client === undefined) return answer
  if (client.authMethod === 'none') return refuse(401, 'invalid_client', 'Client authentication failed')
  const token = textOf(exchange.body, 'token')
  if (token === undefined) return refuse(400, 'invalid_request', 'Missing required parameter: token')
  const active =
    (await aboutRefresh(parts, exchange, spelling, token)) ?? (await aboutAccess(parts, exchange, spelling, token))
  const body = active !== undefined && active.client_id === client.id ? active : { active: false }
  return { status: 200, headers: noStore, body }
}

type About = Readonly<Record<string, unknown>> & { readonly client_id: string }

async function aboutAccess(
  parts: EndpointParts,
  exchange: Exchange,
  spelling: Spelling,
  token: string,
): Promise<About | undefined> {
  const claims = await anyAccessToken(parts, exchange, spelling, token)
  if (claims === undefined) return undefined
  return {
    active: true,
    client_id: claims.client,
    sub: claims.subject,
    scope: claims.scope.join(' '),
    aud: claims.audience.length === 1 ? claims.audience[0] : claims.audience,
    iss: spelling.issuer(exchange.base),
    iat: claims.issuedAt,
    exp: claims.expiresAt,
    token_type: claims.jkt === undefined ? 'Bearer' : 'DPoP',
    ...(claims.kind === 'jwt' ? { jti: claims.id } : {}),
    ...(claims.jkt === undefined ? {} : { cnf: { jkt: claims.jkt } }),
    ...(claims.acr === undefined ? {} : { acr: claims.acr, amr: claims.amr, auth_time: claims.authTime }),
  }
}

async function aboutRefresh(
  parts: EndpointParts,
  exchange: Exchange,
  spelling: Spelling,
  token: string,
): Promise<About | undefined> {
  const tenant = exchange.tenant.id
  const found = await parts.store.get('artifacts', tenant, artifactId('RefreshToken', token))
  if (found === undefined || found.grantId === undefined || found.consumedAt !== undefined) return undefined
  const grant = await parts.store.get('artifacts', tenant, artifactId('Grant', found.grantId))
  const now = parts.clock.now()
  const over = (row: Artifact | undefined): boolean => row === undefined || (row.expiresAt ?? 0) <= now
  if (over(found) || over(grant) || found.client === undefined) return undefined
  const { scope, iat, exp, accountId } = found.payload
  const user = typeof accountId === 'string' ? await parts.store.get('users', tenant, accountId) : undefined
  return {
    active: true,
    client_id: found.client,
    scope,
    iat,
    exp,
    iss: spelling.issuer(exchange.base),
    ...(user === undefined ? {} : { sub: spelling.subject(user) }),
  }
}

/**
 * User info (OpenID Connect Core section 5.3), GET and POST, for opaque tokens and for JWTs that name it among their
 * audiences. A token in the query is not looked at (S-121).
 */
export async function userinfo(parts: EndpointParts, exchange: Exchange, spelling: Spelling): Promise<Answer> {
  const inForm = exchange.bodyKind === 'form' ? textOf(exchange.body, 'access_token') : undefined
  const header = readBearer(exchange.headers.authorization)
  if (header !== undefined && inForm !== undefined)
    return challenge(400, 'invalid_request', 'More than one access token')
  const bearer = header ?? (inForm === undefined ? undefined : { scheme: 'Bearer' as const, token: inForm })
  if (bearer === undefined) return { status: 401, headers: { ...noStore, 'www-authenticate': 'Bearer' } }
  const issuer = spelling.issuer(exchange.base)
  const now = parts.clock.now()
  const audience = userinfoAudience(issuer)
  const tenant = exchange.tenant.id
  const claims = await verifyAccessToken(parts, { tenant, token: bearer.token, issuer, audience, now })
  if (claims === undefined) return challenge(401, 'invalid_token', 'The access token is invalid')
  if (!(await provesPossession(parts, exchange, claims, bearer)))
    return challenge(401, 'invalid_token', 'The proof of possession is missing or wrong')
  if (!claims.scope.includes('openid')) return challenge(403, 'insufficient_scope', 'The scope openid is needed')
  const user = await userOf(parts, tenant, spelling, claims)
  if (user === undefined || user.blocked) return challenge(401, 'invalid_token', 'The access token is invalid')
  const body = { sub: spelling.subject(user), ...userClaims(user, claims.scope, spelling.dates) }
  return { status: 200, headers: noStore, body }
}

function challenge(status: number, error: string, description: string): Answer {
  const header = `Bearer error="${error}", error_description="${description}"`
  return {
    status,
    headers: { ...noStore, 'www-authenticate': header },
    body: { error, error_description: description },
  }
}

async function userOf(
  parts: EndpointParts,
  tenant: TenantId,
  spelling: Spelling,
  claims: AccessClaims,
): Promise<User | undefined> {
  const id = claims.user ?? spelling.userOf(claims.subject)
  return id === undefined ? undefined : parts.store.get('users', tenant, id)
}
