import { asId, type TenantId } from '#model/ids.ts'
import type { Clock } from '#ports/clock.ts'
import { put, row, type Store, upsert } from '#ports/store.ts'

export interface LeaseParts {
  readonly store: Pick<Store, 'change'>
  readonly clock: Clock
  /** What only one process does at a time. */
  readonly name: string
  /** Which process this is: any text no other has. */
  readonly holder: string
  /** How long the lease holds without being renewed, ms. */
  readonly lastsMs: number
}

/** A right one process has at a time, kept as a row of the database. */
export interface Lease {
  /** Takes or renews it; false while another process has it. */
  hold(): Promise<boolean>
  /** Gives it up, so that another need not wait until it ends. */
  release(): Promise<void>
}

/** Leases belong to no tenant: no tenant's id is spelt like this. */
const nobody = asId<TenantId>('*')

/**
 * Made for work that does no harm when two do it at once, such as clearing up: it trusts clocks, and a process that
 * slept through its lease does not know.
 */
export function createLease({ store, clock, name, holder, lastsMs }: LeaseParts): Lease {
  const refs = { lease: row('budgets', nobody, `lease:${name}`) }
  return {
    hold: () =>
      store.change(refs, ({ lease }) => {
        const now = clock.now()
        const left = (lease?.expiresAt ?? 0) - now
        // More than a lease ever lasts: it was taken before the clock was moved back.
        const taken = lease?.memory?.holder !== holder && left > 0 && left <= lastsMs
        if (taken) return { result: false }
        const held = {
          tenant: nobody,
          id: refs.lease.id,
          used: 0,
          at: now,
          memory: { holder },
          expiresAt: now + lastsMs,
        }
        return { result: true, writes: [upsert('budgets', held)] }
      }),
    release: () =>
      store.change(refs, ({ lease }) => {
        if (lease?.memory?.holder !== holder) return { result: undefined }
        return { result: undefined, writes: [put('budgets', { ...lease, expiresAt: 0 })] }
      }),
  }
}
