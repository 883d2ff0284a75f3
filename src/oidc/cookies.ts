import type { Exchange } from '#http/route.ts'
import type { TenantId } from '#model/ids.ts'

/** The kinds of cookie browsers are given; see docs/hosted-api.md for what each is worth. */
export type CookieKind = 'session' | 'account' | 'device' | `flow_${string}`

type Place = Pick<Exchange, 'base'> & { readonly tenant: { readonly id: TenantId } }

const isSecure = ({ base }: Pick<Exchange, 'base'>): boolean => base.startsWith('https://')

/** Tenants on one host do not share cookies; all dialects of a tenant do. */
export function cookieName(place: Place, kind: CookieKind): string {
  const prefix = `pf_${place.tenant.id.replace(/[^A-Za-z0-9_-]/g, '_')}`
  return `${isSecure(place) ? '__Host-' : ''}${prefix}_${kind}`
}

/**
 * The session goes along into silent frames of applications on other sites, which `None` alone allows; it is worth a
 * code for a registered address there and nothing else. What changes anything needs the `Strict` one beside it.
 */
const sameSite = (kind: CookieKind): string => (kind === 'session' ? 'None' : kind === 'account' ? 'Strict' : 'Lax')

/** A `Set-Cookie` line (S-126). `maxAge` in s; 0 takes the cookie back; absent: until the browser closes. */
export function setCookie(place: Place, kind: CookieKind, value: string, maxAge?: number): string {
  const secure = isSecure(place)
  // Browsers take `None` with `Secure` only.
  const site = !secure && kind === 'session' ? 'Lax' : sameSite(kind)
  const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`
  return `${cookieName(place, kind)}=${value}; Path=/; HttpOnly; SameSite=${site}${secure ? '; Secure' : ''}${age}`
}

/** The value of a cookie of ours; undefined when there is none or it is sent more than once (AC-19). */
export function readCookie(exchange: Place & Pick<Exchange, 'headers'>, kind: CookieKind): string | undefined {
  const name = `${cookieName(exchange, kind)}=`
  const found = (exchange.headers.cookie ?? '')
    .split(';')
    .map((it) => it.trim())
    .filter((it) => it.startsWith(name))
  return found.length === 1 ? found[0]?.slice(name.length) || undefined : undefined
}

/** A `Cookie` header without ours of this kind. */
export function withoutCookie(header: string | undefined, place: Place, kind: CookieKind): string | undefined {
  const name = `${cookieName(place, kind)}=`
  const kept = (header ?? '').split(';').filter((it) => it.trim() !== '' && !it.trim().startsWith(name))
  return kept.length === 0 ? undefined : kept.map((it) => it.trim()).join('; ')
}
