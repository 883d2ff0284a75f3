import type { Clock } from '#ports/clock.ts'

/** Real time; the one place in production that reads the machine's clock. */
export const systemClock: Clock = { now: () => Date.now() }
