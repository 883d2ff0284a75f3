import { voidChallenges } from '#engine/challenges.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { put, row } from '#ports/store.ts'
import type { Dialect } from '../dialect.ts'
import { exchangeIdOf, inputOf, isUuid } from '../input.ts'
import { missingAt, ok, said, sayAt } from '../wire.ts'
import { methodWord } from '../words.ts'
import { exchangeObject, exchangeRefs, isLive, readExchange } from './exchanges.ts'
import { currentOf } from './statuses-of-devices.ts'

/** Gives up a verification or an enrolment: its exchange is dead, the login stays where it is (cidaas.md §4.7, §6.2). */
export async function cancel(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const word = methodWord(exchange.params.method)
  if (word === undefined) return sayAt(dialect, exchange, said.unknownMethod)
  const id = exchangeIdOf(inputOf(exchange))
  if (id === undefined) return missingAt(dialect, exchange)
  const tenant = exchange.tenant.id
  const it = isUuid(id) ? await readExchange(dialect, tenant, id) : undefined
  if (it === undefined || it.word !== word) return sayAt(dialect, exchange, said.unknownExchange)
  const { store, clock } = dialect.engine.parts
  // A page may give up what a device has gone a step further with: it knows the first exchange alone.
  const now = it.stage === 'moved' ? await currentOf(dialect, tenant, it) : it
  if (now === undefined) return sayAt(dialect, exchange, said.unknownExchange)
  const refs = { ...exchangeRefs(tenant, now), challenge: row('challenges', tenant, it.challenge ?? '') }
  const cancelled = await store.change(refs, ({ exchange: kept, status, challenge }) => {
    if (kept?.payload.stage !== now.stage || !isLive(now.stage) || status === undefined) return { result: false }
    return {
      result: true,
      writes: [
        put('artifacts', { ...kept, payload: { ...kept.payload, stage: 'cancelled' } }),
        put('artifacts', { ...status, payload: { ...status.payload, status: 'CANCELLED' } }),
        ...voidChallenges(challenge ? [challenge] : [], clock.now()),
      ],
    }
  })
  if (!cancelled) return sayAt(dialect, exchange, said.unknownExchange)
  return ok({ sub: it.sub, status_id: it.statusId, exchange_id: exchangeObject(dialect, id, it.endsAt) })
}
