import type { Answer, CorsRule, Route, RouteGroup, Trouble } from '#http/route.ts'
import { signOut, userinfo } from './account.ts'
import { forClient, type Handler, idsOf } from './call.ts'
import type { Dialect } from './dialect.ts'
import { discovery, jwks } from './documents.ts'
import type { GraphOptions } from './graph/call.ts'
import { graphGroup } from './graph/routes.ts'
import { isMachine, machineGrant } from './machine.ts'
import { accountPaths, bases, documentPaths, type NativePath, nativePaths } from './paths.ts'
import { previewGroup } from './preview/routes.ts'
import { registerChallenge, registerContinue, registerIntrospect } from './register.ts'
import { resetChallenge, resetContinue, resetPoll, resetStart, resetSubmit } from './reset.ts'
import { challenge, initiate, introspect } from './sign-in.ts'
import { signUpChallenge, signUpContinue, signUpStart } from './sign-up.ts'
import { token } from './token.ts'
import { errors, fail } from './wire.ts'

/** What answers where, a row each. */
const handlers: Readonly<Record<NativePath, Handler>> = {
  '/oauth2/v2.0/initiate': initiate,
  '/oauth2/v2.0/challenge': challenge,
  '/oauth2/v2.0/introspect': introspect,
  '/oauth2/v2.0/token': token,
  '/register/v1.0/introspect': registerIntrospect,
  '/register/v1.0/challenge': registerChallenge,
  '/register/v1.0/continue': registerContinue,
  '/signup/v1.0/start': signUpStart,
  '/signup/v1.0/challenge': signUpChallenge,
  '/signup/v1.0/continue': signUpContinue,
  '/resetpassword/v1.0/start': resetStart,
  '/resetpassword/v1.0/challenge': resetChallenge,
  '/resetpassword/v1.0/continue': resetContinue,
  '/resetpassword/v1.0/submit': resetSubmit,
  '/resetpassword/v1.0/poll_completion': resetPoll,
}

/** Any `x-*` header may be sent, as interceptors add them; the ids are there to be read (entra.md §8.1). */
const cors: CorsRule = {
  origins: 'registered',
  allowHeaders: '*',
  exposeHeaders: ['x-ms-request-id', 'client-request-id', 'Retry-After'],
}
const documents: CorsRule = { origins: 'any', allowHeaders: [], exposeHeaders: [] }

/** Everything this dialect answers. */
export const entraGroups = (dialect: GraphOptions): readonly RouteGroup[] => [
  entraGroup(dialect),
  previewGroup(dialect),
  graphGroup(dialect),
]

/** Native authentication as the edge mounts it: each endpoint under the tenant, under any prefix, or under the host. */
export function entraGroup(dialect: Dialect): RouteGroup {
  const native = nativePaths.flatMap((path) => {
    const native = forClient(dialect, handlers[path])
    const machine = machineGrant(dialect)
    const takesMachines = path === '/oauth2/v2.0/token'
    const handle: Route['handle'] = (exchange) =>
      takesMachines && isMachine(exchange) ? machine(exchange) : native(exchange)
    return bases.map((base): Route => ({ method: 'POST', path: `${base}${path}`, accepts: ['form'], handle }))
  })
  // Without a tenant in its path a document would belong to another dialect (operating.md §6.9).
  const named = bases
    .filter((base) => base !== '')
    .flatMap((base): readonly Route[] => [
      { method: 'GET', path: `${base}${documentPaths.discovery}`, handle: discovery(dialect) },
      { method: 'GET', path: `${base}${documentPaths.keys}`, handle: jwks(dialect) },
      { method: 'GET', path: `${base}${accountPaths.userinfo}`, handle: userinfo(dialect) },
      { method: 'POST', path: `${base}${accountPaths.userinfo}`, handle: userinfo(dialect) },
      { method: 'GET', path: `${base}${accountPaths.signOut}`, handle: signOut },
    ])
  return {
    name: 'entra',
    routes: [...native, ...named],
    refuse: (trouble, exchange) => refuseTrouble(dialect, trouble, exchange),
    cors: (path) => (Object.values(documentPaths).some((it) => path.endsWith(it)) ? documents : cors),
  }
}

/** Trouble before a handler. Always JSON, and 400 for everything of the protocol: a page would be an unknown error. */
function refuseTrouble(dialect: Dialect, trouble: Trouble, exchange: Parameters<RouteGroup['refuse']>[1]): Answer {
  const { path } = exchange
  const ids = idsOf(exchange, dialect.engine.parts)
  switch (trouble.trouble) {
    case 'malformed':
      return fail(ids, errors.malformed(trouble.detail))
    case 'too-large':
      return fail(ids, errors.malformed('It is too large.'))
    case 'wrong-type':
      return fail(ids, errors.malformed('Send application/x-www-form-urlencoded.'))
    case 'wrong-method': {
      const answer = fail(ids, { ...errors.malformed('The method is not allowed here.'), status: 405 })
      return { ...answer, headers: { ...answer.headers, allow: trouble.allow.join(', ') } }
    }
    case 'not-found': {
      const native = nativePaths.some((it) => path.endsWith(it))
      return fail(ids, native ? errors.unknownTenant : { ...errors.malformed('There is nothing here.'), status: 404 })
    }
    case 'unavailable':
      return fail(ids, errors.unavailable)
    case 'crash':
      return fail(ids, errors.crash)
  }
}
