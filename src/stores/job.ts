import type { Lease } from './lease.ts'

export interface JobParts {
  /** Of several processes only the one that holds it works. */
  readonly lease: Lease
  /** Pause between two rounds, ms. */
  readonly everyMs: number
  /** How long the lease is good without being renewed, ms of real time; it is renewed after half of it. */
  readonly leaseMs: number
  /** Whether there is anything to do; asked before the lease is, so that nothing is written while there is not. */
  readonly due: () => Promise<boolean>
  readonly work: () => Promise<void>
  /** Told why a round broke off; the next one tries again. */
  readonly onError?: (error: unknown) => void
}

export interface Job {
  start(): void
  /** Resolves when no round is running any more. */
  stop(): Promise<void>
}

/** Work that is looked for every so often and done by one process at a time. It does not keep the process alive. */
export function createJob({ lease, everyMs, leaseMs, due, work, onError }: JobParts): Job {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = true
  /** Until when the lease need not be renewed; monotonic ms. */
  let heldUntil = 0

  async function round(): Promise<void> {
    try {
      if (!(await due())) return
      const began = performance.now()
      if (began >= heldUntil) {
        if (!(await lease.hold())) return
        heldUntil = began + leaseMs / 2
      }
      await work()
    } catch (error) {
      onError?.(error)
    }
  }

  function plan(delay: number): void {
    clearTimeout(timer)
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
      plan(everyMs)
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
      if (heldUntil > 0) await lease.release().catch((error: unknown) => onError?.(error))
      heldUntil = 0
    },
  }
}
