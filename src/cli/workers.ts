import cluster, { type Worker } from 'node:cluster'
import type { Settings } from '#config/load.ts'
import type { Logger } from '#ops/log.ts'
import { createRelay } from './siblings.ts'
import type { Addresses } from './welcome.ts'

/** What a worker tells the process that started it, once. */
export interface WorkerReady {
  readonly ready: Addresses
}

export interface WorkersOptions {
  readonly count: number
  /** Environment a worker starts with, besides this process's own. */
  readonly env: Readonly<Record<string, string>>
  readonly log: Logger
  /** A worker that still runs so long after it was told to stop is killed, ms. */
  readonly patienceMs: number
  /** Pause before a worker that died young is started again, ms; doubled each time, up to 30 s. */
  readonly pauseMs?: number
}

/** Processes that serve the same ports. */
export interface Workers extends Addresses {
  /** Tells all to stop and resolves when none is left. */
  stop(): Promise<void>
}

/** A worker that lived so long was well, ms: the next one starts at once. */
const wellAfter = 30_000
const longestPause = 30_000

/** Whether this process is one of several that a first one started. */
export const isWorker = (): boolean => cluster.isWorker

/** Ports and parent as a worker has to know them: ports that were free ones are taken by now. */
export function workerEnvironment({ http, https }: Settings): Readonly<Record<string, string>> {
  return {
    PORT: http ? String(http.port) : 'off',
    TLS_PORT: https ? String(https.port) : 'off',
    POLYFACTOR_PARENT_PID: String(process.pid),
  }
}

/** Tells the first process that this one serves. */
export function tellReady({ httpUrl, httpsUrl }: Addresses): void {
  process.send?.({ ready: { httpUrl, httpsUrl } } satisfies WorkerReady)
}

/**
 * Starts `count` processes like this one, which take connections of the same ports in turn (node:cluster) and share
 * nothing but the database. The first one prepares the database and the secrets, the others follow. One that dies later
 * is replaced.
 * Resolves when all serve; `undefined` when the first could not start: it has said why on stderr.
 */
export async function startWorkers(options: WorkersOptions): Promise<Workers | undefined> {
  const { count, env, log, pauseMs = 1000 } = options
  const alive = new Set<Worker>()
  const relay = createRelay(alive)
  const timers = new Set<NodeJS.Timeout>()
  let stopping = false
  let failures = 0

  function launch(): Promise<Addresses | undefined> {
    const worker = cluster.fork(env)
    const began = performance.now()
    const served = Promise.withResolvers<Addresses | undefined>()
    alive.add(worker)
    worker.on('message', (message: Partial<WorkerReady>) => {
      if (message.ready) {
        served.resolve(message.ready)
        relay.welcome(worker)
      } else relay.take(worker, message)
    })
    worker.once('exit', (code, signal) => {
      alive.delete(worker)
      relay.gone(worker)
      served.resolve(undefined)
      if (stopping || !settled) return
      failures = performance.now() - began > wellAfter ? 0 : failures + 1
      const pause = failures === 0 ? 0 : Math.min(longestPause, pauseMs * 2 ** (failures - 1))
      const reason = signal ?? `exit ${code}`
      log.error({ reason, ms: pause }, `worker ${worker.process.pid} died, another one follows`)
      const timer = setTimeout(() => {
        timers.delete(timer)
        void launch()
      }, pause)
      timers.add(timer)
    })
    return served.promise
  }

  async function stop(): Promise<void> {
    stopping = true
    for (const timer of timers) clearTimeout(timer)
    const gone = [...alive].map((worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())))
    for (const worker of alive) worker.process.kill('SIGTERM')
    const kill = setTimeout(() => {
      for (const worker of alive) worker.process.kill('SIGKILL')
    }, options.patienceMs)
    await Promise.all(gone)
    clearTimeout(kill)
  }

  let settled = false
  const first = await launch()
  settled = true
  if (first === undefined) return undefined
  const others = await Promise.all(Array.from({ length: count - 1 }, launch))
  log.info({ count: 1 + others.filter((it) => it !== undefined).length }, 'workers serve')
  return { ...first, stop }
}
