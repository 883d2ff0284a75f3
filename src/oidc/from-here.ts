import type { Exchange } from '#http/route.ts'

/**
 * Whether a change comes from a page of this server, as far as the browser says (S-130). `Sec-Fetch-Site` knows best:
 * under our own `no-referrer` a form sends `Origin: null` (Fetch, "append a request Origin header"). A request that
 * says neither has to bring the token of the page, which is asked for in any case.
 */
export function fromHere({ headers, base }: Pick<Exchange, 'headers' | 'base'>): boolean {
  const { origin, 'sec-fetch-site': site } = headers
  if (site !== undefined) {
    const own = site === 'same-origin' || (site === 'none' && origin === undefined)
    return own && (origin === undefined || origin === 'null' || origin === base)
  }
  return origin === undefined || origin === base
}
