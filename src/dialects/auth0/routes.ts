import type { Answer, CorsRule, Exchange, Route, RouteGroup, Trouble } from '#http/route.ts'
import { accountGroup } from './account/routes.ts'
import { askChangePassword } from './change-password.ts'
import type { Dialect } from './dialect.ts'
import { confirmLogout, logout, logoutPath } from './logout.ts'
import { managementGroup } from './management/routes.ts'
import { associate } from './mfa/associate.ts'
import { list, remove } from './mfa/authenticators.ts'
import { challenge } from './mfa/challenge.ts'
import { passkeyChallenge, passkeyRegister } from './passkey.ts'
import { passwordlessStart } from './passwordless.ts'
import { signup } from './signup.ts'
import { auth0Spelling } from './spelling.ts'
import { token } from './token.ts'
import { oauthError } from './wire.ts'

type Handler = (dialect: Dialect, exchange: Exchange) => Promise<Answer>

/** What this dialect answers without a page, a row each. */
const table: readonly (readonly [Route['method'], string, Handler])[] = [
  ['POST', '/oauth/token', token],
  ['POST', '/mfa/associate', associate],
  ['POST', '/mfa/challenge', challenge],
  ['GET', '/mfa/authenticators', list],
  ['DELETE', '/mfa/authenticators/:id', remove],
  ['POST', '/dbconnections/signup', signup],
  ['POST', '/dbconnections/change_password', askChangePassword],
  ['POST', '/passwordless/start', passwordlessStart],
  ['POST', '/passkey/register', passkeyRegister],
  ['POST', '/passkey/challenge', passkeyChallenge],
  ['GET', logoutPath, logout],
  ['POST', logoutPath, confirmLogout],
]

const limits = ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'retry-after']

/** auth0.md §6.8: what browsers may send and read, for origins the tenant's applications have registered. */
const cors: CorsRule = {
  origins: 'registered',
  allowHeaders: ['authorization', 'content-type', 'auth0-client', 'dpop'],
  exposeHeaders: ['Location', 'DPoP-Nonce', 'WWW-Authenticate', ...limits],
}

const documents: CorsRule = { origins: 'any', allowHeaders: [], exposeHeaders: [] }

/** Everything this dialect answers: each API with its own manners and errors. */
export const auth0Groups = (dialect: Dialect): readonly RouteGroup[] => [
  auth0Group(dialect),
  managementGroup(dialect),
  accountGroup(dialect),
]

/** The Authentication API of this dialect as the edge mounts it. */
export function auth0Group(dialect: Dialect): RouteGroup {
  return {
    name: 'auth0',
    routes: [
      ...table.map(([method, path, handler]) => ({
        method,
        path,
        handle: (exchange: Exchange) => repeatedIn(exchange) ?? handler(dialect, exchange),
      })),
      ...dialect.oidc.routes(auth0Spelling(dialect.engine.parts.store)),
    ],
    refuse,
    cors: (path) => (path.startsWith('/.well-known/') ? documents : cors),
  }
}

/** The answer to a request that says something twice: nobody knows which is meant (S-121). A page is asked for anyhow. */
function repeatedIn({ method, repeated }: Exchange): Promise<Answer> | undefined {
  if (method !== 'POST' || repeated.length === 0) return undefined
  return Promise.resolve(oauthError(400, 'invalid_request', `Parameter sent more than once: ${repeated.join(', ')}`))
}

/** Trouble before a handler, in Auth0's generic words (auth0.md §1.8). */
export function refuse(trouble: Trouble): Answer {
  switch (trouble.trouble) {
    case 'malformed':
      return oauthError(400, 'invalid_request', trouble.detail)
    case 'too-large':
      return oauthError(413, 'invalid_request', 'The request body is too large.')
    case 'wrong-type':
      return oauthError(415, 'invalid_request', 'Send application/json or application/x-www-form-urlencoded.')
    case 'wrong-method': {
      const answer = oauthError(405, 'method_not_allowed', 'Method not allowed')
      return { ...answer, headers: { ...answer.headers, allow: trouble.allow.join(', ') } }
    }
    case 'not-found':
      return oauthError(404, 'not_found', 'Not found')
    case 'unavailable': {
      const answer = oauthError(503, 'temporarily_unavailable', 'The service is temporarily unavailable.')
      return { ...answer, headers: { ...answer.headers, 'retry-after': String(trouble.retryAfter) } }
    }
    case 'crash':
      return oauthError(500, 'server_error', 'An unexpected error occurred.')
  }
}
