import type { Clock } from '#ports/clock.ts'
import type { Store } from '#ports/store.ts'

export interface Readiness {
  readonly ready: boolean
  /** By name of the check: `ok`, or what is wrong in a word; nothing about how (S-150). */
  readonly checks: Readonly<Record<string, 'ok' | 'failing' | 'stopping'>>
}

export interface Health {
  readonly readiness: () => Promise<Readiness>
  /** From now on not ready: a load balancer sends nobody here any more (S-167). */
  readonly stopping: () => void
}

/** A difference to the database's clock that is reported, ms (S-166). */
const tolerated = 2_000

export interface HealthParts {
  readonly store: Pick<Store, 'check'>
  /** Milliseconds a check may take. */
  readonly patience?: number
  /** Of this machine, for the comparison with the database's; not the clock people move. */
  readonly clock?: Clock
  /** Told how far the database's clock is ahead, ms, where that is more than two seconds. */
  readonly onClockDifference?: (ms: number) => void
}

/** Whether this process can serve: the store answers within 2 s (S-165) and the process is not stopping. */
export function createHealth({ store, patience = 2_000, clock, onClockDifference }: HealthParts): Health {
  let stopping = false
  return {
    stopping: () => {
      stopping = true
    },
    async readiness() {
      const checked = store.check().then((databaseTime) => {
        const ahead = clock && databaseTime !== undefined ? databaseTime - clock.now() : 0
        if (Math.abs(ahead) > tolerated) onClockDifference?.(ahead)
      })
      const works = await succeeds(checked, patience)
      const checks = { store: works ? 'ok' : 'failing', process: stopping ? 'stopping' : 'ok' } as const
      return { ready: works && !stopping, checks }
    },
  }
}

async function succeeds(work: Promise<unknown>, patience: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), patience)
  })
  const done = work.then(
    () => true,
    () => false,
  )
  return Promise.race([done, late]).finally(() => clearTimeout(timer))
}
