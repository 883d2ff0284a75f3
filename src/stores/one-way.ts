import type { Row } from '#model/row.ts'
import type { Store } from '#ports/store.ts'

/** From when to when the clock has gone back, epoch ms. */
interface WentBack {
  readonly from: number
  readonly to: number
}

/** Ends that lie before the end of the row itself, so that sweeping does not see to them. */
const ends = ['codeExpiresAt', 'endsAt'] as const
type Ending = Row & { readonly createdAt?: number } & Partial<Record<(typeof ends)[number], number>>

/**
 * A store in which what has once expired stays so when the clock is moved back (S-166): a challenge or a ticket that was
 * over at the time from which the clock went back is read as one that ended long ago, and written back as that. Made for
 * things that are good for minutes; whose whole row has expired is deleted by a sweep.
 * @param wentBack the last times the clock went back
 */
export function expireOnce(store: Store, wentBack: () => readonly WentBack[]): Store {
  const seen = <T>(found: T): T => {
    const jumps = wentBack()
    return jumps.length === 0 ? found : (throughout(found, jumps) as T)
  }
  return {
    get: async (...args) => seen(await store.get(...args)),
    list: async (...args) => seen(await store.list(...args)),
    count: (...args) => store.count(...args),
    everyTenant: () => store.everyTenant(),
    change: (refs, decide) =>
      store.change(refs, (found) => {
        const jumps = wentBack()
        if (jumps.length === 0) return decide(found)
        const entries = Object.entries(found).map(([name, it]) => [name, throughout(it, jumps)])
        return decide(Object.fromEntries(entries))
      }),
    sweep: (...args) => store.sweep(...args),
    check: () => store.check(),
    close: () => store.close(),
  }
}

function throughout(found: unknown, jumps: readonly WentBack[]): unknown {
  if (Array.isArray(found)) return found.map((it) => jumps.reduce(expired, it as Ending))
  return found === undefined ? undefined : jumps.reduce(expired, found as Ending)
}

function expired(row: Ending, { from, to }: WentBack): Ending {
  if (row.createdAt === undefined || row.createdAt >= to) return row
  const over = ends.filter((name) => (row[name] ?? Number.POSITIVE_INFINITY) <= from && (row[name] ?? 0) > 0)
  return over.length === 0 ? row : { ...row, ...Object.fromEntries(over.map((name) => [name, 0])) }
}
