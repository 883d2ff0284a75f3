/**
 * Auth0 and others name an API by any text (`audience`); the library wants a resource indicator, which is an absolute
 * URI (RFC 8707 section 2). Text that is none travels inside one.
 */
const wrapped = 'urn:polyfactor:audience:'

/** The resource indicator that stands for an audience. */
export function toResource(audience: string): string {
  const url = URL.parse(audience)
  return url !== null && !audience.includes('#') && !audience.startsWith(wrapped)
    ? audience
    : `${wrapped}${encodeURIComponent(audience)}`
}

/** The audience a resource indicator stands for; undefined when it cannot be read. */
export function toAudience(resource: string): string | undefined {
  if (!resource.startsWith(wrapped)) return resource
  try {
    return decodeURIComponent(resource.slice(wrapped.length))
  } catch {
    return undefined
  }
}

/**
 * The scope that stands for `offline_access` inside the library, which drops that one unless the person is asked for
 * consent each time; here a first-party application's grant decides (auth0.md §1.2).
 */
export const offlineScope = 'polyfactor:offline'
