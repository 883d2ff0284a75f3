import type { Row } from '#model/row.ts'
import type { TableName } from '#model/tables.ts'
import { type Ref, type Refs, StoreConflict, type Write } from '#ports/store.ts'
import {
  type Decide,
  endOf,
  type Loaded as LoadedRow,
  repeats,
  runDecide,
  sameValues,
  storable,
  Taken,
  takeLoaded,
} from './change.ts'
import { checkKeys, indexValues, isKey, isStorable, setColumnOf } from './sql.ts'
import type { Connection } from './sqlite-connection.ts'

type Loaded = LoadedRow<number>

/** A change without a savepoint failed after it had written: only the whole transaction can be undone. */
export class Spoiled extends Error {}

/**
 * What runs a change inside an open write transaction: loads, decides, writes; undoes its own writes when it fails.
 * Throws what `decide` throws, StoreConflict, or SQLite's error.
 *
 * Guarded, several writes are held together by a savepoint, which costs a third of the writing, as every page is copied
 * aside first. Unguarded, it may throw Spoiled; then the caller has to roll back and run all changes of the transaction
 * again, guarded.
 */
export function changeOf(
  refs: Refs,
  decide: Decide,
  onConflict: () => void,
): (connection: Connection, guarded: boolean) => unknown {
  let conflicts = 0
  return (connection, guarded) => {
    for (;;) {
      try {
        return attemptChange(connection, refs, decide, guarded)
      } catch (error) {
        const taken = error instanceof Spoiled ? error.cause : error
        if (!(taken instanceof Taken)) throw error
        onConflict()
        conflicts++
        if (error instanceof Spoiled) throw error
        if (conflicts > repeats) throw new StoreConflict(taken.message, { cause: taken.cause })
      }
    }
  }
}

function attemptChange(connection: Connection, refs: Refs, decide: Decide, guarded: boolean): unknown {
  const loaded: Loaded[] = []
  const found: Record<string, unknown> = {}
  for (const name in refs) found[name] = load(connection, refs[name] as Ref, loaded)
  const { result, writes } = runDecide(decide, found)
  if (!writes || writes.length === 0) return result
  // A single statement is undone by SQLite itself when it fails.
  if (writes.length === 1) write(connection, writes[0] as Write, loaded)
  else if (guarded) writeTogether(connection, writes, loaded)
  else writeUnguarded(connection, writes, loaded)
  return result
}

function writeUnguarded(connection: Connection, writes: readonly Write[], loaded: Loaded[]): void {
  try {
    for (const one of writes) write(connection, one, loaded)
  } catch (cause) {
    throw new Spoiled('a change failed half-way', { cause })
  }
}

function writeTogether(connection: Connection, writes: readonly Write[], loaded: Loaded[]): void {
  connection.savepoint.run()
  try {
    for (const one of writes) write(connection, one, loaded)
  } catch (error) {
    // A full disk or the like ends the whole transaction, and then there is no savepoint to go back to.
    if (connection.db.isTransaction) {
      connection.rollbackTo.run()
      connection.release.run()
    }
    throw error
  }
  connection.release.run()
}

function load(connection: Connection, ref: Ref, loaded: Loaded[]): Row | undefined | readonly Row[] {
  const { sql, load, loadMany } = connection.table(ref.table)
  if (ref.one) {
    const cells = isKey(ref.id) ? (load.get(ref.tenant, ref.id) as unknown as Cells | undefined) : undefined
    return cells && keep(ref.table, ref.tenant, cells, loaded)
  }
  const column = setColumnOf(sql, ref.index)
  if (!isKey(ref.value)) return []
  const all = loadMany(column).all(ref.tenant, ref.value) as unknown as Cells[]
  return all.map((cells) => keep(ref.table, ref.tenant, cells, loaded))
}

type Cells = readonly [
  rev: number,
  id: string,
  doc: string,
  expiresAt: number | null,
  ...values: readonly (string | null)[],
]

function keep(table: TableName, tenant: string, cells: Cells, loaded: Loaded[]): Row {
  const [rev, id, doc, expiresAt, ...values] = cells
  loaded.push({ table, tenant, id, rev, expiresAt, values })
  return JSON.parse(doc) as Row
}

function write(connection: Connection, one: Write, loaded: Loaded[]): void {
  const { table } = one
  const prepared = connection.table(table)
  if (one.do === 'remove') {
    if (isStorable(one.id)) prepared.remove.run(one.tenant, one.id)
    return
  }
  const row: Row = one.row
  const values = indexValues(prepared.sql, row)
  const expiresAt = endOf(row)
  const doc = JSON.stringify(row)
  if (one.do === 'put') {
    const before = takeLoaded(loaded, table, row)
    const { changes } =
      before.expiresAt === expiresAt && sameValues(before.values, values)
        ? prepared.putDoc.run(doc, row.tenant, row.id, before.rev)
        : prepared.put.run(expiresAt, doc, ...storable(table, values), row.tenant, row.id, before.rev)
    if (changes !== 1) throw new Taken(`a row of ${table} changed meanwhile`)
    return
  }
  checkKeys(table, row)
  try {
    prepared[one.do].run(row.tenant, row.id, expiresAt, doc, ...storable(table, values))
  } catch (error) {
    throw isKeyTaken(error) ? new Taken(`a key in ${table} is taken`, { cause: error }) : error
  }
}

/** SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE. */
function isKeyTaken(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode
  return code === 1555 || code === 2067
}
