import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { ask, type PostgresServer, postgresKinds, startPostgres } from '#test/support/postgres.ts'
import { open } from './postgres.ts'
import { poolConfig } from './postgres-connection.ts'
import { loadAll, loadLocked, postgresStatements, type RefShape, stillSame, sweepTable } from './postgres-sql.ts'
import { hasSets, indexName, sqlTables, tableNames } from './sql.ts'

/** What a statement costs must not depend on how many rows there are: each goes through the index made for it. */
let server: PostgresServer
let client: pg.Client
let url: string
before(async () => {
  const [kind] = postgresKinds()
  assert.ok(kind)
  server = await startPostgres(kind)
  url = await server.database('plans')
  await (await open(url)).close()
  client = new pg.Client(poolConfig(url))
  await client.connect()
})
after(async () => {
  await client.end()
  await server.remove()
})

/** How the server would run a statement, as lines. */
async function planOf(text: string): Promise<string> {
  const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN) ${text}`)
  return (rows as { 'QUERY PLAN': string }[]).map((it) => it['QUERY PLAN']).join('\n')
}

async function runsThrough(text: string, index: string): Promise<void> {
  const plan = await planOf(text)
  assert.match(plan, new RegExp(`using ${index}\\b|on ${index}\\b`), `${text}\n${plan}`)
  assert.doesNotMatch(plan, /Seq Scan on [a-z]/, `${text}\n${plan}`)
}

async function everyStatement(): Promise<void> {
  for (const table of tableNames) {
    const key = `${table}_pkey`
    const { get, put, putDoc, remove, list, count } = postgresStatements[table]
    const one: RefShape = { table }
    for (const text of [get, put, putDoc, remove, loadAll([one]).text, loadLocked(one), stillSame(one)]) {
      await runsThrough(text, key)
    }
    for (const text of [get, loadAll([one]).text, stillSame(one), putDoc]) {
      await runsThrough(text, key)
      // Row by row, not by reading the whole index and joining it.
      assert.match(await planOf(text), /Index Cond: .*tenant.*id/, text)
    }
    await runsThrough(list({ after: true, descending: false }), key)
    await runsThrough(sweepTable(table), `${table}_expires_at`)
    assert.match(await planOf(sweepTable(table)), new RegExp(`Tid Scan on ${table} `))
    for (const { index, column } of sqlTables[table].columns) {
      const by = indexName(table, column)
      for (const shape of [
        { column, after: false, descending: true },
        { column, after: true, descending: false },
      ]) {
        await runsThrough(list(shape), by)
      }
      await runsThrough(count(column), by)
      if (!hasSets(table)) continue
      const set: RefShape = { table, index }
      for (const text of [loadAll([set]).text, loadLocked(set), stillSame(set)]) await runsThrough(text, by)
    }
  }
}

test('every statement runs through its index while the tables are empty', () => everyStatement())

test('and when they are large, whether or not the server knows that yet', async () => {
  for (const table of tableNames) {
    const { columns } = sqlTables[table]
    const names = columns.map(({ column }) => `, ${column}`).join('')
    const values = columns.map(({ unique }) => (unique ? `, 'v' || n` : `, 'v' || n / 5`)).join('')
    await ask(
      url,
      `INSERT INTO ${table} (tenant, id, rev, expires_at, doc${names})
       SELECT 'acme', 'id' || n, 1, 1000 + n, '{}'${values} FROM generate_series(1, 5000) AS n`,
    )
  }
  await everyStatement()
  await ask(url, 'ANALYZE')
  await everyStatement()
})
