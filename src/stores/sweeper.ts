import type { Clock } from '#ports/clock.ts'
import type { Store } from '#ports/store.ts'
import type { Lease } from './lease.ts'

export interface SweeperParts {
  readonly store: Pick<Store, 'sweep'>
  readonly clock: Clock
  /** Of several processes only the one that holds it sweeps; absent: this one does. */
  readonly lease?: Lease
  /** Pause between two rounds, ms. */
  readonly everyMs: number
  /** Rows deleted at a time; requests are served between two slices. At most 1,000 (S-170). */
  readonly slice?: number
  /** Told what a round deleted, when it was anything. */
  readonly onSwept?: (rows: number) => void
  /** Told why a round broke off; the next one tries again. */
  readonly onError?: (error: unknown) => void
}

export interface Sweeper {
  start(): void
  /** Resolves when no slice is running any more. */
  stop(): Promise<void>
}

/** Small enough that a request behind a slice hardly notices: 100 challenges of 700 bytes took SQLite 4 ms. */
const usualSlice = 100

/** When a process that has started looks for what was left behind, ms; after the first requests, as a rule. */
const soon = 3_000

/** Pause after a slice, ms: dead rows are in no hurry, requests are. */
const breather = 10

/**
 * Removes dead rows every so often, slice by slice until none is left. Nothing depends on it but disk space, so a
 * failing round is only reported. It does not keep the process alive.
 */
export function createSweeper(parts: SweeperParts): Sweeper {
  const { store, clock, lease, everyMs, slice = usualSlice, onSwept, onError } = parts
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = true

  async function round(): Promise<void> {
    let rows = 0
    try {
      if (lease && !(await lease.hold())) return
      for (let swept = slice; swept >= slice && !stopped; ) {
        swept = await store.sweep(clock.now(), slice)
        rows += swept
        if (swept >= slice) await new Promise((resolve) => setTimeout(resolve, breather))
      }
    } catch (error) {
      onError?.(error)
    }
    if (rows > 0) onSwept?.(rows)
  }

  function plan(delay: number): void {
    timer = setTimeout(() => {
      running = round().then(() => {
        if (!stopped) plan(everyMs)
      })
    }, delay)
    timer.unref()
  }

  return {
    start() {
      if (!stopped) return
      stopped = false
      plan(Math.min(everyMs, soon))
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
      await lease?.release().catch((error: unknown) => onError?.(error))
    },
  }
}
