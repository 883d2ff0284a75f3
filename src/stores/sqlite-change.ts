import type { Row } from '#model/row.ts'
import type { TableName } from '#model/tables.ts'
import { type Decision, type Ref, type Refs, StoreConflict, type Write } from '#ports/store.ts'
import { columnOf, indexValues, isStorable } from './sql.ts'
import type { Connection } from './sqlite-connection.ts'

/** `decide`, whatever the types of its refs and answer. */
export type Decide = (found: Readonly<Record<string, unknown>>) => Decision<unknown>

/** A row as it was loaded: what `put` compares with. */
interface Loaded {
  readonly table: TableName
  readonly tenant: string
  readonly id: string
  readonly rev: number
  readonly expiresAt: number | null
  readonly values: readonly (string | null)[]
}

/** Thrown inside a change whose key was taken; makes it run again. */
class Taken extends Error {}

/** How often a change is run again after a conflict (the port's contract). */
const repeats = 3

/**
 * Runs one change inside an open write transaction: loads, decides, writes; undoes its own writes when it fails.
 * Throws what `decide` throws, StoreConflict, or SQLite's error.
 */
export function runChange(connection: Connection, refs: Refs, decide: Decide, onConflict: () => void): unknown {
  for (let attempt = 0; ; attempt++) {
    try {
      return attemptChange(connection, refs, decide)
    } catch (error) {
      if (!(error instanceof Taken)) throw error
      onConflict()
      if (attempt === repeats) throw new StoreConflict(error.message, { cause: error.cause })
    }
  }
}

function attemptChange(connection: Connection, refs: Refs, decide: Decide): unknown {
  const loaded: Loaded[] = []
  const found: Record<string, unknown> = {}
  for (const name in refs) found[name] = load(connection, refs[name] as Ref, loaded)
  const decision = decide(found)
  if (typeof (decision as { then?: unknown }).then === 'function') {
    throw new TypeError('decide must be synchronous: it answered with a Promise')
  }
  const { result, writes } = decision
  if (!writes || writes.length === 0) return result
  // A single statement is undone by SQLite itself when it fails.
  if (writes.length === 1) write(connection, writes[0] as Write, loaded)
  else writeTogether(connection, writes, loaded)
  return result
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
    const cells = isStorable(ref.id) ? (load.get(ref.tenant, ref.id) as unknown as Cells | undefined) : undefined
    return cells && keep(ref.table, ref.tenant, cells, loaded)
  }
  const column = columnOf(sql, ref.index)
  if (!isStorable(ref.value)) return []
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
  const expiresAt = row.expiresAt === undefined ? null : Math.ceil(row.expiresAt)
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
  if (!isStorable(row.id) || !isStorable(row.tenant)) throw new TypeError(`an id in ${table} holds a broken character`)
  try {
    prepared[one.do].run(row.tenant, row.id, expiresAt, doc, ...storable(table, values))
  } catch (error) {
    throw isKeyTaken(error) ? new Taken(`a key in ${table} is taken`, { cause: error }) : error
  }
}

/** The loaded row a `put` replaces; it is taken, since a second `put` in the same change would not replace what was loaded. */
function takeLoaded(loaded: Loaded[], table: TableName, row: Row): Loaded {
  const at = loaded.findIndex((it) => it.id === row.id && it.table === table && it.tenant === row.tenant)
  if (at < 0) throw new TypeError(`put into ${table} of a row that no ref of this change has loaded, or twice`)
  return loaded.splice(at, 1)[0] as Loaded
}

function sameValues(before: readonly (string | null)[], after: readonly (string | null)[]): boolean {
  for (let i = 0; i < after.length; i++) if (before[i] !== after[i]) return false
  return true
}

function storable(table: TableName, values: readonly (string | null)[]): readonly (string | null)[] {
  for (const value of values) {
    if (value !== null && !isStorable(value)) throw new TypeError(`an index value in ${table} holds a broken character`)
  }
  return values
}

/** SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE. */
function isKeyTaken(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode
  return code === 1555 || code === 2067
}
