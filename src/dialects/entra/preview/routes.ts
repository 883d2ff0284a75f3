import type { Answer, CorsRule, Exchange, Route, RouteGroup, Trouble } from '#http/route.ts'
import { idsOf } from '../call.ts'
import { authorityOf, type Dialect } from '../dialect.ts'
import { bases } from '../paths.ts'
import { pollUpdate, submitAttributes, updatePassword } from './account.ts'
import { authorize } from './authorize.ts'
import { onJourney } from './call.ts'
import { activate, enroll, resendEnrolment } from './enroll.ts'
import { actionPaths, authorizePath } from './paths.ts'
import { passkeyStart, resetStart, signInStart, signUpStart } from './start.ts'
import { challengeMethod, verifyMethod } from './verify.ts'
import { actionErrors, failAction } from './wire.ts'

/** Any `x-*` header may be sent, as interceptors add them; the ids are there to be read (entra.md §8.1). */
const cors: CorsRule = {
  origins: 'registered',
  allowHeaders: '*',
  exposeHeaders: ['x-ms-request-id', 'client-request-id', 'Retry-After'],
}

/** What answers where, a row each; and the journeys it is for. */
const actions = (dialect: Dialect): readonly (readonly [Route['method'], string, Route['handle']])[] => {
  const proving = ['sign-in', 'sign-up', 'reset'] as const
  return [
    ['POST', actionPaths.signIn, onJourney(dialect, signInStart, 'entry')],
    ['POST', actionPaths.signUp, onJourney(dialect, signUpStart, 'entry')],
    ['POST', actionPaths.reset, onJourney(dialect, resetStart, 'entry')],
    ['POST', actionPaths.passkey, onJourney(dialect, passkeyStart, 'entry')],
    ['POST', actionPaths.challenge, onJourney(dialect, challengeMethod, ...proving)],
    ['POST', actionPaths.verify, onJourney(dialect, verifyMethod, ...proving)],
    ['POST', actionPaths.enroll, onJourney(dialect, enroll, ...proving)],
    ['POST', actionPaths.resend, onJourney(dialect, resendEnrolment, ...proving)],
    ['POST', actionPaths.activate, onJourney(dialect, activate, ...proving)],
    ['POST', actionPaths.attributes, onJourney(dialect, submitAttributes, 'sign-up')],
    ['PUT', actionPaths.update, onJourney(dialect, updatePassword, 'reset')],
    ['POST', actionPaths.poll, onJourney(dialect, pollUpdate, 'reset')],
  ]
}

/** The preview generation: there for tenants that have switched it on, and for others as if nobody had written it. */
export function previewGroup(dialect: Dialect): RouteGroup {
  const rows = actions(dialect)
  const door = authorize(dialect)
  return {
    name: 'entra-preview',
    routes: bases.flatMap((base): readonly Route[] => [
      { method: 'POST', path: `${base}${authorizePath}`, accepts: ['form'], handle: door },
      ...rows.map(([method, path, handle]): Route => ({ method, path: `${base}${path}`, accepts: ['json'], handle })),
    ]),
    when: (tenant) => tenant.nativePreview !== undefined,
    refuse: (trouble, exchange) => refuseTrouble(dialect, trouble, exchange),
    cors,
  }
}

/** What the discovery document says of it, for tenants that have it (draft-ietf-oauth-first-party-apps section 8). */
export const previewMetadata = (exchange: Exchange): Readonly<Record<string, string>> =>
  exchange.tenant.nativePreview === undefined
    ? {}
    : { authorization_challenge_endpoint: `${authorityOf(exchange)}${authorizePath}` }

/** Trouble before a handler, always JSON. */
function refuseTrouble(dialect: Dialect, trouble: Trouble, exchange: Parameters<RouteGroup['refuse']>[1]): Answer {
  const ids = idsOf(exchange, dialect.engine.parts)
  switch (trouble.trouble) {
    case 'malformed':
      return failAction(ids, actionErrors.malformed(trouble.detail))
    case 'too-large':
      return failAction(ids, actionErrors.malformed('It is too large.'))
    case 'wrong-type':
      return failAction(ids, actionErrors.malformed('Its content type is not the one that is taken here.'))
    case 'wrong-method':
      return failAction(ids, actionErrors.notAllowed)
    case 'not-found':
      return failAction(ids, actionErrors.notFound)
    case 'unavailable':
      return failAction(ids, actionErrors.unavailable)
    case 'crash':
      return failAction(ids, actionErrors.crash)
  }
}
