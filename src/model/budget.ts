import type { Row } from './row.ts'

/** A counter shared by all processes: a bucket that refills, or a ladder of waits. */
export interface Budget extends Row {
  /** Tokens used, as of `at`; refilled by arithmetic on reading. */
  readonly used: number
  readonly at: number
  /** Consecutive failures, for ladders. */
  readonly failures?: number
  readonly waitUntil?: number
  readonly memory?: Readonly<Record<string, unknown>>
}
