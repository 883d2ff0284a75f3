/**
 * `npm run bench:crowd [-- --quick] [--store sqlite|postgres]`: the slowest hundredth of a login's requests with
 * 1,000,000 users and 100,000 expired challenges in the database, beside an empty one, by turns. The expired rows are
 * cleared away meanwhile, as the real server does. Fails where the crowded one takes more than twice as long.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ask, postgresKinds, startPostgres } from '#test/support/postgres.ts'
import type { CaseName, ServerOrder } from './plan.ts'
import { type LoadProcess, type ServerProcess, startLoad, startServer } from './processes.ts'
import { median } from './report.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, store: { type: 'string' } },
})
const crowd = values.quick ? { users: 50_000, challenges: 5_000 } : { users: 1_000_000, challenges: 100_000 }
const effort = values.quick ? { rounds: 3, seconds: 2 } : { rounds: 7, seconds: 4 }
/** Requests a second nobody exceeds here, and connections: few, so that waiting in line is not what is measured. */
const cases: Readonly<Partial<Record<CaseName, { readonly most: number; readonly connections: number }>>> = {
  password: { most: 150, connections: 2 },
  'mfa-otp': { most: 2_500, connections: 4 },
}
const names = ['empty', 'crowded'] as const

/** Where each server's database is. */
type Place = (name: string) => Promise<Pick<ServerOrder, 'folder' | 'database'>>

const load = startLoad()
try {
  console.log(
    `Node ${process.version}, ${availableParallelism()} CPUs, loopback; ${crowd.users} users and ${crowd.challenges} expired ` +
      `challenges beside none; medians of ${effort.rounds} rounds of ${effort.seconds} s that take turns`,
  )
  if (values.store !== 'postgres') await onSqlite()
  if (values.store !== 'sqlite') await onPostgres()
} finally {
  load.stop()
}

async function onSqlite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'polyfactor-bench-'))
  try {
    for (const name of Object.keys(cases) as CaseName[])
      await compare('SQLite', name, async (which) => ({ folder: mkdtempSync(join(folder, which)) }), load)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function onPostgres(): Promise<void> {
  const [kind] = postgresKinds()
  if (!kind) throw new Error('no PostgreSQL here')
  const server = await startPostgres(kind)
  try {
    for (const name of Object.keys(cases) as CaseName[]) {
      const place: Place = async (which) => ({
        folder: '',
        database: await server.database(`${which}_${name.replace('-', '_')}`),
      })
      await compare(kind.name, name, place, load)
    }
  } finally {
    await server.remove()
  }
}

async function compare(store: string, name: CaseName, place: Place, load: LoadProcess): Promise<void> {
  const { most, connections } = cases[name] ?? { most: 0, connections: 1 }
  const each = most * effort.seconds
  const base = { target: 'polyfactor', case: name, algorithm: 'ES256', rows: each * (effort.rounds + 1) } as const
  const running: ServerProcess[] = []
  try {
    for (const which of names) {
      const where = await place(which)
      const began = performance.now()
      running.push(await startServer({ ...base, ...where, ...(which === 'crowded' && { crowd }) }))
      if (where.database) await ask(where.database, 'VACUUM ANALYZE')
      console.log(
        `${store}, ${name}: the ${which} one is ready after ${((performance.now() - began) / 1e3).toFixed(0)} s`,
      )
    }
    const used = [0, 0]
    const p99: number[][] = [[], []]
    for (let round = 0; round <= effort.rounds; round++) {
      for (const [at, server] of running.entries()) {
        const from = used[at] ?? 0
        const order = { target: 'polyfactor', case: name, from, to: from + each, seconds: effort.seconds } as const
        const result = await load.run({ ...order, port: server.port, connections })
        used[at] = from + result.requests
        // The first round warms up.
        if (round > 0) p99[at]?.push(result.p99)
      }
    }
    const [empty = Number.NaN, crowded = Number.NaN] = p99.map(median)
    const ratio = median((p99[1] ?? []).map((it, at) => it / (p99[0]?.[at] ?? Number.NaN)))
    console.log(
      `${store}, ${name}: p99 ${empty.toFixed(1)} ms empty, ${crowded.toFixed(1)} ms crowded, ratio ${ratio.toFixed(2)}` +
        ` (${used.join(' and ')} requests)`,
    )
    if (ratio > 2) process.exitCode = 1
  } finally {
    for (const server of running) await server.stop()
  }
}
