import { guardTimes } from './figures.ts'
import type { GuardMemory } from './rows.ts'

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000))

/** Moments within the last `span` ms. */
export const within = ({ sent = [] }: GuardMemory, span: number, now: number): readonly number[] =>
  sent.filter((at) => at > now - span)

/** Seconds until fewer than `most` sends lie within the last `span` ms; 0: one more may go. */
export function windowWait(memory: GuardMemory, most: number, span: number, now: number): number {
  if (most <= 0) return seconds(span)
  const inside = within(memory, span, now)
  const leaving = inside[inside.length - most]
  return leaving === undefined ? 0 : seconds(leaving + span - now)
}

/** One more send, with those of the last `span` ms. */
export const sentNow = (memory: GuardMemory, span: number, now: number): readonly number[] => [
  ...within(memory, span, now),
  now,
]

/** Unanswered sends that still count: an hour of silence ends the row of them. */
export function unansweredAt({ sent = [], unanswered = 0 }: GuardMemory, now: number): number {
  const last = sent.at(-1)
  return last === undefined || last <= now - guardTimes.hour ? 0 : unanswered
}

/** After two quick sends the next waits 1, 2, 4 … 32 min, counted from the last (S-76); seconds. */
export function pauseWait(memory: GuardMemory, now: number): number {
  const over = unansweredAt(memory, now) - guardTimes.quickSends
  const last = memory.sent?.at(-1)
  if (over < 0 || last === undefined) return 0
  const until = last + Math.min(guardTimes.longestWait, guardTimes.minute * 2 ** Math.min(over, 16))
  return until > now ? seconds(until - now) : 0
}

/** The day of a moment, UTC, such as `2026-11-22`. */
export const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10)
/** The month of a moment, UTC, such as `2026-11`. */
export const monthOf = (now: number): string => new Date(now).toISOString().slice(0, 7)

export const sentToday = ({ day, today = 0 }: GuardMemory, now: number): number => (day === dayOf(now) ? today : 0)

/** Seconds until midnight (UTC) where the day's budget is spent. */
export function dayWait(memory: GuardMemory, most: number, now: number): number {
  return sentToday(memory, now) < most ? 0 : seconds(guardTimes.day - (now % guardTimes.day))
}

export const oneMoreToday = (memory: GuardMemory, now: number): Pick<GuardMemory, 'day' | 'today'> => ({
  day: dayOf(now),
  today: sentToday(memory, now) + 1,
})
