import type { Row } from '#model/row.ts'
import { type IndexSpec, indexes, type TableName } from '#model/tables.ts'

/** One index of a table as SQL sees it. */
export interface IndexColumn {
  /** Name in `indexes`. */
  readonly index: string
  /** Name in the database, such as `ix_user_code`. */
  readonly column: string
  readonly unique: boolean
  readonly of: (row: Row) => string | undefined
}

/** One table as SQL sees it: `tenant, id, rev, expires_at, doc`, and a column for each index. */
export interface SqlTable {
  readonly table: TableName
  readonly columns: readonly IndexColumn[]
}

/** Columns every table has, besides those of its indexes. */
export const fixedColumns = ['tenant', 'id', 'rev', 'expires_at', 'doc'] as const

/** The column that holds an index: `userCode` → `ix_user_code`. */
export function columnName(index: string): string {
  return `ix_${index.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
}

function describe(table: TableName): SqlTable {
  const specs = Object.entries(indexes[table]) as unknown as [string, IndexSpec<Row>][]
  const columns = specs.map(([index, { of, unique }]) => ({
    index,
    column: columnName(index),
    unique: unique === true,
    of,
  }))
  return { table, columns }
}

export const tableNames = Object.keys(indexes) as readonly TableName[]
export const sqlTables = Object.fromEntries(tableNames.map((table) => [table, describe(table)])) as {
  readonly [T in TableName]: SqlTable
}

/** What a row holds in its index columns, in their order; null where it is in no index. */
export function indexValues(table: SqlTable, row: Row): (string | null)[] {
  return table.columns.map((column) => column.of(row) ?? null)
}

/** The column of an index; throws when the table has no such index, since column names are never taken from outside. */
export function columnOf(table: SqlTable, index: string): string {
  const found = table.columns.find((column) => column.index === index)
  if (!found) throw new TypeError(`table ${table.table} has no index "${index}"`)
  return found.column
}

/**
 * Tables that grow with every request and whose sets nobody decides upon. Keeping such a set still while a change
 * decides would make all requests wait for each other, so no change may name one.
 */
const openEnded: ReadonlySet<TableName> = new Set([
  'events',
  'messages',
  'audit_queue',
  'audit_blocks',
  'webhook_calls',
  'risk_decisions',
])

/**
 * Tables the sweep leaves alone: their rows have no end, and only retention takes any away, so that the role the server
 * works under need not be allowed to delete there (S-147).
 */
const neverSwept: ReadonlySet<TableName> = new Set(['events', 'audit_blocks'])
export const sweptTables = tableNames.filter((table) => !neverSwept.has(table))

/** Whether a change may name all rows with a value of an index of this table. */
export function hasSets(table: TableName): boolean {
  return !openEnded.has(table)
}

/** The column of an index whose rows a change names; throws for tables where none may. */
export function setColumnOf(table: SqlTable, index: string): string {
  if (!hasSets(table.table)) throw new TypeError(`a change cannot hold all rows of ${table.table} by "${index}"`)
  return columnOf(table, index)
}

/**
 * Whether a database can hold this text as a key exactly. PostgreSQL knows no NUL, and a lone surrogate has no UTF-8
 * form: it would be stored as U+FFFD, and two different keys would become one.
 */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** Whether a ref may find something under this text; nothing has an empty name. */
export function isKey(text: string): boolean {
  return text !== '' && isStorable(text)
}

/** Refuses rows nothing could name. Throws TypeError. */
export function checkKeys(table: TableName, { tenant, id }: Row): void {
  if (!isStorable(id) || !isStorable(tenant)) throw new TypeError(`an id in ${table} holds a broken character`)
  if (id === '') throw new TypeError(`an id in ${table} is empty`)
}

export interface ListShape {
  /** Column the rows are found by. */
  readonly column?: string
  readonly after: boolean
  readonly descending: boolean
}

/** What one database spells its own way. */
export interface Spelling {
  /** A parameter by its number, counted from 1: `?`, `$1`. */
  readonly mark: (position: number) => string
  /** Follows a table's name where a certain index must serve the query; empty where the database chooses well. */
  readonly by: (index: string) => string
}

/** The index behind a column, as migrations call it. */
export function indexName(table: TableName, column: string): string {
  return `${table}_${column}`
}

/** Every statement there is, with values as parameters only (S-160), in the order given with each. */
export function statements({ table, columns }: SqlTable, { mark, by }: Spelling) {
  const from = (column?: string) => (column ? `${table}${by(indexName(table, column))}` : table)
  const names = columns.map(({ column }) => column)
  const loaded = ['rev', 'id', 'doc', 'expires_at', ...names].join(', ')
  const marks = (first: number, count: number) => Array.from({ length: count }, (_, i) => mark(first + i))
  const insert =
    `INSERT INTO ${table} (${['rev', 'tenant', 'id', 'expires_at', 'doc', ...names].join(', ')}) ` +
    `VALUES (${['1', ...marks(1, 4 + names.length)].join(', ')})`
  const replaced = ['expires_at', 'doc', ...names].map((name) => `${name} = excluded.${name}`).join(', ')
  const set = ['expires_at', 'doc', ...names].map((name, i) => `${name} = ${mark(i + 1)}`).join(', ')
  const key = (first: number) => `tenant = ${mark(first)} AND id = ${mark(first + 1)}`
  const width = 2 + names.length
  return {
    /** tenant, id → doc */
    get: `SELECT doc FROM ${table} WHERE ${key(1)}`,
    /** tenant, id → rev, id, doc, expires_at, index columns. */
    load: `SELECT ${loaded} FROM ${table} WHERE ${key(1)}`,
    /** tenant, value → the same, for at most 1,000 rows */
    loadMany: (column: string) =>
      `SELECT ${loaded} FROM ${from(column)} WHERE tenant = ${mark(1)} AND ${column} = ${mark(2)} ORDER BY id LIMIT 1000`,
    /** tenant, id, expires_at, doc, index columns */
    insert,
    /** The same; whatever row had the id gives way. */
    upsert: `${insert} ON CONFLICT (tenant, id) DO UPDATE SET rev = ${table}.rev + 1, ${replaced}`,
    /** expires_at, doc, index columns, tenant, id, rev */
    put: `UPDATE ${table} SET rev = rev + 1, ${set} WHERE ${key(width + 1)} AND rev = ${mark(width + 3)}`,
    /** doc, tenant, id, rev: for rows whose end and index columns stay, so that no index is touched. */
    putDoc: `UPDATE ${table} SET rev = rev + 1, doc = ${mark(1)} WHERE ${key(2)} AND rev = ${mark(4)}`,
    /** tenant, id */
    remove: `DELETE FROM ${table} WHERE ${key(1)}`,
    /** tenant, (value), (after), limit, offset → doc */
    list: ({ column, after, descending }: ListShape) => {
      let position = 1
      const where = [`tenant = ${mark(position++)}`]
      if (column) where.push(`${column} = ${mark(position++)}`)
      if (after) where.push(`id ${descending ? '<' : '>'} ${mark(position++)}`)
      const order = `ORDER BY id ${descending ? 'DESC' : 'ASC'} LIMIT ${mark(position++)} OFFSET ${mark(position)}`
      return `SELECT doc FROM ${from(column)} WHERE ${where.join(' AND ')} ${order}`
    },
    /** tenant, (value) → count */
    count: (column?: string) =>
      `SELECT count(*) FROM ${from(column)} WHERE tenant = ${mark(1)}${column ? ` AND ${column} = ${mark(2)}` : ''}`,
  }
}
