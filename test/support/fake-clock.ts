import type { Clock } from '#ports/clock.ts'

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /** Moves by so many seconds; negative goes back. */
  advance(seconds: number): void
}

/** Starts at noon of a day long ago, so that nothing agrees with the real time by luck. */
export function createFakeClock(start: number = Date.UTC(2024, 2, 15, 12)): FakeClock {
  let time = start
  return {
    now: () => time,
    advance(seconds) {
      time += seconds * 1_000
    },
  }
}
