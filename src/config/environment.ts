import { availableParallelism } from 'node:os'
import { isAbsolute, resolve } from 'node:path'
import type { Problem } from './problem.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Collects problems while values are read, so that one start tells all of them. */
export type Complaints = (problem: Problem) => void

/**
 * A port of the environment: 0 to 65535 (0 takes a free one), `off` for none, the default when unset or empty.
 */
export function readPort(env: Environment, key: string, standard: number | undefined, complain: Complaints) {
  const value = env[key]?.trim()
  if (value === undefined || value === '') return standard
  if (value === 'off') return undefined
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value)
  complain({ key, problem: 'is no port', mend: 'Use a number from 1 to 65535, 0 for any free one, or off' })
  return standard
}

/** `WORKERS`: a count of 1 to 256, or `auto` for one a core. */
export function readWorkers(env: Environment, complain: Complaints): number {
  const value = env.WORKERS?.trim()
  if (value === undefined || value === '') return 1
  if (value === 'auto') return availableParallelism()
  if (/^\d{1,3}$/.test(value) && Number(value) >= 1 && Number(value) <= 256) return Number(value)
  complain({ key: 'WORKERS', problem: 'is no count of processes', mend: 'Use a number from 1 to 256, or auto' })
  return 1
}

/** `LOG_LEVEL`: a level of pino. */
export function readLogLevel(env: Environment, complain: Complaints): LogLevel {
  const value = (env.LOG_LEVEL ?? '').trim().toLowerCase() || 'info'
  const level = logLevels.find((name) => name === value)
  if (level !== undefined) return level
  complain({ key: 'LOG_LEVEL', problem: 'is no log level', mend: `Use one of ${logLevels.join(', ')}` })
  return 'info'
}

/** `DATABASE_URL`, with the path of an SQLite file made absolute. Its password never stands in a problem. */
export function readDatabaseUrl(env: Environment, cwd: string, complain: Complaints): string {
  const value = env.DATABASE_URL?.trim() || 'sqlite:./data/polyfactor.db'
  if (value === 'sqlite::memory:') return value
  if (/^postgres(ql)?:\/\//.test(value) && URL.canParse(value)) return value
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(value)?.[1]
  if (path !== undefined) return `sqlite:${isAbsolute(path) ? path : resolve(cwd, path)}`
  const mend = 'Use sqlite:./data/polyfactor.db, sqlite::memory: or postgres://user:password@host/database'
  complain({ key: 'DATABASE_URL', problem: 'is no database this server knows', mend })
  return 'sqlite::memory:'
}

/** Switches that open a running server to whoever can reach it, or make libraries print what they handle (S-162). */
export function debugFlags(env: Environment, execArgv: readonly string[]): readonly Problem[] {
  const problems: Problem[] = []
  const options = [...execArgv, ...(env.NODE_OPTIONS ?? '').split(/\s+/)]
  if (options.some((option) => /^--(inspect|debug)/.test(option))) {
    problems.push({ key: 'NODE_OPTIONS', problem: 'opens a debugger', mend: 'Remove --inspect in production' })
  }
  if (env.DEBUG !== undefined && env.DEBUG !== '') {
    problems.push({ key: 'DEBUG', problem: 'makes libraries print what they handle', mend: 'Unset it in production' })
  }
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    const problem = 'switches off the check of certificates'
    problems.push({ key: 'NODE_TLS_REJECT_UNAUTHORIZED', problem, mend: 'Unset it in production' })
  }
  return problems
}
