import { availableParallelism } from 'node:os'
import type { PasswordPoolFull } from '#ports/passwords.ts'

/** Bounds of the pool; the defaults are those of the security contract, part 1. */
export interface HashPoolOptions {
  /** Hashes that run at the same time; as many as cores unless told. */
  readonly atOnce?: number
  /** Hashes that may wait beside them. */
  readonly queue?: number
  /** Longest wait for a turn, in milliseconds. */
  readonly waitMs?: number
}

export type PoolOutcome<T> = { readonly kind: 'done'; readonly value: T } | PasswordPoolFull

/** Runs costly jobs a few at a time and turns away what would wait too long. */
export interface HashPool {
  /** Starts the job when its turn comes; a job that is turned away was never started. */
  run<T>(job: () => Promise<T>): Promise<PoolOutcome<T>>
  /** Jobs running and waiting now, for metrics. */
  readonly load: { readonly running: number; readonly waiting: number }
}

/**
 * The bounded pool for password hashes (S-159): memory and time stay within bounds however many log in at once, and
 * whoever cannot be served soon hears so at once instead of piling up.
 *
 * The hashes themselves run in the runtime's thread pool, which files and name lookups share; a server with four cores
 * or more should start with UV_THREADPOOL_SIZE above its core count, so that hashes leave threads for those.
 */
export function createHashPool({
  atOnce = availableParallelism(),
  queue = 64,
  waitMs = 2000,
}: HashPoolOptions = {}): HashPool {
  const waiting = new Set<() => void>()
  let running = 0
  const full: PasswordPoolFull = { kind: 'pool-full', retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) }

  /** True once a slot is this caller's, false when none came free in time. */
  const turn = (): Promise<boolean> => {
    if (running < atOnce) {
      running++
      return Promise.resolve(true)
    }
    if (waiting.size >= queue) return Promise.resolve(false)
    return new Promise((resolve) => {
      const start = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        waiting.delete(start)
        resolve(false)
      }, waitMs)
      waiting.add(start)
    })
  }

  /** Hands the slot to whoever has waited longest, or gives it back. */
  const release = (): void => {
    const next = waiting.values().next()
    if (next.done) {
      running--
      return
    }
    waiting.delete(next.value)
    next.value()
  }

  return {
    async run(job) {
      if (!(await turn())) return full
      try {
        return { kind: 'done', value: await job() }
      } finally {
        release()
      }
    },
    get load() {
      return { running, waiting: waiting.size }
    },
  }
}
