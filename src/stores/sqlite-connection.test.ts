import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { StoreUnavailable } from '#ports/store.ts'
import { missingMigrations, readMigrations } from './migrations.ts'
import { fixedColumns, sqlTables, statements } from './sql.ts'
import { connect, databasePath, migrate, spelling, verifySettings } from './sqlite-connection.ts'

const folder = mkdtempSync(join(tmpdir(), 'polyfactor-connection-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = () => join(folder, `${files++}.db`)

function names(db: DatabaseSync, sql: string, ...values: string[]): string[] {
  return db
    .prepare(sql)
    .all(...values)
    .map((it) => String(it.name))
}

test('the migrations amount to exactly the tables, columns and indexes of the model', () => {
  const { db } = connect(':memory:')
  const tables = names(db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'schema_%'")
  assert.deepEqual(tables.toSorted(), Object.keys(sqlTables).toSorted())
  for (const { table, columns } of Object.values(sqlTables)) {
    const wanted = [...fixedColumns, ...columns.map((it) => it.column)]
    assert.deepEqual(names(db, 'SELECT name FROM pragma_table_info(?)', table).toSorted(), wanted.toSorted(), table)
    const found = db.prepare("SELECT name, [unique] AS only FROM pragma_index_list(?) WHERE origin = 'c'").all(table)
    const indexes = [...columns, { column: 'expires_at', unique: false }]
    assert.deepEqual(
      found.map((it) => `${it.name} ${it.only === 1}`).toSorted(),
      indexes.map((it) => `${table}_${it.column} ${it.unique}`).toSorted(),
    )
    for (const { column, unique } of columns) {
      const inIndex = names(db, 'SELECT name FROM pragma_index_info(?)', `${table}_${column}`)
      assert.deepEqual(inIndex.slice(0, 2), ['tenant', column])
      if (unique) assert.equal(inIndex.length, 2)
    }
  }
  db.close()
})

test('every lookup goes through an index', () => {
  const { db } = connect(':memory:')
  const plan = (sql: string) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((it) => String(it.detail))
  for (const table of Object.values(sqlTables)) {
    const text = statements(table, spelling)
    for (const sql of [text.get, text.load, text.put, text.putDoc, text.remove]) {
      assert.match(plan(sql).join(), /^SEARCH .*\(tenant=\? AND id=\?\)$/, sql)
    }
    assert.match(plan(text.list({ after: true, descending: true })).join(), /^SEARCH .*\(tenant=\? AND id<\?\)$/)
    for (const { column } of table.columns) {
      for (const sql of [text.loadMany(column), text.list({ column, after: true, descending: false })]) {
        assert.ok(plan(sql)[0]?.includes(`${table.table}_${column} (tenant=? AND ${column}=?`), sql)
      }
    }
    const sweeping = plan(`SELECT rowid FROM ${table.table} WHERE expires_at < ? LIMIT 1`)
    assert.ok(sweeping[0]?.includes(`${table.table}_expires_at (expires_at<?)`), sweeping.join())
  }
  db.close()
})

test('each setting that would be less than durable is refused with its name (S-30)', () => {
  const weak = ['journal_mode = DELETE', 'synchronous = NORMAL', 'foreign_keys = OFF', 'busy_timeout = 10']
  for (const setting of weak) {
    const path = newFile()
    const { db } = connect(path)
    verifySettings(db, path)
    db.exec(`PRAGMA ${setting}`)
    const named = (error: Error) =>
      error instanceof StoreUnavailable && error.message.includes(setting.split(' ')[0] ?? '')
    assert.throws(() => verifySettings(db, path), named)
    db.close()
  }
})

test('a database of a newer release is refused in words and left as it is', () => {
  const path = newFile()
  const { db } = connect(path)
  db.exec("INSERT INTO schema_migrations (number, name) VALUES (9999, 'from-the-future')")
  assert.throws(() => connect(path), /newer release/)
  assert.equal(db.prepare('SELECT max(number) AS n FROM schema_migrations').get()?.n, 9999)
  db.close()
})

test('a migration that fails leaves nothing of itself and of those before it', () => {
  const { db } = connect(newFile())
  const known = readMigrations()
  const next = known.length + 1
  const good = { number: next, name: 'good', sql: 'CREATE TABLE good (x)' }
  const bad = { number: next + 1, name: 'bad', sql: 'CREATE TABLE bad (x); CREATE TABLE good (x)' }
  assert.throws(() => migrate(db, [...known, good, bad]), /already exists/)
  assert.deepEqual(names(db, "SELECT name FROM sqlite_schema WHERE name IN ('good', 'bad')"), [])
  migrate(db, [...known, good])
  assert.equal(db.prepare('SELECT max(number) AS n FROM schema_migrations').get()?.n, next)
  db.close()
})

test('only migrations the database lacks are applied', () => {
  const known = [1, 2, 3].map((number) => ({ number, name: `m${number}`, sql: '' }))
  assert.deepEqual(missingMigrations(2, known), known.slice(2))
  assert.deepEqual(missingMigrations(3, known), [])
})

test('a sqlite URL names a path', () => {
  assert.equal(databasePath('sqlite:./data/polyfactor.db'), './data/polyfactor.db')
  assert.equal(databasePath('sqlite:/var/lib/p.db'), '/var/lib/p.db')
  assert.equal(databasePath('sqlite:///var/lib/p.db'), '/var/lib/p.db')
  assert.equal(databasePath('sqlite::memory:'), ':memory:')
  for (const bad of ['sqlite:', 'sqlite://host/p.db', './p.db']) {
    assert.throws(() => databasePath(bad), /DATABASE_URL should read/)
  }
})
