import type { Row } from '#model/row.ts'
import type { TableName } from '#model/tables.ts'
import type { Ref } from '#ports/store.ts'
import type { Loaded } from './change.ts'
import type { Cells } from './postgres-batch.ts'
import { sqlTables } from './sql.ts'

/** A row, and what a `put` of it is compared with. */
export interface FoundRow {
  readonly row: Row
  readonly loaded: Loaded<string>
}

/**
 * Where a row `get` has answered carries how it was found, so that a change it is named for as seen need not read it again;
 * a copy does not carry it. No WeakMap: what such a map holds outlives all but the rare full collections.
 */
const foundAs = Symbol('found as')
type Answered = Row & { readonly [foundAs]?: FoundRow }

/** Cells of a row before those of its indexes: list, place, rev, id, doc, end. */
const beforeIndexes = 6

/** A row in an answer of `loadAll`. */
export function rowIn(table: TableName, tenant: string, cells: Cells): FoundRow {
  const [, , rev, id, doc, expiresAt = null] = cells as readonly string[]
  const row = JSON.parse(doc as string) as Row
  const values = cells.slice(beforeIndexes, beforeIndexes + sqlTables[table].columns.length)
  return { row, loaded: { table, tenant, id: id as string, rev: rev as string, expiresAt, values } }
}

/** The row `get` answers with. */
export function answerRow(table: TableName, tenant: string, cells: Cells): Row {
  const found = rowIn(table, tenant, cells)
  return Object.defineProperty(found.row, foundAs, { value: found })
}

/** What is known of the row a ref names from what was read before. */
export const knownOf = (ref: Ref): FoundRow | undefined =>
  ref.one ? (ref.seen as Answered | undefined)?.[foundAs] : undefined
