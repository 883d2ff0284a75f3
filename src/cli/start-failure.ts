import type { Settings } from '#config/load.ts'
import { asProblem, type Problem } from '#config/problem.ts'

type Thrown = { readonly name?: string; readonly code?: unknown; readonly syscall?: string; readonly port?: number }

/** Says what keeps a server from starting in terms of a key or file and a mend, whatever room the error came from. */
export function describeStartFailure(thrown: unknown, settings: Settings): Problem {
  const told = asProblem(thrown)
  if (told !== undefined) return told
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  // The innermost cause knows best what happened.
  const chain = [...causes(error).toReversed(), error] as readonly (Error & Thrown)[]
  for (const link of chain) {
    const found = asProblem(link) ?? listenFailure(link, settings) ?? sealFailure(link) ?? databaseFailure(link)
    if (found !== undefined) return found
  }
  return {
    key: 'start',
    problem: firstLine(error.message) || error.name,
    mend: 'Run `polyfactor doctor`; LOG_LEVEL=debug tells where it happened',
  }
}

function causes(error: Error): readonly Error[] {
  const inner = error instanceof AggregateError ? error.errors : [error.cause]
  return inner.filter((it): it is Error => it instanceof Error).flatMap((it) => [it, ...causes(it)])
}

// Messages of drivers may quote the address they connected to, with its password.
function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/\/\/[^/@\s]*@/g, '//')
}

function listenFailure(error: Thrown, { http, https }: Settings): Problem | undefined {
  if (error.syscall !== 'listen' && error.syscall !== 'bind' && error.syscall !== 'getaddrinfo') return undefined
  const secure = error.port !== undefined && error.port === https?.port
  const key = secure ? 'TLS_PORT' : 'PORT'
  const { host, port } = (secure ? https : http) ?? { host: '', port: error.port ?? 0 }
  switch (error.code) {
    case 'EADDRINUSE': {
      const mend = `Stop the program that listens there, or set ${key} to a free port`
      return { key, problem: `port ${port} of ${host} is in use already`, mend }
    }
    case 'EACCES': {
      const mend = `Set ${key} to 1024 or above, or give the server the right to bind low ports`
      return { key, problem: `port ${port} may not be listened on`, mend }
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { key: 'HOST', problem: `${host} is no address of this machine`, mend: 'Use 127.0.0.1, 0.0.0.0 or ::' }
    default:
      return undefined
  }
}

function sealFailure(error: Thrown): Problem | undefined {
  if (error.name !== 'SealError') return undefined
  return {
    key: 'POLYFACTOR_MASTER_KEY',
    problem: 'does not open what the database holds sealed',
    mend: 'Give the key this database was made with (in development: data/master.key), after a comma if it was rotated',
  }
}

const unreachable = ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET', 'EAI_AGAIN']

function databaseFailure(error: Error & Thrown): Problem | undefined {
  const key = 'DATABASE_URL'
  const code = String(error.code ?? '')
  if (code === 'ERR_SQLITE_ERROR') {
    const mend = 'Check that the file is an SQLite database the server can write, and its directory too'
    return { key, problem: `SQLite says: ${firstLine(error.message)}`, mend }
  }
  if (unreachable.includes(code)) {
    return { key, problem: `the database cannot be reached (${code})`, mend: 'Start it, or correct host and port' }
  }
  if (/^28/.test(code)) return { key, problem: 'the database refuses user or password', mend: 'Correct them' }
  if (code === '3D000') return { key, problem: 'there is no such database', mend: 'Create it, or correct its name' }
  if (error.name === 'StoreUnavailable') {
    return { key, problem: firstLine(error.message), mend: 'Mend what it names, or give another database' }
  }
  return undefined
}
