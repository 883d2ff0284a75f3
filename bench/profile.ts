import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Case, Effort } from './measure.ts'
import { type LoadProcess, startServer } from './processes.ts'

/** Runs our server alone under load and leaves a `.cpuprofile` in `folder`. */
export async function profile(it: Case, effort: Effort, load: LoadProcess, folder: string): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'polyfactor-bench-'))
  const rows = 40_000
  try {
    const order = { target: 'polyfactor', case: it.name, algorithm: it.algorithm, rows, folder: data } as const
    const server = await startServer(order, ['--cpu-prof', `--cpu-prof-dir=${folder}`])
    const before = await server.cpu()
    const { port } = server
    const { connections } = effort
    const one = { port, target: 'polyfactor', case: it.name, from: 0, to: rows, seconds: 8, connections } as const
    const result = await load.run(one)
    const cpu = ((await server.cpu()) - before) / result.requests
    console.log(`${(result.requests / result.seconds).toFixed(0)} req/s, ${cpu.toFixed(0)} µs of CPU a request`)
    await server.stop()
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}
