import type { Spend } from '#engine/admit.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import { put, row } from '#ports/store.ts'
import { deviceOf } from '../cookies.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { toErrorPage, toPage } from '../redirect.ts'
import { readRequest } from '../requests.ts'
import { journeyOf, noteRegistration, type Registration, readRegistration } from '../users/registration.ts'
import { codeIssue, type Passage } from './code-issue.ts'
import { goOn } from './continue.ts'
import { bindingOf, browserAnswer, wishOf } from './outcome.ts'

/**
 * `POST /login-srv/login/handle/afterregister/:trackId`: signs in somebody who has just registered, by the track the
 * registration gave (cidaas.md §3.2); and `precheck/continue` with the same track. The mailbox comes first.
 */
export async function afterRegister(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const it = await readRegistration(dialect, exchange, exchange.params.track_id)
  if (it === undefined)
    return await goOn(dialect, { ...exchange, params: { track_id: exchange.params.track_id ?? '' } })
  const found = await readRequest(dialect, exchange, it.request)
  if (found === undefined || !mayGoOn(exchange, it)) {
    return toErrorPage(exchange, '25', 'The login has expired or was finished already.')
  }
  const device = bindingOf(dialect, exchange)
  if (device && it.browser === undefined) await noteRegistration(dialect, exchange, it, { browser: device.id })
  const behind = await journeyOf(dialect, exchange, it)
  const { phase, state } = behind?.journey ?? {}
  if (behind === undefined || phase !== 'finish' || state?.user === undefined || state.proofs === undefined) {
    const query = { track_id: it.track, sub: it.sub, q: it.sub, requestId: it.request }
    return toPage(exchange, 'verification_init', query, device?.cookies, found.request.pages)
  }
  const passage: Passage = { exchange, ...found, identifier: 'email' }
  const { user, proofs } = state
  const outcome = await dialect.engine.admit({
    caller: callerOf(exchange, found.application),
    user,
    proofs,
    wish: wishOf(passage, device?.id),
    issue: await codeIssue(dialect, passage),
    spend: spending(dialect, exchange, it),
  })
  return await browserAnswer(dialect, { passage, user, outcome, cookies: device?.cookies })
}

/** The first browser that came by is the one that goes on. */
export const mayGoOn = (exchange: Exchange, { browser }: Registration): boolean =>
  browser === undefined || browser === deviceOf(exchange)

/** A registration signs in once. */
function spending({ engine }: Dialect, { tenant }: Exchange, it: Registration): Spend {
  return {
    refs: { registration: row('artifacts', tenant.id, it.rowId) },
    decide: (found) => {
      const kept = found.registration as Artifact | undefined
      if (kept === undefined || kept.consumedAt !== undefined)
        return { writes: [], refuse: { no: 'challenge-unknown' } }
      return { writes: [put('artifacts', { ...kept, consumedAt: Math.floor(engine.parts.clock.now() / 1_000) })] }
    },
  }
}

/** Social providers and guests are no part of this server, and the page says so instead of hanging (cidaas.md §3.4). */
export async function social(_dialect: Dialect, exchange: Exchange): Promise<Answer> {
  return toErrorPage(exchange, '501', 'Signing in this way is not available on this server.')
}
