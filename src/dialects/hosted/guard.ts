import type { Exchange } from '#http/route.ts'
import { fromHere } from '#oidc/from-here.ts'
import type { Keyring } from '#ports/keyring.ts'

/** Why a change is not let in. */
export type Stopped = 'cross-site' | 'csrf'

/** The token that goes with a cookie value: nobody makes one without the server, or has one without the page (S-130). */
export const csrfToken = (
  keyring: Keyring,
  { tenant }: Pick<Exchange, 'tenant'>,
  cookie: string,
  what: string,
): string => keyring.mac(cookie, ['csrf', tenant.id, what])

/** The check of every change: origin first, then the token from the header or the body. */
export function stopped(keyring: Keyring, exchange: Exchange, cookie: string, what: string): Stopped | undefined {
  if (!fromHere(exchange)) return 'cross-site'
  const sent = exchange.headers['x-csrf-token'] ?? textMember(exchange.body, 'csrf')
  const right = sent !== undefined && keyring.macMatches(cookie, ['csrf', exchange.tenant.id, what], sent)
  return right ? undefined : 'csrf'
}

function textMember(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const value = (body as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' ? value : undefined
}
