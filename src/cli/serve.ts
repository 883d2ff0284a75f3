import { Command } from 'commander'
import { loadConfig, type Settings } from '#config/load.ts'
import { formatProblem } from '#config/problem.ts'
import { createLog, type Logger } from '#ops/log.ts'
import type { Exit } from './exit.ts'
import { databasePlaceProblem } from './preflight.ts'
import { siblings } from './siblings.ts'
import { describeStartFailure } from './start-failure.ts'
import { readParentPid, whenToStop } from './stop.ts'
import { terminal, withProgress } from './terminal.ts'
import { type Addresses, welcome } from './welcome.ts'
import { isWorker, startWorkers, tellReady, workerEnvironment } from './workers.ts'

/** Draining is over after this, finished or not (operating contract section 1). */
const DRAIN_MS = 10_000

type Running = Addresses & { stop(): Promise<void> }

/** `serve`: runs the server until it is told to stop. */
export function serveCommand(exit: Exit): Command {
  return new Command('serve')
    .description('run the server (the default); without a configuration, the built-in demo')
    .option('--config <file>', 'configuration file (YAML or JSON); else POLYFACTOR_CONFIG')
    .action(async ({ config }: { config?: string }) => exit(await serve(config)))
}

async function serve(argvConfigPath: string | undefined): Promise<0 | 1> {
  const parentPid = readParentPid(process.env.POLYFACTOR_PARENT_PID)
  // Listened for from the very start: a signal during a slow start is not lost.
  const stopping = whenToStop({ parentPid })
  const { env, execArgv } = process
  const loaded = await loadConfig({ env, argvConfigPath, cwd: process.cwd(), execArgv })
  if (!loaded.ok) {
    for (const problem of loaded.problems) terminal.problem(problem)
    return 1
  }
  const { settings } = loaded
  const log = createLog({ level: settings.logLevel })
  for (const warning of loaded.warnings) log.warn({ key: warning.key, mend: warning.mend }, formatProblem(warning))
  const fault = faultIn(log)
  const started = await Promise.race([start(settings, log), stopping, fault])
  // A start that failed half-way, or was called off, may have left sockets open that would hold the process.
  if (started === undefined || started === 'fault') process.exit(1)
  if (typeof started === 'string') process.exit(0)
  announce(settings, started, log)
  const reason = await Promise.race([stopping, fault])
  await stop(started, log, reason)
  // Timers and sockets that are left cannot hold the process: what had to be kept is on disk.
  process.exit(reason === 'fault' ? 1 : 0)
}

// Of several processes only the first speaks to whoever started it.
function announce(settings: Settings, started: Addresses, log: Logger): void {
  if (isWorker()) {
    tellReady(started)
    return
  }
  terminal.out(['ready', started.httpUrl, started.httpsUrl].filter(Boolean).join(' '))
  if (settings.demo) greet(settings, started, log)
}

async function start(settings: Settings, log: Logger): Promise<Running | undefined> {
  try {
    const problem = await databasePlaceProblem(settings)
    if (problem !== undefined) return void terminal.problem(problem)
    if (settings.workers > 1 && !isWorker()) {
      const env = workerEnvironment(settings)
      return await startWorkers({ count: settings.workers, env, log, patienceMs: DRAIN_MS })
    }
    const { startServer } = await import('#app')
    return await withProgress('starting', () => startServer(settings, log, siblings()), 2000)
  } catch (error) {
    log.debug({ err: error }, 'start failed')
    terminal.problem(describeStartFailure(error, settings))
    return undefined
  }
}

// On a terminal for people; in a pipe stderr is JSON lines, so the same words go out as log lines.
function greet({ publicUrl }: Settings, addresses: Addresses, log: Logger): void {
  for (const line of welcome(publicUrl, addresses)) {
    if (process.stderr.isTTY) terminal.err(line)
    else log.info({ event: 'welcome' }, line)
  }
}

/** Resolves when something was thrown that nobody caught. A process in an unknown state stops (S-164). */
function faultIn(log: Logger): Promise<'fault'> {
  const { promise, resolve } = Promise.withResolvers<'fault'>()
  process.once('uncaughtException', (error) => {
    log.fatal({ err: error }, 'unexpected fault, stopping')
    resolve('fault')
  })
  // Whoever read our lines may leave before us; that is no reason to fall.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  return promise
}

async function stop(running: Running, log: Logger, reason: string): Promise<void> {
  log.info({ reason }, 'stopping')
  const bound = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => bound.resolve('late'), DRAIN_MS - 500)
  try {
    const end = await Promise.race([running.stop(), bound.promise])
    log.info(end === 'late' ? 'stopped with requests unfinished' : 'stopped')
  } catch (error) {
    log.error({ err: error }, 'stopped with an error')
  } finally {
    clearTimeout(timer)
  }
}
