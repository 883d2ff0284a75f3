/**
 * `npm run bench:pair [-- --quick]`: one process beside two on one PostgreSQL, by turns, each under load of its own. What
 * two give depends on the cores that are left for them, so CPU a request is printed beside the rates.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { ask, postgresKinds } from '#test/support/postgres.ts'
import { databaseCpu } from './database-cpu.ts'
import { type LoadProcess, type ServerProcess, startLoad, startServer } from './processes.ts'
import { median } from './report.ts'
import { settle, startSteadyPostgres } from './steady-postgres.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const effort = values.quick ? { rounds: 3, seconds: 2 } : { rounds: 5, seconds: 5 }
const connections = 32
const most = 2_500

interface Round {
  readonly rate: number
  /** µs a request, of all server processes, and of all of the database. */
  readonly cpu: number
  readonly databaseCpu: number
  /** Shares of a core that the load generators needed. */
  readonly busy: number
}

const [kind] = postgresKinds()
if (!kind) throw new Error('no PostgreSQL here')
const postgres = await startSteadyPostgres(kind)
const loads = [startLoad(), startLoad()]
const servers: ServerProcess[] = []
try {
  const database = await postgres.database('pair')
  const rows = most * effort.seconds * (2 * effort.rounds + 2)
  const order = { target: 'polyfactor', case: 'mfa-otp', algorithm: 'ES256', folder: '', database } as const
  servers.push(await startServer({ ...order, rows }), await startServer({ ...order, rows: 0, joins: true }))
  await ask(database, 'VACUUM ANALYZE')
  await settle(database)
  console.log(
    `Node ${process.version}, ${kind.name}, ${availableParallelism()} CPUs, loopback, ${connections} connections in all; ` +
      `medians of ${effort.rounds} rounds of ${effort.seconds} s that take turns`,
  )
  let used = 0
  const go = async (count: number): Promise<Round> => {
    const running = servers.slice(0, count)
    const before = await cpuOf(running)
    const each = Math.floor((most * effort.seconds) / count)
    const begun = running.map(async (server, at) => {
      const from = used + at * each
      const one = { target: 'polyfactor', case: order.case, seconds: effort.seconds, from, to: from + each } as const
      return await (loads[at] as LoadProcess).run({ ...one, port: server.port, connections: connections / count })
    })
    const results = await Promise.all(begun)
    used += each * count
    const after = await cpuOf(running)
    const requests = results.reduce((sum, it) => sum + it.requests, 0)
    return {
      rate: results.reduce((sum, it) => sum + it.requests / it.seconds, 0),
      cpu: (after.own - before.own) / requests,
      databaseCpu: (after.database - before.database) / requests,
      busy: results.reduce((sum, it) => sum + it.busy, 0),
    }
  }
  for (const count of [1, 2]) await go(count)
  const rounds: Record<number, Round[]> = { 1: [], 2: [] }
  for (let i = 0; i < effort.rounds; i++) for (const count of [1, 2]) rounds[count]?.push(await go(count))
  for (const [count, all] of Object.entries(rounds)) {
    const of = (key: keyof Round) => median(all.map((it) => it[key]))
    console.log(
      `${count === '1' ? 'one process ' : 'two processes'} ${Math.round(of('rate'))} req/s, ${Math.round(of('cpu'))} µs CPU a request, ` +
        `${Math.round(of('databaseCpu'))} µs in the database, load generators ${Math.round(of('busy') * 100)} % of a core`,
    )
  }
  const ratios = (rounds[2] ?? []).map((it, at) => it.rate / (rounds[1]?.[at]?.rate ?? Number.NaN))
  console.log(`two / one ${median(ratios).toFixed(2)}`)
} finally {
  for (const load of loads) load.stop()
  for (const server of servers) await server.stop()
  await postgres.remove()
}

async function cpuOf(running: readonly ServerProcess[]): Promise<{ own: number; database: number }> {
  const own = await Promise.all(running.map((server) => server.cpu()))
  return { own: own.reduce((sum, it) => sum + it, 0), database: databaseCpu(postgres) }
}
