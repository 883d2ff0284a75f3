import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'

/**
 * An API some of whose calls need a fresh second factor, and that says so as RFC 9470 has it: the client then sends the
 * person to `/authorize` with the `acr_values` and `max_age` it was told, and calls again with the new token.
 */

export interface ApiOptions {
  /** `iss` of the tokens, such as `https://localhost:3443/`. */
  readonly issuer: string
  /** Audience this API was registered under. */
  readonly audience: string
  /** Where the issuer's keys come from; default its published set. */
  readonly keys?: JWTVerifyGetKey
  /** Epoch ms; tests hand in their own. */
  readonly now?: () => number
}

/** What a call needs of the authentication behind its token. */
interface Requirement {
  /** Any of these will do; the first is what clients are told to ask for. */
  readonly acr: readonly string[]
  /** Seconds. */
  readonly maxAge?: number
}

const secondFactor = [
  'urn:polyfactor:acr:aal2',
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
  'phr',
  'phrh',
]

/** Reading needs a token; paying needs a second factor, proved in the last five minutes. */
const calls: Readonly<Record<string, Requirement>> = {
  'GET /balance': { acr: [] },
  'POST /payments': { acr: secondFactor, maxAge: 300 },
}

/** Builds the server; it does not listen yet. */
export function createApi(options: ApiOptions): Server {
  const keys = options.keys ?? createRemoteJWKSet(new URL('.well-known/jwks.json', options.issuer))
  const now = options.now ?? Date.now
  return createServer((request, response) => {
    answer({ ...options, keys, now }, request, response).catch(() => say(response, 500, { error: 'server_error' }))
  })
}

type Settled = Required<ApiOptions>

async function answer(options: Settled, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const needed = calls[`${request.method} ${(request.url ?? '').split('?')[0]}`]
  if (needed === undefined) return say(response, 404, { error: 'not_found' })
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) return refuse(response, {})
  const claims = await read(options, token)
  if (claims === undefined) {
    return refuse(response, { error: 'invalid_token', error_description: 'The access token is invalid' })
  }
  if (!isEnough(claims, needed, options.now())) return askForMore(response, needed)
  say(response, 200, { sub: claims.sub, acr: claims.acr })
}

async function read({ issuer, audience, keys, now }: Settled, token: string): Promise<JWTPayload | undefined> {
  try {
    const algorithms = ['RS256', 'ES256', 'EdDSA']
    return (await jwtVerify(token, keys, { issuer, audience, algorithms, currentDate: new Date(now()) })).payload
  } catch {
    return undefined
  }
}

/** Whether the login behind the token was strong and fresh enough; `auth_time` is the oldest proof `acr` rests on. */
function isEnough({ acr, auth_time }: JWTPayload, needed: Requirement, now: number): boolean {
  if (needed.acr.length > 0 && !(typeof acr === 'string' && needed.acr.includes(acr))) return false
  return needed.maxAge === undefined || (typeof auth_time === 'number' && now / 1_000 - auth_time <= needed.maxAge)
}

/** RFC 9470 section 3. */
function askForMore(response: ServerResponse, { acr, maxAge }: Requirement): void {
  refuse(response, {
    error: 'insufficient_user_authentication',
    error_description: 'A different authentication level is required',
    ...(acr[0] === undefined ? {} : { acr_values: acr[0] }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
  })
}

function refuse(response: ServerResponse, members: Readonly<Record<string, string>>): void {
  const list = Object.entries(members).map(([name, value]) => `${name}="${value}"`)
  response.setHeader('www-authenticate', list.length === 0 ? 'Bearer' : `Bearer ${list.join(', ')}`)
  say(response, 401, members.error === undefined ? { error: 'invalid_request' } : { error: members.error })
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
