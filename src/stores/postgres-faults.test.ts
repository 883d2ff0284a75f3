import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { insert, put, row, rows, type Store, StoreUnavailable, type Write } from '#ports/store.ts'
import { asTenant, budget, challenge } from '#test/contracts/store-rows.ts'
import { ask, type PostgresServer, postgresKinds, startPostgres } from '#test/support/postgres.ts'
import { startProxy, type TcpProxy } from '#test/support/tcp-proxy.ts'
import { open, type PostgresStore } from './postgres.ts'

const acme = asTenant('acme')
let server: PostgresServer
let databases = 0
const children = new Set<ChildProcess>()
before(async () => {
  const [kind] = postgresKinds()
  assert.ok(kind)
  server = await startPostgres(kind)
})
after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await server.remove()
})
const database = () => server.database(`faults${databases++}`)
const write = (store: Store, ...writes: readonly Write[]) => store.change({}, () => ({ result: undefined, writes }))
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** How long something took, ms. */
async function timed(work: Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work
  return performance.now() - began
}

async function rival(url: string, name: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(import.meta.resolve('#test/contracts/store-rival.ts')), [url, name])
  children.add(child)
  child.once('exit', () => children.delete(child))
  await once(child, 'message')
  return child
}

/** A store that reaches its server through a network the test can break. */
async function proxied(more = ''): Promise<{ store: PostgresStore; proxy: TcpProxy; url: string }> {
  const url = await database()
  const proxy = await startProxy(server.port)
  const store = await open(url.replace(`:${server.port}/`, `:${proxy.port}/`) + more)
  return { store, proxy, url }
}

describe('several processes', () => {
  test('of 50 tries by two processes exactly one succeeds, 50 rounds (AC-1)', async () => {
    const url = await database()
    const store = await open(url)
    const rivals = await Promise.all(['a', 'b'].map((name) => rival(url, name)))
    for (let round = 0; round < 50; round++) {
      const id = `round-${round}`
      await write(store, insert('challenges', challenge(acme, id, { flow: id })))
      const answers = rivals.map((child) => once(child, 'message'))
      for (const child of rivals) child.send({ spend: id })
      const said = (await Promise.all(answers)).map(([it]) => it as { won?: string[]; failed?: string })
      const won = said.flatMap((it) => it.won ?? assert.fail(it.failed))
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

  test('kill -9 of a process leaves both rows of a change or neither, and loses nothing that was answered (S-31)', async () => {
    const url = await database()
    const store = await open(url)
    for (let round = 0; round < 8; round++) {
      const child = await rival(url, `r${round}`)
      const acknowledged: number[] = []
      child.on('message', (it: { acknowledged: number }) => acknowledged.push(it.acknowledged))
      child.send({ pairs: true })
      await once(child, 'message')
      await pause(round * 3)
      const gone = once(child, 'close')
      child.kill('SIGKILL')
      await gone
      await checkPairs(url, `r${round}-`, acknowledged)
    }
    await store.close()
  })
})

async function checkPairs(url: string, prefix: string, acknowledged: readonly number[]): Promise<void> {
  const found = await ask(url, `SELECT id FROM budgets WHERE id LIKE '${prefix}%'`)
  const ids = new Set(found.map((it) => String(it.id)))
  const twin = (id: string) => id.replace(/left|right/, (it) => (it === 'left' ? 'right' : 'left'))
  assert.deepEqual(
    [...ids].filter((id) => !ids.has(twin(id))),
    [],
  )
  assert.ok(acknowledged.length > 0)
  for (const n of acknowledged) assert.ok(ids.has(`${prefix}${n}-left`), `pair ${n} of ${prefix} is lost`)
}

describe('a server that goes away', () => {
  test('a crash in the middle of changes loses nothing answered, and the store serves again within 5 s (AC-24)', async () => {
    const url = await database()
    const store = await open(url)
    for (const how of ['immediate', 'fast'] as const) {
      const acknowledged: number[] = []
      const failures: unknown[] = []
      let running = true
      const workers = Array.from({ length: 8 }, async (_, worker) => {
        for (let n = worker; running; n += 8) {
          const pair = ['left', 'right'].map((side) => insert('budgets', budget(acme, `${how}-${n}-${side}`)))
          await write(store, ...pair).then(
            () => acknowledged.push(n),
            (error) => failures.push(error),
          )
          if (failures.length > 0) await pause(20)
        }
      })
      await pause(150)
      await server.stop(how)
      const took = await timed(assert.rejects(store.check(), StoreUnavailable))
      assert.ok(took < 2000, `refused after ${took} ms`)
      await server.start()
      const until = performance.now() + 5000
      const before = acknowledged.length
      while (acknowledged.length === before) {
        assert.ok(performance.now() < until, 'no recovery within 5 s')
        await pause(20)
      }
      running = false
      await Promise.all(workers)
      assert.ok(failures.length > 0)
      for (const it of failures) assert.ok(it instanceof StoreUnavailable, String(it))
      await checkPairs(url, `${how}-`, acknowledged)
    }
    await store.close()
  })

  test('a change whose answer is lost is not known to have happened, and is not made twice (S-32)', async () => {
    const { store, proxy, url } = await proxied()
    await write(store, insert('budgets', budget(acme, 'sum')))
    let runs = 0
    const add = store.change({ it: row('budgets', acme, 'sum') }, ({ it }) => {
      runs++
      proxy.loseAnswers()
      return { result: 0, writes: [put('budgets', budget(acme, 'sum', { used: (it?.used ?? 0) + 1 }))] }
    })
    await assert.rejects(add, StoreUnavailable)
    assert.equal(runs, 1)
    proxy.cut(false)
    assert.equal((await store.get('budgets', acme, 'sum'))?.used, 1)
    const [made] = await ask(url, "SELECT rev FROM budgets WHERE id = 'sum'")
    assert.equal(Number(made?.rev), 2)
    await store.close()
    await proxy.close()
  })

  test('a server that takes 10 s is given up on within 2 s, without a connection left behind (AC-25)', async () => {
    const { store, proxy } = await proxied()
    await write(store, insert('budgets', budget(acme, 'slow')))
    proxy.delay(10_000)
    const calls = [
      () => store.get('budgets', acme, 'slow'),
      () => write(store, insert('budgets', budget(acme, 'slow-2'))),
      () => store.check(),
    ]
    const took = await Promise.all(calls.map((call) => timed(assert.rejects(call(), StoreUnavailable))))
    for (const ms of took) assert.ok(ms < 2000, `${ms} ms`)
    proxy.delay(0)
    assert.ok(await store.get('budgets', acme, 'slow'))
    const { waiting, idle, connections } = store.figures()
    assert.deepEqual([waiting, idle], [0, connections])
    await store.close()
    await proxy.close()
  })

  test('5,000 calls that find every connection busy are answered or refused within 2 s (AC-27)', async () => {
    const url = await database()
    const store = await open(`${url}?pool=4`)
    await write(store, insert('budgets', budget(acme, 'busy')))
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    await holder.query('BEGIN; LOCK TABLE budgets IN ACCESS EXCLUSIVE MODE')
    // What the machine itself is late does not count.
    const lag = monitorEventLoopDelay()
    lag.enable()
    const calls = Array.from({ length: 5000 }, async (_, n) => {
      const call = n % 2 ? store.get('budgets', acme, 'busy') : write(store, insert('budgets', budget(acme, `b${n}`)))
      const ms = await timed(assert.rejects(call, StoreUnavailable))
      assert.ok(ms < 2000 + 2 * (lag.max / 1e6), `${ms} ms, event loop late by ${lag.max / 1e6}`)
    })
    const settled = await Promise.allSettled(calls)
    lag.disable()
    await holder.query('ROLLBACK')
    await holder.end()
    for (const it of settled) if (it.status === 'rejected') throw it.reason
    assert.ok(await store.get('budgets', acme, 'busy'))
    assert.equal(store.figures().waiting, 0)
    assert.ok(store.figures().connections <= 4)
    await store.close()
  })

  test('a server that turns read-only is left, and found again when it writes', async () => {
    const url = await database()
    const store = await open(url)
    const change = () => write(store, insert('budgets', budget(acme, `ro-${performance.now()}`)))
    await change()
    const name = new URL(url).pathname.slice(1)
    const beside = await server.database('beside')
    await ask(beside, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    await ask(beside, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'polyfactor'`)
    await pause(100)
    await assert.rejects(change(), StoreUnavailable)
    await ask(beside, `ALTER DATABASE ${name} RESET default_transaction_read_only`)
    await change()
    await store.close()
  })
})

describe('who is waited for', () => {
  test('a row somebody else keeps locked is given up on after a second, and what was read is not lost', async () => {
    const url = await database()
    const store = await open(url)
    await write(store, insert('budgets', budget(acme, 'held')))
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    await holder.query("BEGIN; SELECT 1 FROM budgets WHERE id = 'held' FOR UPDATE")
    const late = store.change({ it: row('budgets', acme, 'held') }, () => ({
      result: 0,
      writes: [put('budgets', budget(acme, 'held', { used: 1 }))],
    }))
    const took = await timed(assert.rejects(late, StoreUnavailable))
    assert.ok(took > 900 && took < 2000, `${took} ms`)
    assert.equal((await store.get('budgets', acme, 'held'))?.used, 0)
    await holder.end()
    await store.close()
  })

  test('changes that want the same things in another order do not block each other', async () => {
    const url = await database()
    const stores = await Promise.all([open(url), open(url)])
    const ids = ['one', 'two', 'three']
    for (const id of ids) await write(stores[0] as Store, insert('budgets', budget(acme, id)))
    const add = (store: Store, order: readonly string[], n: number) =>
      store.change(
        {
          ...Object.fromEntries(order.map((id) => [id, row('budgets', acme, id)])),
          set: rows('challenges', 'flow', acme, 'orders'),
        },
        (found) => ({
          result: 0,
          writes: [
            ...order.map((id) => {
              const { used } = (found as Record<string, unknown>)[id] as { used: number }
              return put('budgets', budget(acme, id, { used: used + 1 }))
            }),
            insert('challenges', challenge(acme, `order-${n}`, { flow: 'orders' })),
          ],
        }),
      )
    const orders = [ids, ids.toReversed(), ['two', 'three', 'one']]
    const all = Array.from({ length: 90 }, (_, n) => add(stores[n % 2] as Store, orders[n % 3] ?? ids, n))
    await Promise.all(all)
    for (const id of ids) assert.equal((await stores[1]?.get('budgets', acme, id))?.used, 90)
    for (const store of stores) await store.close()
  })
})

test('what an answer needs besides is made while the writes are under way', async () => {
  const { store, proxy } = await proxied()
  const order: string[] = []
  proxy.delay(150)
  await store.change({}, () => ({
    result: 0,
    writes: [insert('budgets', budget(acme, 'slowly'))],
    meanwhile: () => order.push('made'),
  }))
  order.push('written')
  await store.change({}, () => ({ result: 0, meanwhile: () => order.push('nothing to wait for') }))
  assert.deepEqual(order, ['made', 'written'])
  await store.close()
  await proxy.close()
})

describe('a database that would not do', () => {
  const refused = (url: string, message: RegExp) =>
    assert.rejects(open(url), (error: Error) => {
      assert.doesNotMatch(error.message, /hunter2/)
      return error instanceof StoreUnavailable && message.test(error.message)
    })

  test('settings under which an answered change could be lost stop the start (S-30)', async () => {
    const url = await database()
    await refused(`${url}?options=-c%20synchronous_commit%3Doff`, /synchronous_commit = off/)
    server.configure('fsync = off')
    await server.stop()
    await server.start()
    await refused(url, /fsync = off/)
    server.configure('fsync = on')
    await server.stop()
    await server.start()
    await (await open(url)).close()
  })

  test('another encoding, a newer release and a missing database are named', async () => {
    await ask(await database(), "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    await refused(`postgres://postgres@127.0.0.1:${server.port}/latin`, /encoding is LATIN1/)
    await refused(`postgres://postgres:hunter2@127.0.0.1:${server.port}/nowhere`, /3D000/)
    await refused('postgres://postgres:hunter2@127.0.0.1:1/x', /ECONNREFUSED/)
    const url = await database()
    await (await open(url)).close()
    await ask(url, "INSERT INTO schema_migrations (number, name) VALUES (9999, 'later')")
    await refused(url, /newer release/)
  })
})
