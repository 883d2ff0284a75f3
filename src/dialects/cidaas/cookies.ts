import { tokenDigest } from '#crypto/digest.ts'
import type { Exchange } from '#http/route.ts'
import type { Random } from '#ports/random.ts'

/**
 * Cookies of this dialect (cidaas.md §1.8). Hosted pages may live on another site and post forms to us, so over https
 * they are `SameSite=None`; values are opaque and never readable by scripts (S-126).
 */
type CookieName = 'cidaas_dr' | 'cidaas_sso'

const secure = (exchange: Pick<Exchange, 'base'>): boolean => exchange.base.startsWith('https://')
const fullName = (exchange: Pick<Exchange, 'base'>, name: CookieName): string =>
  secure(exchange) ? `__Host-${name}` : name

/** The value a browser sent; undefined for anything but an opaque value of ours. */
export function readCookie(exchange: Exchange, name: CookieName): string | undefined {
  const wanted = `${fullName(exchange, name)}=`
  const found = (exchange.headers.cookie ?? '').split(/;\s*/).find((it) => it.startsWith(wanted))
  const value = found?.slice(wanted.length)
  return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined
}

/** A `Set-Cookie` value. `maxAge` in seconds; 0 takes the cookie back. */
export function cookie(exchange: Exchange, name: CookieName, value: string, maxAge: number): string {
  const site = secure(exchange) ? 'SameSite=None; Secure' : 'SameSite=Lax'
  return `${fullName(exchange, name)}=${value}; Path=/; HttpOnly; ${site}; Max-Age=${maxAge}`
}

/** A browser keeps its device reference for about a year. */
const deviceAge = 365 * 86_400

/** The digest of the device reference: how a browser is known to TIME_BASED and to the tracks bound to it. */
export function deviceOf(exchange: Exchange): string | undefined {
  const value = readCookie(exchange, 'cidaas_dr')
  return value === undefined ? undefined : tokenDigest(value)
}

export interface Device {
  /** Digest the browser is known by. */
  readonly id: string
  readonly cookies: readonly string[]
}

/** The device of a browser, given a reference now if it has none yet. */
export function deviceFor(exchange: Exchange, random: Random): Device {
  const known = deviceOf(exchange)
  if (known !== undefined) return { id: known, cookies: [] }
  const value = random.token()
  return { id: tokenDigest(value), cookies: [cookie(exchange, 'cidaas_dr', value, deviceAge)] }
}

/** Whether the request is a browser's navigation: such a caller keeps cookies. Scripts cannot forge these headers. */
export const isNavigation = ({ headers }: Exchange): boolean => headers['sec-fetch-mode'] === 'navigate'
