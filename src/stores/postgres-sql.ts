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
const where = (shape: RefShape, tenant: string, key: string) => `tenant = ${tenant} AND ${setKey(shape)} = ${key}`

/** rev, id, doc, expires_at and `widest` index columns, whatever the table. */
function loadedColumns(table: TableName): string {
  const names = sqlTables[table].columns.map(({ column }) => column)
  const filled = Array.from({ length: widest }, (_, i) => names[i] ?? 'NULL::text')
  return ['rev', 'id', 'doc', 'expires_at', ...filled].join(', ')
}

/**
 * Rows of one ref, of a set in the order of their ids. The inner OFFSET 0 keeps the planner from walking a tenant in
 * that order, and from looking for the rows of all refs at once.
 */
function rowsOf(shape: RefShape, columns: string): string {
  const found = `SELECT ${columns} FROM ${shape.table} WHERE ${where(shape, 'v.tenant', 'v.key')} OFFSET 0`
  return shape.index === undefined ? found : `SELECT * FROM (${found}) AS s ORDER BY id LIMIT 1000`
}

const shapeKey = ({ table, index }: RefShape) => (index === undefined ? table : `${table}.${index}`)

/** How refs of certain shapes are loaded: a statement, and the pair of lists each ref is looked up by. */
export interface Loading {
  readonly text: string
  /** Of each ref: which pair of lists has its tenant and key. */
  readonly pairs: readonly number[]
  /** Refs in each pair. */
  readonly counts: readonly number[]
}

const loadings = new Map<string, Loading>()

/**
 * Rows of all refs at one moment: number of the pair of lists, place in it (from 1), then as `loadedColumns`. Values:
 * two arrays for each shape, tenants and keys. Several changes that load the same shapes may share it.
 */
export function loadAll(shapes: readonly RefShape[]): Loading {
  let key = ''
  for (const shape of shapes) key += `${shapeKey(shape)} `
  const known = loadings.get(key)
  if (known) return known
  const made = makeLoading(shapes)
  loadings.set(key, made)
  return made
}

function makeLoading(shapes: readonly RefShape[]): Loading {
  const each = new Map(shapes.map((shape) => [shapeKey(shape), shape]))
  const keys = [...each.keys()]
  const pairs = shapes.map((shape) => keys.indexOf(shapeKey(shape)))
  const texts = [...each.values()].map((shape, at) => {
    const lists = `unnest($${2 * at + 1}::text[], $${2 * at + 2}::text[]) WITH ORDINALITY AS v (tenant, key, n)`
    return `SELECT ${at}, v.n, l.* FROM ${lists}, LATERAL (${rowsOf(shape, loadedColumns(shape.table))}) AS l`
  })
  return { text: texts.join(' UNION ALL '), pairs, counts: keys.map((_, at) => pairs.filter((it) => it === at).length) }
}

/** The same for one ref, with the rows locked until the transaction ends. */
export function loadLocked(shape: RefShape): string {
  const found = `SELECT * FROM ${shape.table} WHERE ${where(shape, '$1', '$2')} OFFSET 0 FOR UPDATE`
  return `SELECT 0, 1, ${loadedColumns(shape.table)} FROM (${found}) AS s ORDER BY id LIMIT 1000`
}

const conditions = new Map<string, string>()

/**
 * Fails with division by zero unless every ref of a shape still finds what it found. Values: arrays of tenants, keys, and
 * fingerprints: the rev (0: no row) or, of a set, `id:rev` of its rows, sorted and joined by commas.
 */
export function stillSame(shape: RefShape): string {
  const key = shapeKey(shape)
  const known = conditions.get(key)
  if (known !== undefined) return known
  const [type, now] =
    shape.index === undefined
      ? ['bigint', `coalesce((${rowsOf(shape, 'rev')}), 0)`]
      : ['text', `coalesce((SELECT string_agg(id || ':' || rev, ',') FROM (${rowsOf(shape, 'id, rev')}) AS r), '')`]
  const lists = `unnest($1::text[], $2::text[], $3::${type}[]) AS v (tenant, key, found)`
  const text = `SELECT 1 / (CASE WHEN bool_and(${now} = v.found) THEN 1 ELSE 0 END) FROM ${lists}`
  conditions.set(key, text)
  return text
}

/** Fails with division by zero unless exactly so many rows were written (S-27). */
const exactly = (rows: string, write: string) =>
  `WITH w AS (${write} RETURNING 1) SELECT 1 / (CASE WHEN count(*) = ${rows} THEN 1 ELSE 0 END) FROM w`

/**
 * Statements that write any number of rows. Values: an array of each column in the order of `statements`, with the
 * documents as `listed` hands them over.
 */
function severalOf(table: TableName) {
  const names = sqlTables[table].columns.map(({ column }) => column)
  const documents = (at: number) => `string_to_array($${at}::text, E'\\x1e')`
  const indexed = names.map((_, i) => `, $${i + 5}::text[]`).join('')
  const given = `unnest($1::text[], $2::text[], $3::bigint[], ${documents(4)}${indexed})`
  const replaced = `unnest(${documents(1)}, $2::text[], $3::text[], $4::bigint[]) AS v (doc, tenant, id, rev)`
  return {
    insert: `INSERT INTO ${table} (${['rev', 'tenant', 'id', 'expires_at', 'doc', ...names].join(', ')}) SELECT 1, * FROM ${given}`,
    putDoc: exactly(
      'cardinality($2::text[])',
      `UPDATE ${table} AS t SET rev = t.rev + 1, doc = v.doc FROM ${replaced} ` +
        'WHERE t.tenant = v.tenant AND t.id = v.id AND t.rev = v.rev',
    ),
  }
}

function statementsOf(table: TableName) {
  const { upsert, put, remove, list, count } = plain[table]
  return {
    ...severalOf(table),
    get: loadAll([{ table }]).text,
    upsert,
    remove,
    count,
    put: exactly('1', put),
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

/** Locks for the rest of the transaction. Value: an array of keys, in order; the last bit of each says exclusive. */
export const lockKeys =
  'SELECT CASE k & 1 WHEN 1 THEN pg_advisory_xact_lock(k >> 1) ELSE pg_advisory_xact_lock_shared(k >> 1) END ' +
  'FROM unnest($1::bigint[]) AS k'

/** The same, but fails with division by zero where it would have to wait. */
export const tryKeys =
  'SELECT 1 / min(CASE k & 1 WHEN 1 THEN pg_try_advisory_xact_lock(k >> 1) ' +
  'ELSE pg_try_advisory_xact_lock_shared(k >> 1) END::int) FROM unnest($1::bigint[]) AS k'

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

const roomy = (percent: number, tables: readonly TableName[]) =>
  tables.map((it) => `ALTER TABLE ${it} SET (fillfactor = ${percent}, autovacuum_vacuum_scale_factor = 0.05)`)

/**
 * Tables whose rows are replaced keep room for it, so that no index has to change with them: where every row is, soon
 * after it was made and in the order they were made in, as much again.
 */
export const keepRoom = [
  ...roomy(50, ['challenges', 'tickets', 'messages']),
  ...roomy(80, ['budgets', 'authenticators', 'users', 'artifacts']),
].join('; ')
