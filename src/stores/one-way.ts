import type { TenantId } from '#model/ids.ts'
import type { Row } from '#model/row.ts'
import { put, type Refs, row, type Store, type Write } from '#ports/store.ts'
import { decorated } from './decorated.ts'

/** From when to when the clock has gone back, epoch ms. */
interface WentBack {
  readonly from: number
  readonly to: number
}

/** The clock, and the last times it went back. */
export interface WatchedClock {
  now(): number
  wentBack(): readonly WentBack[]
}

/** Ends that lie before the end of the row itself, so that sweeping does not see to them. */
const ends = ['codeExpiresAt', 'endsAt'] as const
type Ending = { readonly createdAt?: number; readonly startedAt?: number } & Partial<
  Record<(typeof ends)[number], number>
>
/** Flows whose whole state is one member of their row end there. */
type Holding = Row & Ending & { readonly payload?: unknown }

/**
 * A store in which what has once expired stays so when the clock is moved back (S-166): a challenge, a ticket or a journey
 * that was over at the time from which the clock went back is read as one that ended long ago, and written back as that.
 * It is known to be older than the jump by when it was made: before the time the clock then showed, or at one it has yet
 * to show again; `endForGood` sees to the latter before that time comes. Made for things that are good for minutes; whose
 * whole row has expired is deleted by a sweep.
 */
export function expireOnce(store: Store, clock: WatchedClock): Store {
  const seen = <T>(found: T): T => {
    const jumps = clock.wentBack()
    return jumps.length === 0 ? found : (throughout(found, jumps, clock.now()) as T)
  }
  return decorated(store, {
    get: async (...args) => seen(await store.get(...args)),
    list: async (...args) => seen(await store.list(...args)),
    change: (refs, decide) =>
      store.change(refs, (found) => {
        const jumps = clock.wentBack()
        if (jumps.length === 0) return decide(found)
        const now = clock.now()
        const entries = Object.entries(found).map(([name, it]) => [name, throughout(it, jumps, now)])
        return decide(Object.fromEntries(entries))
      }),
  })
}

/**
 * Writes down which challenges and tickets of a tenant are read as over, so that they stay so when the clock comes to the
 * time they were made at again. `store`: one of `expireOnce`, soon after a jump.
 */
export async function endForGood(store: Store, tenant: TenantId): Promise<void> {
  for (const table of ['challenges', 'tickets'] as const) {
    for (let after: string | undefined; ; ) {
      const rows: readonly Holding[] = await store.list(table, tenant, {
        limit: slice,
        ...(after !== undefined && { after }),
      })
      const over = rows.filter((it) => ends.some((name) => it[name] === 0))
      const refs = Object.fromEntries(over.map(({ id }) => [id, row(table, tenant, id)])) as Refs
      if (over.length > 0) await store.change(refs, (found) => ({ result: undefined, writes: again(table, found) }))
      after = rows.at(-1)?.id
      if (rows.length < slice) break
    }
  }
}

/** Rows written down at a time, so that requests are served in between (S-170). */
const slice = 100

const again = (table: 'challenges' | 'tickets', found: Readonly<Record<string, unknown>>): readonly Write[] =>
  Object.values(found).flatMap((it) => (it === undefined ? [] : [put(table, it as never)]))

function throughout(found: unknown, jumps: readonly WentBack[], now: number): unknown {
  if (Array.isArray(found)) return found.map((it) => whole(it as Holding, jumps, now))
  return found === undefined ? undefined : whole(found as Holding, jumps, now)
}

function whole(row: Holding, jumps: readonly WentBack[], now: number): Holding {
  const own = jumps.reduce((it, jump) => expired(it, jump, now), row)
  if (typeof row.payload !== 'object' || row.payload === null) return own
  const payload = jumps.reduce((it, jump) => expired(it, jump, now), row.payload as Ending)
  return payload === row.payload ? own : { ...own, payload }
}

function expired<T extends Ending>(it: T, { from, to }: WentBack, now: number): T {
  const made = it.createdAt ?? it.startedAt
  if (made === undefined || (made >= to && made <= now)) return it
  const over = ends.filter((name) => (it[name] ?? Number.POSITIVE_INFINITY) <= from && (it[name] ?? 0) > 0)
  return over.length === 0 ? it : { ...it, ...Object.fromEntries(over.map((name) => [name, 0])) }
}
