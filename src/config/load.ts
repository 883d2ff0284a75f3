import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import { systemRandom } from '#crypto/random.ts'
import type { Random } from '#ports/random.ts'
import { demoConfig } from './demo.ts'
import {
  type Complaints,
  debugFlags,
  type Environment,
  type LogLevel,
  readDatabaseUrl,
  readLogLevel,
  readPort,
  readWorkers,
} from './environment.ts'
import { deepFreeze } from './freeze.ts'
import type { Problem } from './problem.ts'
import { checkConfig, type ReadConfig, readConfigFile } from './read.ts'
import type { Config } from './schema.ts'
import { checkAdminToken, checkMasterKeys, type Found, keepSecretFile, readSecretFile } from './secrets.ts'

/** An address to listen on; port 0 never stands here. */
export type Listen = { readonly host: string; readonly port: number }

/** Everything the server is told from outside, checked and frozen: environment and configuration file as one value. */
export type Settings = {
  readonly development: boolean
  /** The built-in demo runs, without a configuration file. */
  readonly demo: boolean
  /** Absolute path of the configuration file. */
  readonly configPath?: string
  /** The configuration; `phone.countries` absent means every country, since production has it filled in. */
  readonly config: Config
  /** Origin that issuers and links are made from, without a final slash; requests never change it (S-163). */
  readonly publicUrl: string
  readonly http?: Listen
  readonly https?: Listen
  /** PEM files of one's own, absolute; absent in development: the local CA of `tls.ts`. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Absolute path of `./data`. */
  readonly dataDir: string
  /** SQLite paths are absolute. Holds a password: never log it. */
  readonly databaseUrl: string
  /** 32 bytes each; the first seals, all open. */
  readonly masterKeys: readonly Uint8Array[]
  readonly adminToken: string
  readonly workers: number
  readonly logLevel: LogLevel
}

export type Loaded =
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export type LoadOptions = {
  readonly env: Environment
  /** `--config`; wins over `POLYFACTOR_CONFIG`. */
  readonly argvConfigPath?: string
  /** Relative paths and `./data` start here. */
  readonly cwd: string
  readonly execArgv?: readonly string[]
  readonly random?: Random
  /** Looks only: development secrets that are missing are made up and not kept. */
  readonly dryRun?: boolean
}

/**
 * Merges environment (operating contract section 2) and configuration file (section 3) into one value, or tells all
 * that is wrong. In development it makes master key and admin token under `./data` when they are not given.
 */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const { env, cwd } = options
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const complain: Complaints = (problem) => problems.push(problem)
  const configPath = configFile(options)
  const given = configPath === undefined ? undefined : readConfigFile(configPath)
  if (given?.ok === false) problems.push(...given.problems)
  const development = given === undefined || (given.ok && given.config.development)
  if (given === undefined || given.ok) checkMode(env, development, configPath, complain)

  const listen = await readListen(env, development, complain)
  const fallback = development ? defaultPublicUrl(listen) : undefined
  const read = given ?? demo(fallback ?? 'https://localhost:3443')
  // Secrets are made only for a server that can start otherwise: a refused start leaves nothing behind.
  if (!read.ok || (problems.length > 0 && development)) return failed(problems)

  const { config } = read
  const publicUrl = config.public_url ?? fallback
  if (!development) {
    const wrong = publicUrlProblem(config)
    if (wrong !== undefined) complain(wrong)
    for (const problem of debugFlags(env, options.execArgv ?? [])) complain(problem)
  }
  const databaseUrl = readDatabaseUrl(env, cwd, complain)
  const workers = readWorkers(env, complain)
  if (workers > 1 && databaseUrl === 'sqlite::memory:') {
    const mend = 'Set WORKERS=1, or a database that several processes can share'
    complain({ key: 'WORKERS', problem: 'cannot share a database in memory', mend })
  }
  const logLevel = readLogLevel(env, complain)
  const tls = tlsFiles(config, configPath, cwd, development, complain, warnings)
  if (listen.https !== undefined && tls === undefined && !development) {
    complain({ key: 'tls', problem: 'is missing, and TLS_PORT needs it', mend: 'Set tls: { cert, key } to PEM files' })
  }
  if (listen.http === undefined && listen.https === undefined) {
    complain({ key: 'PORT', problem: 'and TLS_PORT are both off', mend: 'Switch one of them on' })
  }
  if (problems.length > 0 && development) return failed(problems)

  const dataDir = resolve(cwd, 'data')
  const secrets = readSecrets(options, development, dataDir, complain)
  if (problems.length > 0 || secrets === undefined || publicUrl === undefined) return failed(problems)
  const settings: Settings = {
    development,
    demo: given === undefined,
    configPath,
    config: fillCountries(config, development),
    publicUrl,
    ...listen,
    tls,
    dataDir,
    databaseUrl,
    ...secrets,
    workers,
    logLevel,
  }
  return { ok: true, settings: deepFreeze(settings), warnings }
}

function failed(problems: readonly Problem[]): Loaded {
  return { ok: false, problems }
}

function configFile({ env, argvConfigPath, cwd }: LoadOptions): string | undefined {
  const path = argvConfigPath ?? (env.POLYFACTOR_CONFIG?.trim() || undefined)
  return path === undefined ? undefined : resolve(cwd, path)
}

function demo(publicUrl: string): ReadConfig {
  return checkConfig(demoConfig(publicUrl))
}

function checkMode(env: Environment, development: boolean, path: string | undefined, complain: Complaints): void {
  if (env.NODE_ENV !== 'production' || !development) return
  if (path === undefined) {
    const mend = 'Name your configuration with --config FILE or POLYFACTOR_CONFIG, or unset NODE_ENV to try the demo'
    complain({ key: 'POLYFACTOR_CONFIG', problem: 'is not set, and NODE_ENV=production refuses the demo', mend })
  } else {
    const mend = 'Remove it from the file, or unset NODE_ENV'
    complain({ key: `${path} development`, problem: 'is true, and NODE_ENV=production refuses it', mend })
  }
}

async function readListen(env: Environment, development: boolean, complain: Complaints) {
  const host = env.HOST?.trim() || (development ? '127.0.0.1' : '0.0.0.0')
  const ports = {
    http: readPort(env, 'PORT', 3000, complain),
    https: readPort(env, 'TLS_PORT', development ? 3443 : undefined, complain),
  }
  if (ports.http !== undefined && ports.http !== 0 && ports.http === ports.https) {
    complain({
      key: 'TLS_PORT',
      problem: 'is the same as PORT',
      mend: 'Give http and https a port each, or set one off',
    })
  }
  const at = async (port: number | undefined): Promise<Listen | undefined> =>
    port === undefined ? undefined : { host, port: port === 0 ? await freePort(host) : port }
  // Both at once, so that two free ports are two.
  const [http, https] = await Promise.all([at(ports.http), at(ports.https)])
  return { http, https }
}

/** A port nobody listens on now. The public URL is made from it, so it has to be known before the server listens. */
async function freePort(host: string): Promise<number> {
  const probe = createServer()
  const { promise, resolve: done } = Promise.withResolvers<number>()
  // A host that cannot be listened on is reported when the server tries to.
  probe.once('error', () => done(0))
  probe.listen(0, host, () => {
    const address = probe.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    probe.close(() => done(port))
  })
  return promise
}

function defaultPublicUrl({ http, https }: { readonly http?: Listen; readonly https?: Listen }): string {
  if (https !== undefined) return new URL(`https://localhost:${https.port}`).origin
  return new URL(`http://localhost:${http?.port ?? 3000}`).origin
}

/** What forbids a configuration's public URL outside development, if anything (S-162). */
export function publicUrlProblem({ development, public_url: url }: Config): Problem | undefined {
  if (development) return undefined
  const key = 'public_url'
  if (url === undefined) {
    const mend = 'Set it in the configuration file to the https address users reach, e.g. https://login.example.com'
    return { key, problem: 'is missing, and issuers and links are made from it', mend }
  }
  if (url.startsWith('https:') || isLoopback(new URL(url).hostname)) return undefined
  return { key, problem: 'is not https', mend: 'Use https, by TLS_PORT and tls here or by the proxy in front' }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

function tlsFiles(
  config: Config,
  configPath: string | undefined,
  cwd: string,
  development: boolean,
  complain: Complaints,
  warnings: Problem[],
): Settings['tls'] {
  if (config.tls === undefined) return undefined
  const find = (name: string): string => {
    const beside = resolve(dirname(configPath ?? cwd), name)
    return existsSync(beside) ? beside : existsSync(resolve(cwd, name)) ? resolve(cwd, name) : beside
  }
  const files = { cert: find(config.tls.cert), key: find(config.tls.key) }
  for (const part of ['cert', 'key'] as const) {
    if (existsSync(files[part])) continue
    const mend = 'Name a PEM file the server can read, relative to the configuration file'
    complain({ key: `tls.${part}`, problem: `there is no file ${files[part]}`, mend })
  }
  const mode = existsSync(files.key) ? statSync(files.key).mode & 0o777 : 0
  if ((mode & 0o007) !== 0) {
    const problem = `${files.key} can be read by others (mode 0${mode.toString(8)})`
    const open = { key: 'tls.key', problem, mend: `Run: chmod 600 ${files.key}` }
    if (development) warnings.push(open)
    else complain(open)
  }
  return files
}

function readSecrets(options: LoadOptions, development: boolean, dataDir: string, complain: Complaints) {
  const random = options.random ?? systemRandom
  const take = <T>(found: Found<T>): T | undefined => {
    if (found.ok) return found.value
    complain(found.problem)
    return undefined
  }
  const secret = (key: string, file: string, make: () => string): string | undefined => {
    const found = fromEnvironment(options, key)
    if (found !== undefined) return take(found)
    const path = resolve(dataDir, file)
    if (development && options.dryRun && !existsSync(path)) return make()
    if (development) return take(keepSecretFile(path, make))
    const mend = `Set it or ${key}_FILE; make one with: openssl rand -base64 32`
    complain({ key, problem: 'is missing', mend })
    return undefined
  }
  const keys = secret('POLYFACTOR_MASTER_KEY', 'master.key', () => Buffer.from(random.bytes(32)).toString('base64'))
  const masterKeys = keys === undefined ? undefined : take(checkMasterKeys(keys, 'POLYFACTOR_MASTER_KEY'))
  const adminToken = secret('POLYFACTOR_ADMIN_TOKEN', 'admin.token', () => random.token())
  const wrong = adminToken && checkAdminToken(adminToken, 'POLYFACTOR_ADMIN_TOKEN', !development)
  if (wrong) complain(wrong)
  return masterKeys && adminToken ? { masterKeys, adminToken } : undefined
}

function fromEnvironment({ env, cwd }: LoadOptions, key: string): Found<string> | undefined {
  const value = env[key]?.trim()
  const path = env[`${key}_FILE`]?.trim()
  if (value && path) {
    return { ok: false, problem: { key, problem: `stands beside ${key}_FILE`, mend: 'Set one of the two' } }
  }
  if (value) return { ok: true, value }
  return path ? readSecretFile(resolve(cwd, path), `${key}_FILE`) : undefined
}

/** A tenant that names no country sends nowhere, except in development (S-75). */
export function fillCountries(config: Config, development: boolean): Config {
  if (development) return config
  return {
    ...config,
    tenants: config.tenants.map((tenant) => ({
      ...tenant,
      phone: { ...tenant.phone, countries: tenant.phone.countries ?? [] },
    })),
  }
}
