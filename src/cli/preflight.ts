import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import type { Settings } from '#config/load.ts'
import type { Problem } from '#config/problem.ts'

/** Seconds of silence after which a database host counts as unreachable: a start fails within 5 s in all. */
const REACH_MS = 3000

/** Whether the place the database is at can be used at all: the directory written, the host reached. */
export async function databasePlaceProblem({
  databaseUrl,
}: Pick<Settings, 'databaseUrl'>): Promise<Problem | undefined> {
  if (databaseUrl === 'sqlite::memory:') return undefined
  if (databaseUrl.startsWith('sqlite:')) return directoryProblem(dirname(databaseUrl.slice('sqlite:'.length)))
  const url = new URL(databaseUrl)
  // A socket directory stands in the query, where there is no host to reach.
  if (url.hostname === '' || url.searchParams.has('host')) return undefined
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return hostProblem(host, Number(url.port || 5432))
}

/** Whether a directory can be written, or made where it is missing. Makes nothing itself. */
export function directoryProblem(directory: string, key = 'DATABASE_URL'): Problem | undefined {
  let place = directory
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  try {
    if (!statSync(place).isDirectory()) {
      return { key, problem: `${place} is no directory`, mend: 'Name a place in a directory' }
    }
    accessSync(place, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'unwritable'
    const mend = 'Let the user who runs the server write it, or name another place'
    return { key, problem: `the directory ${place} cannot be written (${code})`, mend }
  }
}

function hostProblem(host: string, port: number): Promise<Problem | undefined> {
  const { promise, resolve } = Promise.withResolvers<Problem | undefined>()
  const fail = (code: string): void => {
    const problem = `the database at ${host}:${port} cannot be reached (${code})`
    resolve({ key: 'DATABASE_URL', problem, mend: 'Start it, or correct host and port' })
  }
  const socket = connect({ host, port, timeout: REACH_MS })
  socket.once('connect', () => resolve(undefined))
  socket.once('timeout', () => fail('no answer'))
  socket.once('error', (error) => fail((error as { code?: string }).code ?? 'error'))
  return promise.finally(() => socket.destroy())
}
