import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SigningAlgorithm } from '#model/tenant.ts'
import { type CaseName, type SignedToken, type Target, type Trace, targets } from './plan.ts'
import { type LoadProcess, type ServerProcess, startServer } from './processes.ts'

export interface Case {
  readonly name: CaseName
  readonly algorithm: SigningAlgorithm
  readonly title: string
  /** Fewer than usual: hashing is bounded, and what waits too long for it is refused. */
  readonly connections?: number
}

export interface Effort {
  readonly rounds: number
  /** Of a round, and of the warm-up before the first. */
  readonly seconds: number
  readonly warmUp: number
  readonly connections: number
}

/** One round of one server. */
export interface Round {
  readonly rate: number
  /** ms. */
  readonly p50: number
  readonly p99: number
  /** µs of CPU of the server process a request, all threads. */
  readonly cpu: number
  /** Share of a core the load generator needed. */
  readonly busy: number
}

export interface Measured {
  readonly trace: Trace
  readonly rounds: Readonly<Record<Target, readonly Round[]>>
}

/** Requests a second nobody exceeds here, so that there are users and tickets enough. */
const most: Readonly<Record<CaseName, Readonly<Record<Target, number>>>> = {
  'mfa-otp': { polyfactor: 5_000, bare: 9_000, 'oidc-provider': 1_500 },
  challenge: { polyfactor: 8_000, bare: 14_000, 'oidc-provider': 3_500 },
  password: { polyfactor: 300, bare: 300, 'oidc-provider': 300 },
}

/** Measures one operation on all servers, in rounds that take turns. */
export async function measure(it: Case, effort: Effort, load: LoadProcess): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'polyfactor-bench-'))
  const running: ServerProcess[] = []
  try {
    const trace = await traceOf(it, folder, load)
    const share = { warm: effort.warmUp, round: effort.seconds }
    const entries: (readonly [Target, ServerProcess])[] = []
    for (const target of targets) {
      const rows = Math.ceil(most[it.name][target] * (share.warm + share.round * effort.rounds))
      const order = { target, case: it.name, algorithm: it.algorithm, rows, folder, trace }
      const server = await startServer(target === 'bare' ? order : { ...order, trace: undefined })
      running.push(server)
      entries.push([target, server])
    }
    const used = new Map<Target, number>()
    const go = async (target: Target, server: ServerProcess, seconds: number): Promise<Round> => {
      const from = used.get(target) ?? 0
      const to = from + Math.ceil(most[it.name][target] * seconds)
      const before = await server.cpu()
      const { port } = server
      const connections = Math.min(effort.connections, it.connections ?? effort.connections)
      const result = await load.run({ port, target, case: it.name, from, to, seconds, connections })
      used.set(target, from + result.requests)
      return {
        rate: result.requests / result.seconds,
        p50: result.p50,
        p99: result.p99,
        cpu: ((await server.cpu()) - before) / result.requests,
        busy: result.busy,
      }
    }
    for (const [target, server] of entries) await go(target, server, effort.warmUp)
    const rounds: Record<Target, Round[]> = { polyfactor: [], bare: [], 'oidc-provider': [] }
    for (let i = 0; i < effort.rounds; i++) {
      for (const [target, server] of entries) rounds[target].push(await go(target, server, effort.seconds))
    }
    return { trace, rounds }
  } finally {
    await Promise.all(running.map((server) => server.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}

/** What one request of ours reads, commits, hashes and signs; seen, not assumed. */
async function traceOf(it: Case, folder: string, load: LoadProcess): Promise<Trace> {
  const own = await mkdtemp(join(folder, 'trace-'))
  const order = { target: 'polyfactor', case: it.name, algorithm: it.algorithm, rows: 20, folder: own } as const
  const server = await startServer({ ...order, tracing: true })
  try {
    const one = { port: server.port, target: 'polyfactor', case: it.name, from: 0, to: 20, seconds: 30 } as const
    const { sample } = await load.run({ ...one, connections: 1 })
    return { steps: await server.steps(), tokens: tokensIn(sample) }
  } finally {
    await server.stop()
  }
}

function tokensIn(sample: string): readonly SignedToken[] {
  return [...sample.matchAll(/(eyJ[\w-]+)\.(eyJ[\w-]+)\.[\w-]+/g)].map(([, head = '', payload = '']) => ({
    alg: (readJson(head) as { alg: SigningAlgorithm }).alg,
    payload: readJson(payload) as Readonly<Record<string, unknown>>,
  }))
}

const readJson = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
