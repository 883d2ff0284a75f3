import type { Clock } from '#ports/clock.ts'
import { DeliveryFailed } from '#ports/delivery.ts'

/** The breaker opens when half of so many latest calls failed (S-80). */
const window = 20
/** How long it stays open before one call may show whether the provider is back; ms. */
const rest = 30_000
/** How long others wait for what that call shows; ms. */
const probing = 2_000
/** No provider is left alone for longer, whatever it asks for; ms. */
const longestPause = 3_600_000

/** Knows whether a provider may be called now: not while it fails, and not before the time it asked for. */
export interface Breaker {
  /** Milliseconds until a call may be made; 0 for now. */
  readonly wait: () => number
  /** Makes a call, which has to be due, and learns from how it ends. */
  readonly call: <T>(work: () => Promise<T>) => Promise<T>
}

/** A breaker of one provider, in memory: each process learns by itself. */
export function createBreaker(clock: Clock): Breaker {
  let failed: boolean[] = []
  /** When it may be called again; ms. */
  let openUntil = 0
  let pausedUntil = 0
  /** The breaker was open, so one call at a time, until one succeeds. */
  let doubtful = false
  let trying = false

  const learn = (failure: boolean): void => {
    if (doubtful && !failure) failed = []
    failed = [...failed, failure].slice(-window)
    const open = failed.filter(Boolean).length >= window / 2
    if (open && failure) openUntil = clock.now() + rest
    doubtful = open
  }

  /** A pause longer than there is any was begun before the clock was moved back, and is over (S-166). */
  const left = (until: number, longest: number): number => {
    const ms = until - clock.now()
    return ms > longest ? 0 : ms
  }

  return {
    wait() {
      const until = Math.max(left(openUntil, rest), left(pausedUntil, longestPause))
      return Math.max(until, doubtful && trying ? probing : 0)
    },
    async call(work) {
      const probe = doubtful
      if (probe) trying = true
      try {
        const result = await work()
        learn(false)
        return result
      } catch (error) {
        const known = error instanceof DeliveryFailed ? error : undefined
        learn(known?.blame !== 'message')
        if (known?.retryAfter !== undefined) {
          const pause = Math.min(known.retryAfter * 1_000, longestPause)
          pausedUntil = clock.now() + Math.max(left(pausedUntil, longestPause), pause)
        }
        throw error
      } finally {
        if (probe) trying = false
      }
    },
  }
}
