import type { TenantId } from '#model/ids.ts'
import type { TableName, Tables } from '#model/tables.ts'
import type { Store } from '#ports/store.ts'
import { decorated } from './decorated.ts'

/** What operators set up and every request reads: seldom written, and small. */
const settings: ReadonlySet<TableName> = new Set(['tenants', 'applications', 'apis'])

/** How long a row may be answered from memory, ms; other processes follow a change within 5 s (operating contract). */
export const rememberedFor = 250
/** Rows kept at most; the oldest go first. */
const mostRows = 2_000

interface Kept {
  readonly row: Tables[TableName]
  /** Monotonic ms. */
  readonly readAt: number
}

/**
 * A store that reads each tenant, application and API at most four times a second: three of the five rows every request reads
 * before it decides anything. What this process writes it also reads at once; what others wrote, a quarter of a second later. Rows
 * that a change names are always read from the database, and so is everything else. Rows that are not there are not
 * remembered. `monotonic`: ms that never go backwards; the clock people move has no part in this.
 */
export function rememberSettings(store: Store, monotonic: () => number = () => performance.now()): Store {
  const kept = new Map<string, Kept>()
  let writes = 0

  async function get<T extends TableName>(table: T, tenant: TenantId, id: string): Promise<Tables[T] | undefined> {
    if (!settings.has(table)) return await store.get(table, tenant, id)
    const key = `${table}\0${tenant}\0${id}`
    const known = kept.get(key)
    if (known && monotonic() - known.readAt < rememberedFor) return known.row as Tables[T]
    const before = writes
    const readAt = monotonic()
    const row = await store.get(table, tenant, id)
    kept.delete(key)
    // A row that was read while another request wrote one may be the row of before.
    if (row !== undefined && writes === before) keep(key, { row, readAt })
    return row
  }

  function keep(key: string, one: Kept): void {
    const [oldest] = kept.keys()
    if (oldest !== undefined && kept.size >= mostRows) kept.delete(oldest)
    kept.set(key, one)
  }

  const forget = () => {
    writes++
    kept.clear()
  }

  return decorated(store, {
    get,
    async change(refs, decide) {
      let touched = false
      try {
        return await store.change(refs, (found) => {
          const decision = decide(found)
          touched ||= decision.writes?.some((it) => settings.has(it.table)) ?? false
          return decision
        })
      } finally {
        // Also when it is not known whether it was written.
        if (touched) forget()
      }
    },
  })
}
