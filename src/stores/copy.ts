import type { TenantId } from '#model/ids.ts'
import type { TableName, Tables } from '#model/tables.ts'
import { type Store, upsert, type Write } from '#ports/store.ts'
import { tableNames } from './sql.ts'

/** Rows read and written at a time: few enough that a store keeps them in one transaction without strain. */
const slice = 250

export interface CopyParts {
  readonly from: Store
  readonly to: Store
  /** A checksum over texts in their order. */
  readonly checksum: () => { add(text: string): void; value(): string }
  /** Told after every slice. */
  readonly onProgress?: (progress: CopyProgress) => void
}

export interface CopyProgress {
  readonly phase: 'copy' | 'verify'
  readonly tenant: TenantId
  readonly table: TableName
  readonly rows: number
  readonly total: number
}

/** A table that is not the same on both sides. */
export interface Difference {
  readonly tenant: TenantId
  readonly table: TableName
  readonly fromRows: number
  readonly toRows: number
}

export interface Copied {
  readonly rows: number
  /** Of these, rows an earlier run had copied already. */
  readonly already: number
  readonly differences: readonly Difference[]
}

/** Thrown before anything is written, when the target holds what the source does not. */
export class CopyRefused extends Error {
  override readonly name = 'CopyRefused'
}

/**
 * Copies all rows of all tenants, then reads both sides again and compares counts and checksums of every table.
 * May be broken off at any time and run again: rows are copied in the order of their ids, so the last one there tells
 * how far it came. Nobody should write to either side meanwhile; whoever does shows up as a difference.
 */
export async function copyStore(parts: CopyParts): Promise<Copied> {
  const tenants = await parts.from.everyTenant()
  const strange = (await parts.to.everyTenant()).filter((it) => !tenants.includes(it))
  if (strange.length > 0) {
    throw new CopyRefused(`the target holds tenants the source does not have: ${strange.slice(0, 5).join(', ')}`)
  }
  const total = await rowsOf(parts.from, tenants)
  const tally = { rows: 0, already: 0 }
  for (const tenant of tenants) {
    for (const table of tableNames) await copyTable(parts, tenant, table, tally, total)
  }
  const differences: Difference[] = []
  let checked = 0
  for (const tenant of tenants) {
    for (const table of tableNames) {
      const found = await compareTable(parts, tenant, table, (rows) => {
        checked += rows
        parts.onProgress?.({ phase: 'verify', tenant, table, rows: checked, total })
      })
      if (found) differences.push(found)
    }
  }
  return { ...tally, differences }
}

async function rowsOf(store: Store, tenants: readonly TenantId[]): Promise<number> {
  let total = 0
  for (const tenant of tenants) for (const table of tableNames) total += await store.count(table, tenant)
  return total
}

async function copyTable(
  { from, to, onProgress }: CopyParts,
  tenant: TenantId,
  table: TableName,
  tally: { rows: number; already: number },
  total: number,
): Promise<void> {
  const [last] = await to.list(table, tenant, { descending: true, limit: 1 })
  if (last) {
    const there = await to.count(table, tenant)
    tally.already += there
    tally.rows += there
  }
  for await (const rows of slices(from, tenant, table, last?.id)) {
    const writes: readonly Write[] = rows.map((row) => upsert(table, row as never))
    await to.change({}, () => ({ result: undefined, writes }))
    tally.rows += rows.length
    onProgress?.({ phase: 'copy', tenant, table, rows: tally.rows, total })
  }
}

async function compareTable(
  { from, to, checksum }: CopyParts,
  tenant: TenantId,
  table: TableName,
  onRows: (rows: number) => void,
): Promise<Difference | undefined> {
  const [here, there] = [
    await summed(from, tenant, table, checksum(), onRows),
    await summed(to, tenant, table, checksum(), () => {}),
  ]
  const same = here.rows === there.rows && here.sum === there.sum
  return same ? undefined : { tenant, table, fromRows: here.rows, toRows: there.rows }
}

async function summed(
  store: Store,
  tenant: TenantId,
  table: TableName,
  sum: ReturnType<CopyParts['checksum']>,
  onRows: (rows: number) => void,
): Promise<{ readonly rows: number; readonly sum: string }> {
  let rows = 0
  for await (const some of slices(store, tenant, table)) {
    for (const row of some) sum.add(JSON.stringify(row))
    rows += some.length
    onRows(some.length)
  }
  return { rows, sum: sum.value() }
}

/** All rows in the order of their ids, some at a time. */
async function* slices<T extends TableName>(
  store: Store,
  tenant: TenantId,
  table: T,
  after?: string,
): AsyncGenerator<readonly Tables[T][]> {
  for (let last = after; ; ) {
    const rows = await store.list(table, tenant, { limit: slice, ...(last === undefined ? {} : { after: last }) })
    if (rows.length > 0) yield rows
    if (rows.length < slice) return
    last = rows.at(-1)?.id
  }
}
