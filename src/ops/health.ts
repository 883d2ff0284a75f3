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

/**
 * Whether this process can serve: the store answers within 2 s (S-165) and the process is not stopping.
 * @param patience milliseconds a check may take
 */
export function createHealth({ store, patience = 2_000 }: { store: Pick<Store, 'check'>; patience?: number }): Health {
  let stopping = false
  return {
    stopping: () => {
      stopping = true
    },
    async readiness() {
      const works = await succeeds(store.check(), patience)
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
