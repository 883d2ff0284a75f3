import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { insert, put, row, StoreUnavailable } from '#ports/store.ts'
import { asTenant, budget, challenge } from '#test/contracts/store-rows.ts'
import { open, SqliteStore } from './sqlite.ts'
import { connect } from './sqlite-connection.ts'

const acme = asTenant('acme')
const folder = mkdtempSync(join(tmpdir(), 'polyfactor-faults-'))
const children = new Set<ChildProcess>()
after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})
let files = 0
const newFile = () => join(folder, `${files++}.db`)

const add = (store: SqliteStore, id: string, more = {}) =>
  store.change({}, () => ({ result: id, writes: [insert('budgets', budget(acme, id, more))] }))

async function rival(url: string, name: string): Promise<ChildProcess> {
  const script = fileURLToPath(import.meta.resolve('#test/contracts/store-rival.ts'))
  const child = fork(script, [url, name])
  children.add(child)
  child.once('exit', () => children.delete(child))
  await once(child, 'message')
  return child
}

test('64 parallel changes share a few transactions', async () => {
  const store = await open(`sqlite:${newFile()}`)
  const before = store.figures()
  await Promise.all(Array.from({ length: 64 }, (_, n) => add(store, `b${n}`)))
  const figures = store.figures()
  assert.equal(figures.changes - before.changes, 64)
  assert.ok(figures.transactions - before.transactions <= 4, `${figures.transactions - before.transactions}`)
  await store.close()
})

test('of 50 tries by two processes on one file exactly one succeeds, 100 rounds (AC-1)', async () => {
  const url = `sqlite:${newFile()}`
  const store = await open(url)
  const rivals = await Promise.all(['a', 'b'].map((name) => rival(url, name)))
  for (let round = 0; round < 100; round++) {
    const id = `round-${round}`
    await store.change({}, () => ({ result: 0, writes: [insert('challenges', challenge(acme, id))] }))
    const answers = rivals.map((child) => once(child, 'message'))
    for (const child of rivals) child.send({ spend: id })
    const won = (await Promise.all(answers)).flatMap(([it]) => (it as { won: string[] }).won)
    assert.equal(won.length, 1, `round ${round}: ${won}`)
    const events = await store.list('events', acme, { by: { index: 'user', value: id } })
    assert.deepEqual(
      events.map((it) => it.id),
      won,
    )
  }
  for (const child of rivals) child.disconnect()
  await store.close()
})

test('kill -9 at any moment leaves both rows of a change or neither, and loses nothing that was answered (S-31)', async () => {
  const path = newFile()
  for (let round = 0; round < 24; round++) {
    const child = await rival(`sqlite:${path}`, `r${round}`)
    const acknowledged: number[] = []
    child.on('message', (it: { acknowledged: number }) => acknowledged.push(it.acknowledged))
    child.send({ pairs: true })
    await once(child, 'message')
    await new Promise((resolve) => setTimeout(resolve, round))
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
    const db = new DatabaseSync(path)
    const found = db.prepare('SELECT id FROM budgets WHERE id LIKE ?').all(`r${round}-%`)
    assert.equal(db.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
    db.close()
    const ids = new Set(found.map((it) => String(it.id)))
    const halves = [...ids].filter(
      (id) => !ids.has(id.replace(/left|right/, (it) => (it === 'left' ? 'right' : 'left'))),
    )
    assert.deepEqual(halves, [])
    assert.ok(acknowledged.length > 0)
    for (const n of acknowledged) assert.ok(ids.has(`r${round}-${n}-left`), `pair ${n} of round ${round} is lost`)
  }
})

test('a change that fails half-way is undone alone; who shared its transaction is written and answered once', async () => {
  const store = await open(`sqlite:${newFile()}`)
  await add(store, 'taken')
  const before = store.figures()
  const both = (id: string, other: string) =>
    store.change({}, () => ({
      result: id,
      writes: [insert('budgets', budget(acme, id)), insert('budgets', budget(acme, other))],
    }))
  const group = await Promise.allSettled([both('one', 'two'), both('half', 'taken'), both('three', 'four')])
  assert.deepEqual(
    group.map((it) => (it.status === 'fulfilled' ? it.value : (it.reason as Error).name)),
    ['one', 'StoreConflict', 'three'],
  )
  assert.deepEqual(
    (await store.list('budgets', acme)).map((it) => it.id),
    ['four', 'one', 'taken', 'three', 'two'],
  )
  assert.equal(store.figures().changes - before.changes, 3)
  assert.equal(await both('five', 'six'), 'five')
  await store.close()
})

test('a full disk refuses writes whole, keeps reads alive, and heals when there is space (S-169)', async () => {
  const path = newFile()
  const connection = connect(path)
  const store = new SqliteStore(path, connection)
  await add(store, 'early')
  const pages = Number(connection.db.prepare('PRAGMA page_count').get()?.page_count)
  connection.db.exec(`PRAGMA max_page_count = ${pages}`)
  const big = { memory: { pad: 'x'.repeat(20_000) } }
  const group = await Promise.allSettled([
    add(store, 'small'),
    store.change({ it: row('budgets', acme, 'early') }, ({ it }) => ({
      result: 0,
      writes: [put('budgets', budget(acme, it?.id ?? '', { used: 5 })), insert('budgets', budget(acme, 'big', big))],
    })),
  ])
  for (const it of group) assert.ok(it.status === 'rejected' && it.reason instanceof StoreUnavailable)
  assert.equal((await store.get('budgets', acme, 'early'))?.used, 0)
  assert.equal(await store.count('budgets', acme), 1)
  await store.check()
  connection.db.exec('PRAGMA max_page_count = 100000')
  await add(store, 'big', big)
  assert.equal(await store.count('budgets', acme), 2)
  await store.close()
})

test('a commit that fails refuses all who shared it, and the next one works (S-32)', async () => {
  const path = newFile()
  const connection = connect(path)
  const store = new SqliteStore(path, connection)
  // A deferred foreign key that is not met makes COMMIT itself fail, after every statement has succeeded.
  connection.db.exec(`CREATE TABLE missing (id TEXT PRIMARY KEY);
    CREATE TABLE broken (id TEXT REFERENCES missing DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER breaks AFTER INSERT ON budgets WHEN new.id = 'breaks' BEGIN INSERT INTO broken VALUES ('x'); END`)
  const group = await Promise.allSettled(['one', 'breaks', 'two'].map((id) => add(store, id)))
  for (const it of group) assert.ok(it.status === 'rejected' && it.reason instanceof StoreUnavailable)
  assert.equal(await store.count('budgets', acme), 0)
  assert.equal(await add(store, 'one'), 'one')
  await store.close()
})

test('a file locked by another process refuses writes within 2 s while reads go on, and heals (S-165)', async () => {
  const path = newFile()
  const store = await open(`sqlite:${path}`)
  await add(store, 'early')
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const began = performance.now()
  const refused = assert.rejects(add(store, 'late'), StoreUnavailable)
  let longestPause = 0
  for (let before = performance.now(), waiting = true; waiting; before = performance.now()) {
    assert.ok(await store.get('budgets', acme, 'early'))
    await Promise.race([refused.then(() => (waiting = false)), new Promise((resolve) => setTimeout(resolve, 5))])
    longestPause = Math.max(longestPause, performance.now() - before)
  }
  assert.ok(performance.now() - began < 2000)
  assert.ok(longestPause < 500, `the process stood still for ${longestPause} ms`)
  const waiting = add(store, 'waited')
  setTimeout(() => other.exec('ROLLBACK'), 50)
  assert.equal(await waiting, 'waited')
  assert.equal(await store.get('budgets', acme, 'late'), undefined)
  other.close()
  await store.close()
})

test('check fails while nothing can be written because another process holds the file', async () => {
  const path = newFile()
  const store = await open(`sqlite:${path}`)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(store.check(), StoreUnavailable)
  other.close()
  await store.check()
  await store.close()
})

test('a file that is no database is refused in words', async () => {
  const path = newFile()
  writeFileSync(path, 'this is a letter to my aunt, not a database\n'.repeat(50))
  await assert.rejects(open(`sqlite:${path}`), (error: Error) => {
    return error instanceof StoreUnavailable && error.message.includes(path) && /not a database/.test(error.message)
  })
})

test('the write-ahead log does not grow without end', async () => {
  const path = newFile()
  const store = await open(`sqlite:${path}`)
  const pad = { memory: { pad: 'x'.repeat(4000) } }
  for (let round = 0; round < 40; round++) {
    await Promise.all(Array.from({ length: 100 }, (_, n) => add(store, `${round}-${n}`, pad)))
  }
  assert.ok(statSync(path).size > 10_000_000)
  assert.ok(statSync(`${path}-wal`).size < 12_000_000, `${statSync(`${path}-wal`).size}`)
  await store.close()
})
