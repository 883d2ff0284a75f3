import type { Clock } from '#ports/clock.ts'

/** Steps back that are no more than clocks being set right, ms (S-166). */
const tolerated = 2_000
/** Jumps that are remembered. */
const remembered = 8
/** How often the clock is looked at where nobody asks it, ms. */
const lookEvery = 1_000

/** The clock was moved back. */
export interface WentBack {
  /** The latest time it had shown since it last went back, epoch ms. */
  readonly from: number
  /** What it showed then. */
  readonly to: number
}

export interface ClockWatch extends Clock {
  /** The last times the clock went back by more than two seconds, newest first; at most eight. */
  wentBack(): readonly WentBack[]
  /** Told each time it does, soon after. */
  onBack(tell: (back: WentBack) => void): void
  stop(): void
}

/** A clock that notices when it is moved back, by being asked and once a second. It does not keep the process alive. */
export function watchClock(clock: Clock): ClockWatch {
  let latest = clock.now()
  let jumps: readonly WentBack[] = []
  const tellings: ((back: WentBack) => void)[] = []
  const now = (): number => {
    const time = clock.now()
    if (time < latest - tolerated) {
      const back = { from: latest, to: time }
      jumps = [back, ...jumps].slice(0, remembered)
      latest = time
      // Not within whatever has asked for the time.
      setImmediate(() => {
        for (const tell of tellings) tell(back)
      })
    } else if (time > latest) latest = time
    return time
  }
  const timer = setInterval(now, lookEvery).unref()
  return {
    now,
    wentBack: () => jumps,
    onBack: (tell) => void tellings.push(tell),
    stop: () => clearInterval(timer),
  }
}
