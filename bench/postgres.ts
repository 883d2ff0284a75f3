/**
 * `node bench/postgres.ts [--quick] [--connections N]`, under the bundled Node: this server on PostgreSQL beside a bare
 * handler that does one conditional statement and the same signatures. Both share the machine with the database.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ask, type PostgresServer, postgresKinds } from '#test/support/postgres.ts'
import { databaseCpu } from './database-cpu.ts'
import type { ServerOrder } from './plan.ts'
import { type LoadProcess, type ServerProcess, startLoad, startServer } from './processes.ts'
import { median } from './report.ts'
import { settle, startSteadyPostgres } from './steady-postgres.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    connections: { type: 'string', default: '32' },
    kind: { type: 'string', default: '0' },
  },
})
const effort = values.quick ? { rounds: 3, seconds: 2 } : { rounds: 5, seconds: 5 }
const connections = Number(values.connections)
const most = { polyfactor: 2000, 'bare-postgres': 6000 } as const
type Kind = keyof typeof most

/** As long as ours. */
const payload = {
  iss: 'http://localhost/',
  sub: 'auth0|user-0000001',
  aud: 'https://api.example',
  iat: 1_700_000_000,
  exp: 1_700_086_400,
  scope: 'openid profile email read:things offline_access',
  email: 'user-0000001@example.com',
  email_verified: true,
  name: 'User 1',
}

interface Round {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  /** µs of CPU of the server process a request. */
  readonly cpu: number
  /** The same of all processes of the database. */
  readonly databaseCpu: number
}

const kind = postgresKinds()[Number(values.kind)]
if (!kind) throw new Error('no such PostgreSQL')
const postgres = await startSteadyPostgres(kind)
const load = startLoad()
const folder = mkdtempSync(join(tmpdir(), 'polyfactor-bench-'))
try {
  console.log(
    `Node ${process.version}, ${kind.name}, ${availableParallelism()} CPUs, loopback, ${connections} connections; ` +
      `medians of ${effort.rounds} rounds of ${effort.seconds} s that take turns`,
  )
  await compare(postgres, load)
} finally {
  load.stop()
  await postgres.remove()
  rmSync(folder, { recursive: true, force: true })
}

async function compare(postgres: PostgresServer, load: LoadProcess): Promise<void> {
  const base = { case: 'mfa-otp', algorithm: 'ES256', folder } as const
  const tokens = Array.from({ length: 2 }, () => ({ alg: 'ES256' as const, payload }))
  const running = new Map<Kind, ServerProcess>()
  const rows = (it: Kind) => Math.ceil(most[it] * effort.seconds * (effort.rounds + 1))
  for (const target of Object.keys(most) as Kind[]) {
    const database = await postgres.database(target.replace('-', '_'))
    const order: ServerOrder = { ...base, target, rows: rows(target), database, trace: { steps: [], tokens } }
    running.set(target, await startServer(order))
    await ask(database, 'VACUUM ANALYZE')
    await settle(database)
  }
  const used = new Map<Kind, number>()
  const go = async (target: Kind): Promise<Round> => {
    const server = running.get(target) as ServerProcess
    const from = used.get(target) ?? 0
    const before = { own: await server.cpu(), database: databaseCpu(postgres) }
    const like = target === 'polyfactor' ? 'polyfactor' : 'bare'
    const range = { from, to: from + most[target] * effort.seconds, seconds: effort.seconds, connections }
    const result = await load.run({ port: server.port, target: like, case: base.case, ...range })
    used.set(target, from + result.requests)
    const cpu = ((await server.cpu()) - before.own) / result.requests
    const database = (databaseCpu(postgres) - before.database) / result.requests
    return { rate: result.requests / result.seconds, p50: result.p50, p99: result.p99, cpu, databaseCpu: database }
  }
  for (const target of running.keys()) await go(target)
  const rounds: Record<Kind, Round[]> = { polyfactor: [], 'bare-postgres': [] }
  for (let i = 0; i < effort.rounds; i++) for (const target of running.keys()) rounds[target].push(await go(target))
  for (const [target, all] of Object.entries(rounds)) {
    const of = (key: keyof Round) => median(all.map((it) => it[key]))
    const each = all.map((it) => Math.round(it.rate)).join(' ')
    console.log(
      `${target.padEnd(14)} ${Math.round(of('rate'))} req/s, p50 ${of('p50').toFixed(1)} ms, p99 ${of('p99').toFixed(1)} ms, ` +
        `${Math.round(of('cpu'))} µs CPU a request, ${Math.round(of('databaseCpu'))} µs in the database (${each})`,
    )
  }
  const ratios = rounds.polyfactor.map((it, i) => it.rate / (rounds['bare-postgres'][i]?.rate ?? Number.NaN))
  console.log(`polyfactor / bare ${median(ratios).toFixed(2)}`)
  for (const server of running.values()) await server.stop()
}
