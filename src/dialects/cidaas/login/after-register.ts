import type { Answer, Exchange } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { toErrorPage } from '../redirect.ts'
import { goOn } from './continue.ts'

/**
 * `POST /login-srv/login/handle/afterregister/:trackId`: signs in somebody who has just registered, by the track the
 * registration gave (cidaas.md §3.2). That track is a login that waits, like any other.
 */
export async function afterRegister(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  return await goOn(dialect, { ...exchange, params: { track_id: exchange.params.track_id ?? '' } })
}

/** Social providers are no part of this server, and the page says so instead of hanging (cidaas.md §3.4). */
export async function social(_dialect: Dialect, exchange: Exchange): Promise<Answer> {
  return toErrorPage(exchange, '501', 'Signing in with a social provider is not available on this server.')
}
