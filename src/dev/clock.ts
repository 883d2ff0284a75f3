import type { Clock } from '#ports/clock.ts'
import type { Siblings } from '#ports/siblings.ts'

/** A clock that can be moved while the server runs; development only. */
export interface DevelopmentClock extends Clock {
  /** Moves by so many seconds, back for a negative number. @throws RangeError beyond 100 years from real time */
  readonly advance: (seconds: number) => void
  /** Returns to real time. */
  readonly reset: () => void
  /** Moves so far from real time, ms. */
  readonly set: (offset: number) => void
  /** Resolves when all processes of this server go by it. */
  readonly shared: () => Promise<void>
  /** Milliseconds between this clock and real time. */
  readonly offset: () => number
  /** Gives the process its own `Date` back; for tests. */
  readonly uninstall: () => void
}

const century = 100 * 365.25 * 86_400_000

/**
 * Creates the clock behind `POST /dev/clock` (operating.md section 5).
 *
 * Our own code asks the `Clock` port, but libraries read the wall clock themselves (`oidc-provider` for the expiry of
 * codes and sessions, `jose` for `exp`). Everything that expires must follow together, or a test would see a token
 * outlive its session; so this also shifts `Date.now()`, `new Date()` and `Date()` of the whole process. Create it
 * before those libraries are used. Timers keep real time: a moved clock makes things old, it does not make them run.
 */
export function createDevelopmentClock(): DevelopmentClock {
  const RealDate = globalThis.Date
  const realNow = RealDate.now
  let offset = 0
  const now = () => realNow() + offset
  RealDate.now = now
  // A proxy, not a subclass: `Date()` without `new` stays callable, and dates made before are still instances.
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget === globalThis.Date ? target : newTarget),
    apply: () => new RealDate(now()).toString(),
  })
  return {
    now,
    advance(seconds) {
      const next = offset + seconds * 1_000
      if (!(Math.abs(next) <= century)) throw new RangeError('the clock moves by at most 100 years')
      offset = next
    },
    reset() {
      offset = 0
    },
    set(next) {
      offset = next
    },
    shared: async () => {},
    offset: () => offset,
    uninstall() {
      RealDate.now = realNow
      globalThis.Date = RealDate
    },
  }
}

/** The same clock in all processes of a server: whichever is told to move it tells the others. */
export function sharedClock(clock: DevelopmentClock, siblings: Siblings): DevelopmentClock {
  siblings.handle('clock', (offset) => {
    if (typeof offset === 'number') clock.set(offset)
  })
  return {
    ...clock,
    shared: async () => void (await siblings.everybody('clock', clock.offset(), { keep: true })),
  }
}
