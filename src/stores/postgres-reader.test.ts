import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, PoolClient } from 'pg'
import { listed, step } from './postgres-batch.ts'
import type { Connections } from './postgres-connection.ts'
import { createReader } from './postgres-reader.ts'

/** What the reader hands to the driver; each batch is answered with no rows. */
interface Batch {
  submit(connection: Connection): void
  handleCommandComplete(message: { readonly text: string }): void
  handleReadyForQuery(): void
}

/** Connections that count round trips, and the statements of each. */
function counting(size: number) {
  const trips: number[] = []
  const query = (batch: Batch) => {
    let statements = 0
    // Messages are a letter and their length (PostgreSQL 54.7); E executes a statement.
    const write = (sent: Buffer) => {
      for (let at = 0; at < sent.length; at += 1 + sent.readInt32BE(at + 1)) if (sent[at] === 0x45) statements++
    }
    batch.submit({ stream: { write }, on() {} } as never)
    for (let at = 0; at < statements; at++) batch.handleCommandComplete({ text: 'SELECT 0' })
    trips.push(statements)
    setImmediate(() => batch.handleReadyForQuery())
  }
  const use = <A>(_patience: number, work: (client: PoolClient) => Promise<A>) => work({ query } as never)
  return { connections: { size, use } as unknown as Connections, trips }
}

const one = (table: string, id: string) => listed(`get ${table}`, [['demo'], [id]])

test('what a rating reads, asked for in one turn, is one round trip; rows of one table share statements', async () => {
  const { connections, trips } = counting(10)
  const read = createReader(connections)
  const counters = Array.from({ length: 14 }, (_, at) => one('risk_counters', `${at}`))
  const others = ['users', 'risk_profiles', 'risk_totals', 'budgets'].map((table) => one(table, 'one'))
  await Promise.all([...others, step('list events', 'demo', 'ada'), ...counters].map(read))
  assert.deepEqual(trips, [4 + 1 + 1])
})

test('more than one round trip takes goes over several connections at once', async () => {
  const { connections, trips } = counting(10)
  const read = createReader(connections)
  await Promise.all(Array.from({ length: 70 }, (_, at) => read(one('users', `${at}`))))
  assert.equal(trips.length, 3)
})
