import type { Write } from '#ports/store.ts'
import { codeLifetime } from '../challenges.ts'
import type { Caller } from '../parts.ts'
import { figuresOf, guardTimes } from './figures.ts'
import { answeredRate } from './rate.ts'
import { answeredRowRefs, countedOf, type GuardRefs, type GuardRows, keepRow, memoryOf } from './rows.ts'

type AnsweredRefs = Pick<GuardRefs, 'phoneNumber' | 'phonePrefix' | 'phoneCountry'>

/** Rows in which it is counted that codes come back. `to`: where the code went, if it was a phone. */
export function answeredRefs(caller: Caller, to: string | undefined): Partial<AnsweredRefs> {
  if (to === undefined || figuresOf(caller.tenant) === undefined) return {}
  return answeredRowRefs(caller.tenant.id, countedOf(to))
}

/**
 * The writes that count a code that came back (S-77): for the commit that spends it, so that each counts once. The
 * number waits no longer between sends; its budgets stay.
 */
export function answeredWrites(
  caller: Caller,
  to: string | undefined,
  sentAt: number,
  rows: GuardRows,
  now: number,
): readonly Write[] {
  if (to === undefined || figuresOf(caller.tenant) === undefined) return []
  const refs = answeredRowRefs(caller.tenant.id, countedOf(to))
  const lifetime = codeLifetime(caller) * 1_000
  const write = (name: keyof AnsweredRefs, keep: number): readonly Write[] => {
    const row = rows[name]
    if (row === undefined) return []
    const memory = memoryOf(row)
    const next =
      name === 'phoneNumber'
        ? { ...memory, unanswered: 0 }
        : { ...memory, rate: answeredRate(memory, lifetime, sentAt, now) }
    return [keepRow(refs[name], next, now, keep)]
  }
  return [
    ...write('phoneNumber', guardTimes.day),
    ...write('phonePrefix', 3 * guardTimes.hour),
    ...write('phoneCountry', 62 * guardTimes.day),
  ]
}
