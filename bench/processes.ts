import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Ask, LoadOrder, LoadResult, ServerOrder, Step, Told } from './plan.ts'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A server in a process of its own. */
export interface ServerProcess {
  readonly port: number
  /** µs of CPU it has used, all threads. */
  cpu(): Promise<number>
  /** polyfactor, tracing: what the last request did with the store. */
  steps(): Promise<readonly Step[]>
  stop(): Promise<void>
}

/** As `npm start` has it, for the peers too. */
const shortLived = ['--max-semi-space-size=64', '--no-allocation-site-pretenuring']

/** Starts a server and waits until its data is prepared and it listens. `execArgv` as for the runtime. */
export async function startServer(order: ServerOrder, execArgv: readonly string[] = []): Promise<ServerProcess> {
  const child = fork(file(`servers/${order.target}.ts`), [JSON.stringify(order)], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...shortLived, ...execArgv],
  })
  const { port } = (await reply(child, `${order.target} did not start`)) as Told
  if (port === undefined) throw new Error(`${order.target} said no port`)
  const ask = async (what: Ask): Promise<Told> => {
    const answer = reply(child, `${order.target} ended`)
    child.send(what)
    return (await answer) as Told
  }
  return {
    port,
    cpu: async () => (await ask('cpu')).cpu ?? Number.NaN,
    steps: async () => (await ask('steps')).steps ?? [],
    async stop() {
      const ended = once(child, 'exit')
      child.send('stop' satisfies Ask)
      await ended
    },
  }
}

/** The load generator. */
export interface LoadProcess {
  run(order: LoadOrder): Promise<LoadResult>
  stop(): void
}

export function startLoad(): LoadProcess {
  const child = fork(file('load.ts'), { execArgv: ['--disable-warning=ExperimentalWarning'] })
  return {
    async run(order) {
      const answer = reply(child, 'the load generator ended')
      child.send(order)
      const result = (await answer) as LoadResult | { readonly failed: string }
      if ('failed' in result) throw new Error(result.failed)
      return result
    },
    stop: () => child.disconnect(),
  }
}

/** The next message of a child, or an error when it ends instead. */
function reply(child: ChildProcess, otherwise: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => {
      child.off('message', onMessage)
      reject(new Error(`${otherwise} (exit code ${code})`))
    }
    const onMessage = (message: unknown) => {
      child.off('exit', onExit)
      resolve(message)
    }
    child.once('message', onMessage).once('exit', onExit)
  })
}
