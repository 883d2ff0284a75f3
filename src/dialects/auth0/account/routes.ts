import type { CorsRule, Route, RouteGroup } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { guarded, type Handler } from './call.ts'
import { startEnrolment } from './enrol.ts'
import { deleteMethod, getMethod, listFactors, listMethods, updateMethod } from './methods.ts'
import { verifyEnrolment } from './verify.ts'
import { refuseTrouble } from './wire.ts'

const methods = '/authentication-methods'

/** The My Account API, a row each with the scope it asks (auth0.md §5). */
const table: readonly (readonly [Route['method'], string, string, Handler])[] = [
  ['GET', '/factors', 'read:me:factors', listFactors],
  ['GET', methods, 'read:me:authentication_methods', listMethods],
  ['POST', methods, 'create:me:authentication_methods', startEnrolment],
  ['GET', `${methods}/:id`, 'read:me:authentication_methods', getMethod],
  ['PATCH', `${methods}/:id`, 'update:me:authentication_methods', updateMethod],
  ['DELETE', `${methods}/:id`, 'delete:me:authentication_methods', deleteMethod],
  ['POST', `${methods}/:id/verify`, 'create:me:authentication_methods', verifyEnrolment],
]

/** auth0.md §6.8: `Location` must be readable, or the second step cannot be built. */
const cors: CorsRule = {
  origins: 'registered',
  allowHeaders: ['authorization', 'content-type', 'dpop', 'auth0-client'],
  exposeHeaders: [
    'Location',
    'DPoP-Nonce',
    'WWW-Authenticate',
    'X-RateLimit-Limit',
    'X-RateLimit-Remaining',
    'X-RateLimit-Reset',
    'Retry-After',
  ],
}

/** What users do with their own authentication methods, under `/me/v1`. */
export function accountGroup(dialect: Dialect): RouteGroup {
  return {
    name: 'auth0-my-account',
    routes: table.map(([method, path, scope, handler]) => {
      const handle = guarded(scope, handler)
      return { method, path: `/me/v1${path}`, accepts: ['json'], handle: (exchange) => handle(dialect, exchange) }
    }),
    refuse: refuseTrouble,
    cors,
  }
}
