import { guardTimes } from './figures.ts'
import type { GuardMemory } from './rows.ts'

const slot = 5 * guardTimes.minute
const slotOf = (at: number): number => at - (at % slot)

/** Slots worth keeping: those of the hour that is judged, and the ones whose codes may still be answered. */
function recent({ rate = {} }: GuardMemory, lifetime: number, now: number): [number, readonly [number, number]][] {
  const since = now - lifetime - guardTimes.hour - 2 * slot
  return Object.entries(rate)
    .map(([start, counts]): [number, readonly [number, number]] => [Number(start), counts])
    .filter(([start]) => start > since)
}

/** `lifetime`: of a code, ms. */
export function sentRate(memory: GuardMemory, lifetime: number, now: number): GuardMemory['rate'] {
  return counted(memory, lifetime, now, now, [1, 0])
}

/** A code that was sent at `sentAt` has come back. */
export function answeredRate(memory: GuardMemory, lifetime: number, sentAt: number, now: number): GuardMemory['rate'] {
  return counted(memory, lifetime, sentAt, now, [0, 1])
}

function counted(
  memory: GuardMemory,
  lifetime: number,
  at: number,
  now: number,
  [sent, answered]: readonly [number, number],
): GuardMemory['rate'] {
  const slots = new Map(recent(memory, lifetime, now))
  const before = slots.get(slotOf(at))
  // What was sent before a stop was lifted is judged no more.
  if (before === undefined && sent === 0) return Object.fromEntries(slots)
  slots.set(slotOf(at), [(before?.[0] ?? 0) + sent, (before?.[1] ?? 0) + answered])
  return Object.fromEntries(slots)
}

/** What is left of a country's counts without those of one of its ranges. */
export function rateWithout(country: GuardMemory, range: GuardMemory): GuardMemory['rate'] {
  const left = Object.entries(country.rate ?? {}).map(([start, [sent, answered]]) => {
    const [less, fewer] = range.rate?.[start] ?? [0, 0]
    return [start, [Math.max(0, sent - less), Math.max(0, answered - fewer)]] as const
  })
  return Object.fromEntries(left.filter(([, [sent]]) => sent > 0))
}

export interface Tally {
  readonly sent: number
  readonly answered: number
}

/** An hour's messages whose codes had all their life to come back; younger ones say nothing yet. */
export function tally(memory: GuardMemory, lifetime: number, now: number): Tally {
  const ripe = recent(memory, lifetime, now).filter(([start]) => start + slot + lifetime <= now)
  return ripe.reduce<Tally>(
    (sum, [, [sent, answered]]) => ({ sent: sum.sent + sent, answered: sum.answered + answered }),
    { sent: 0, answered: 0 },
  )
}

/** Whether so few codes come back that sending has to stop (S-77). */
export const isPumped = ({ sent, answered }: Tally, percent: number, of: number): boolean =>
  percent > 0 && sent >= Math.max(1, of) && answered * 100 < sent * percent
