import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { TableName } from '#model/tables.ts'
import { StoreUnavailable } from '#ports/store.ts'
import { type Migration, missingMigrations, readMigrations } from './migrations.ts'
import { type ListShape, type SqlTable, sqlTables, statements } from './sql.ts'

/** How long a connection waits for a lock that is not a writer's, ms (S-30). */
export const busyTimeout = 5000

/** Without statistics SQLite may walk a whole tenant to spare itself a sort of three rows; so it is told what to use. */
export const spelling = { mark: () => '?', by: (index: string) => ` INDEXED BY ${index}` }

/** The prepared statements of one table, made when first needed and kept. */
export interface Prepared {
  readonly sql: SqlTable
  readonly get: StatementSync
  readonly load: StatementSync
  readonly loadMany: (column: string) => StatementSync
  readonly insert: StatementSync
  readonly upsert: StatementSync
  readonly put: StatementSync
  readonly putDoc: StatementSync
  readonly remove: StatementSync
  readonly list: (shape: ListShape) => StatementSync
  readonly count: (column?: string) => StatementSync
  readonly sweep: StatementSync
}

/** An open database, checked and migrated, with its statements. */
export interface Connection {
  readonly db: DatabaseSync
  /** Opens a transaction that takes no lock until it is used. */
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly savepoint: StatementSync
  readonly release: StatementSync
  readonly rollbackTo: StatementSync
  /** Pages in the write-ahead log, and how many of them are copied; changes nothing. */
  readonly logState: StatementSync
  readonly table: (name: TableName) => Prepared
}

/** Where a `sqlite:` URL points: a path, or `:memory:`. */
export function databasePath(url: string): string {
  const path = url.replace(/^sqlite:(\/\/(?=\/))?/, '')
  if (path === '' || path === url || path.startsWith('//')) {
    throw new StoreUnavailable('DATABASE_URL should read sqlite:./path/to/file.db or sqlite::memory:')
  }
  return path
}

/** Opens, sets, checks and migrates. Throws StoreUnavailable with the reason in words. */
export function connect(path: string): Connection {
  try {
    if (path !== ':memory:') makeDirectory(dirname(path))
    const db = new DatabaseSync(path, { timeout: busyTimeout })
    try {
      configure(db)
      verifySettings(db, path)
      migrate(db, readMigrations())
      return prepareAll(db)
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error
    throw new StoreUnavailable(`cannot open the database ${path}: ${messageOf(error)}`, { cause: error })
  }
}

/** Node's own recursive one tries for ever where a parent takes no directories and says ENOENT, as /proc does. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process may have made it just now.
    if ((error as { code?: string }).code !== 'EEXIST') throw error
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function configure(db: DatabaseSync): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
  db.exec(
    `PRAGMA busy_timeout = ${busyTimeout}; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 0`,
  )
}

/** Settings may be refused in silence, by a file system without shared memory for one: look what they are (S-30). */
export function verifySettings(db: DatabaseSync, path: string): void {
  const wanted = {
    journal_mode: path === ':memory:' ? 'memory' : 'wal',
    synchronous: 2,
    foreign_keys: 1,
    busy_timeout: busyTimeout,
  }
  for (const [name, value] of Object.entries(wanted)) {
    const found = Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    if (found !== value) {
      throw new StoreUnavailable(`the database ${path} runs with ${name} = ${found}; it must be ${value} to be durable`)
    }
  }
}

/**
 * Brings the database to the shape this release needs; all steps in one transaction, so that it is safe when two
 * processes start at once.
 */
export function migrate(db: DatabaseSync, known: readonly Migration[]): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec('CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)')
    const applied = db.prepare('SELECT coalesce(max(number), 0) AS number FROM schema_migrations').get()
    const note = db.prepare('INSERT INTO schema_migrations (number, name) VALUES (?, ?)')
    for (const { number, name, sql } of missingMigrations(Number(applied?.number), known)) {
      db.exec(sql)
      note.run(number, name)
    }
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function prepareAll(db: DatabaseSync): Connection {
  return {
    db,
    begin: db.prepare('BEGIN'),
    commit: db.prepare('COMMIT'),
    savepoint: db.prepare('SAVEPOINT change'),
    release: db.prepare('RELEASE change'),
    rollbackTo: db.prepare('ROLLBACK TO change'),
    logState: db.prepare('PRAGMA wal_checkpoint(NOOP)'),
    table: remembered((name) => prepareTable(db, sqlTables[name])),
  }
}

/** Makes each value once, by its key. */
function remembered<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>()
  return (key) => {
    const found = made.get(key)
    if (found !== undefined) return found
    const value = make(key)
    made.set(key, value)
    return value
  }
}

function prepareTable(db: DatabaseSync, sql: SqlTable): Prepared {
  const text = statements(sql, spelling)
  const prepare = remembered((source: string) => {
    const statement = db.prepare(source)
    statement.setReturnArrays(true)
    return statement
  })
  return {
    sql,
    get: prepare(text.get),
    load: prepare(text.load),
    loadMany: remembered((column: string) => prepare(text.loadMany(column))),
    insert: prepare(text.insert),
    upsert: prepare(text.upsert),
    put: prepare(text.put),
    putDoc: prepare(text.putDoc),
    remove: prepare(text.remove),
    list: (shape) => prepare(text.list(shape)),
    count: (column) => prepare(text.count(column)),
    sweep: prepare(
      `DELETE FROM ${sql.table} WHERE rowid IN (SELECT rowid FROM ${sql.table} WHERE expires_at < ? LIMIT ?)`,
    ),
  }
}
