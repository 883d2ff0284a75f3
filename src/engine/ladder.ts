import { limits } from './limits.ts'

/** Consecutive failures and the wait they caused; the shape is shared by authenticators and by sign-in budgets. */
export interface Rung {
  readonly failures: number
  /** Epoch ms. */
  readonly waitUntil?: number
}

/** One more failure: from the tenth on each starts a wait, 30 s doubling to an hour (S-18). `now` in epoch ms. */
export function climb(rung: Rung, now: number): Rung {
  const failures = rung.failures + 1
  if (failures < limits.failuresBeforeWait) return { failures }
  const doublings = failures - limits.failuresBeforeWait
  const seconds = Math.min(limits.longestWait, limits.firstWait * 2 ** Math.min(doublings, 16))
  return { failures, waitUntil: now + seconds * 1_000 }
}

/** By how much clocks of servers may differ, seconds: what one of them locked, the others must not take for too long. */
export const clockSlack = 10

/**
 * Whole seconds still to wait; 0 when an attempt is welcome. A wait clearly longer than there is any (`longest`, in
 * seconds) was begun before the clock was moved back, and is over (S-166).
 */
export function waitSeconds(
  rung: Partial<Rung> | undefined,
  now: number,
  longest: number = limits.longestWait,
): number {
  const left = Math.ceil(((rung?.waitUntil ?? 0) - now) / 1_000)
  return left > 0 && left <= longest + clockSlack ? left : 0
}
