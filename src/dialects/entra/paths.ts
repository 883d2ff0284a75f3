import { previewBase } from './preview/paths.ts'

/** The native endpoints, a row each, without the base (entra.md §0.1). */
export const nativePaths = [
  '/oauth2/v2.0/initiate',
  '/oauth2/v2.0/challenge',
  '/oauth2/v2.0/introspect',
  '/oauth2/v2.0/token',
  '/register/v1.0/introspect',
  '/register/v1.0/challenge',
  '/register/v1.0/continue',
  '/signup/v1.0/start',
  '/signup/v1.0/challenge',
  '/signup/v1.0/continue',
  '/resetpassword/v1.0/start',
  '/resetpassword/v1.0/challenge',
  '/resetpassword/v1.0/continue',
  '/resetpassword/v1.0/submit',
  '/resetpassword/v1.0/poll_completion',
] as const
export type NativePath = (typeof nativePaths)[number]

/** Public documents beside them, which inherited calls and resource APIs read (entra.md §4.6). */
export const documentPaths = {
  discovery: '/v2.0/.well-known/openid-configuration',
  keys: '/discovery/v2.0/keys',
} as const

/** What browsers and resource APIs call besides. */
export const accountPaths = { userinfo: '/oidc/userinfo', signOut: '/oauth2/v2.0/logout' } as const

/** The bases endpoints answer under: none, the tenant, and the tenant after one to three segments of a prefix. */
export const bases = ['', '/:tenant', '/:a/:tenant', '/:a/:b/:tenant', '/:a/:b/:c/:tenant'] as const

const endings: readonly string[] = [...nativePaths, ...Object.values(documentPaths), ...Object.values(accountPaths)]
const vendorDomain = '.onmicrosoft.com'
/** Where the vendor's sample proxy answers, without a tenant (entra.md §8.2); no tenant can have this id. */
const proxyBase = '/api'

/**
 * The tenant a path of this dialect names, in lower case and without the vendor's domain; undefined: it is no such path,
 * or names none and the host decides. Both forms of a name are one tenant (entra.md §0.2).
 */
export function tenantInPath(path: string): string | undefined {
  const ending = endings.find((it) => path.endsWith(it))
  const graph = ending === undefined ? /^\/([^/]+)\/graph\/v1\.0\//.exec(path)?.[1] : undefined
  const base = ending === undefined ? previewBase(path) : path.slice(0, -ending.length)
  const segment = graph ?? base?.slice(base.lastIndexOf('/') + 1)
  if (segment === undefined || segment === '' || base?.toLowerCase() === proxyBase) return undefined
  const name = decoded(segment).toLowerCase()
  return name.endsWith(vendorDomain) ? name.slice(0, -vendorDomain.length) : name
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
