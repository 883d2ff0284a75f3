import type { TableName } from '#model/tables.ts'
import { type ListShape, setColumnOf, sqlTables, statements, tableNames } from './sql.ts'

/** Where an index goes on with the id, it has the order, and sets may be large; elsewhere they are small. */
const sortedByIndex: ReadonlySet<string> = new Set(['users.ix_phone', 'events.ix_user', 'messages.ix_state'])

const spelling = { mark: (position: number) => `$${position}`, by: () => '' }

/** Index columns of the widest table; others are filled up with NULL where rows of several tables are one answer. */
export const widest = Math.max(...tableNames.map((name) => sqlTables[name].columns.length))

const plain = Object.fromEntries(tableNames.map((name) => [name, statements(sqlTables[name], spelling)])) as {
  readonly [T in TableName]: ReturnType<typeof statements>
}

/** What a ref looks up, without its values. */
export interface RefShape {
  readonly table: TableName
  /** Name in `indexes`; absent: one row by its id. */
  readonly index?: string
}

const setKey = ({ table, index }: RefShape) => (index === undefined ? 'id' : setColumnOf(sqlTables[table], index))
const where = (shape: RefShape, first: number) => `tenant = $${first} AND ${setKey(shape)} = $${first + 1}`

/** rev, id, doc, expires_at and `widest` index columns, whatever the table. */
function loadedColumns(table: TableName): string {
  const names = sqlTables[table].columns.map(({ column }) => column)
  const filled = Array.from({ length: widest }, (_, i) => names[i] ?? 'NULL::text')
  return ['rev', 'id', 'doc', 'expires_at', ...filled].join(', ')
}

/** Rows of a set, in the order of their ids. The inner OFFSET 0 keeps the planner from walking a tenant in that order. */
function rowsOf(shape: RefShape, first: number, columns: string): string {
  const found = `SELECT ${columns} FROM ${shape.table} WHERE ${where(shape, first)}`
  return shape.index === undefined ? found : `(SELECT * FROM (${found} OFFSET 0) AS s ORDER BY id LIMIT 1000)`
}

/** Makes a text once for refs of the same shapes: there are as many as places in the code that change something. */
function once(make: (shapes: readonly RefShape[]) => string): (shapes: readonly RefShape[]) => string {
  const made = new Map<string, string>()
  return (shapes) => {
    let key = ''
    for (const { table, index } of shapes) key += index === undefined ? `${table} ` : `${table}.${index} `
    const known = made.get(key)
    if (known !== undefined) return known
    const text = make(shapes)
    made.set(key, text)
    return text
  }
}

/** Rows of all refs at one moment: number of the ref, then as `loadedColumns`. Values: tenant and key of each ref. */
export const loadAll = once((shapes) =>
  shapes
    .map((shape, at) => `SELECT ${at}, l.* FROM (${rowsOf(shape, 2 * at + 1, loadedColumns(shape.table))}) AS l`)
    .join(' UNION ALL '),
)

/** The same for one ref, with the rows locked until the transaction ends. */
export function loadLocked(shape: RefShape): string {
  const found = `SELECT * FROM ${shape.table} WHERE ${where(shape, 1)} OFFSET 0 FOR UPDATE`
  return `SELECT 0, ${loadedColumns(shape.table)} FROM (${found}) AS s ORDER BY id LIMIT 1000`
}

/**
 * Fails with division by zero unless every ref still finds what it found. Values of each ref: tenant, key, and its
 * fingerprint: the rev (0: no row) or, of a set, `id:rev` of its rows, sorted and joined by commas.
 */
export const stillSame = once((shapes) => {
  const same = shapes.map((shape, at) => {
    const first = 3 * at + 1
    if (shape.index === undefined) {
      return `coalesce((SELECT rev FROM ${shape.table} WHERE ${where(shape, first)}), 0) = $${first + 2}::bigint`
    }
    const rows = rowsOf(shape, first, 'id, rev')
    return `coalesce((SELECT string_agg(id || ':' || rev, ',') FROM ${rows} AS r), '') = $${first + 2}`
  })
  return `SELECT 1 / (CASE WHEN ${same.join(' AND ')} THEN 1 ELSE 0 END)`
})

/** Fails with division by zero unless exactly one row was written (S-27). */
const exactlyOne = (write: string) => `WITH w AS (${write} RETURNING 1) SELECT 1 / count(*) FROM w`

/** Makes a text once for each number of rows. */
function forRows(make: (rows: number) => string): (rows: number) => string {
  const made: string[] = []
  return (rows) => {
    made[rows] ??= make(rows)
    return made[rows]
  }
}

/** `($1, $2), ($3, $4)`: parameters of so many rows; `types` where the database cannot tell. */
function manyMarks(rows: number, types: readonly string[], before = ''): string {
  const one = (row: number) => types.map((type, at) => `$${row * types.length + at + 1}${type}`).join(', ')
  return Array.from({ length: rows }, (_, row) => `(${before.replace('#', String(row))}${one(row)})`).join(', ')
}

/** Several rows by one statement; values as in the statement for one, row by row. */
function severalOf(table: TableName) {
  const names = sqlTables[table].columns.map(({ column }) => column)
  const columns = ['rev', 'tenant', 'id', 'expires_at', 'doc', ...names]
  const untyped = columns.slice(1).map(() => '')
  return {
    /** Each row with its number, counted from 0. */
    gets: forRows(
      (rows) =>
        `SELECT v.n, t.doc FROM (VALUES ${manyMarks(rows, ['::text', '::text'], '#, ')}) AS v (n, tenant, id) ` +
        `JOIN ${table} AS t ON t.tenant = v.tenant AND t.id = v.id`,
    ),
    inserts: forRows(
      (rows) => `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${manyMarks(rows, untyped, '1, ')}`,
    ),
    /** Fails with division by zero unless every one of them was written. */
    putDocs: forRows(
      (rows) =>
        `WITH w AS (UPDATE ${table} AS t SET rev = t.rev + 1, doc = v.doc ` +
        `FROM (VALUES ${manyMarks(rows, ['::text', '::text', '::text', '::bigint'])}) AS v (doc, tenant, id, rev) ` +
        'WHERE t.tenant = v.tenant AND t.id = v.id AND t.rev = v.rev RETURNING 1) ' +
        `SELECT 1 / (CASE WHEN count(*) = ${rows} THEN 1 ELSE 0 END) FROM w`,
    ),
  }
}

function statementsOf(table: TableName) {
  const { get, insert, upsert, put, putDoc, remove, list, count } = plain[table]
  return {
    ...severalOf(table),
    get,
    insert,
    upsert,
    remove,
    count,
    put: exactlyOne(put),
    putDoc: exactlyOne(putDoc),
    list: (shape: ListShape) => (shape.column === undefined ? list(shape) : listBy(table, shape.column, shape)),
  }
}

/** Statements of each table; values as in `statements`. Texts are made once, since they are looked up by themselves. */
export const postgresStatements = Object.fromEntries(tableNames.map((name) => [name, statementsOf(name)])) as {
  readonly [T in TableName]: ReturnType<typeof statementsOf>
}

/** As `list`, through the index: its rows are found first and sorted then. */
function listBy(table: TableName, column: string, { after, descending }: ListShape): string {
  const found = `SELECT id, doc FROM ${table} WHERE tenant = $1 AND ${column} = $2`
  const from = sortedByIndex.has(`${table}.${column}`) ? `(${found})` : `(${found} OFFSET 0)`
  const later = after ? ` WHERE id ${descending ? '<' : '>'} $3` : ''
  const next = after ? 4 : 3
  return `SELECT doc FROM ${from} AS s${later} ORDER BY id ${descending ? 'DESC' : 'ASC'} LIMIT $${next} OFFSET $${next + 1}`
}

/** Locks for the rest of the transaction. Values: two halves of each key, in order, and `t` or `f` for exclusive. */
export const lockKeys =
  'SELECT CASE WHEN x THEN pg_advisory_xact_lock(a, b) ELSE pg_advisory_xact_lock_shared(a, b) END ' +
  'FROM unnest($1::int[], $2::int[], $3::bool[]) AS k (a, b, x)'

/** The same, but fails with division by zero where it would have to wait. */
export const tryKeys =
  'SELECT 1 / min(CASE WHEN x THEN pg_try_advisory_xact_lock(a, b) ELSE pg_try_advisory_xact_lock_shared(a, b) END::int) ' +
  'FROM unnest($1::int[], $2::int[], $3::bool[]) AS k (a, b, x)'

/** Deletes dead rows nobody holds just now. Values: now, limit. */
export function sweepTable(table: TableName): string {
  const dead = `SELECT ctid FROM ${table} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED`
  // By their place, which holds while they are locked: joined by key, the whole table would be walked for each slice.
  return `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(${dead}))`
}

export const everyTenant = 'SELECT id FROM tenants ORDER BY id'

/** Migrations as PostgreSQL takes them: keys compare by their bytes, as in SQLite, whatever the database's language. */
export function inPostgres(migration: string): string {
  return migration.replaceAll(/\bTEXT\b/g, 'TEXT COLLATE "C"')
}

/** Tables whose rows are replaced all the time keep room for it, so that no index has to change with them. */
export const keepRoom = ['challenges', 'tickets', 'budgets', 'authenticators', 'users', 'messages', 'artifacts']
  .map((table) => `ALTER TABLE ${table} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)`)
  .join('; ')
