import { lookup } from 'node:dns/promises'
import { existsSync, statSync } from 'node:fs'
import { createServer, isIP } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Listen, Settings } from '#config/load.ts'
import { masterKeyProblem } from '#config/master-key.ts'
import type { Problem } from '#config/problem.ts'
import { covers, describeCertificate, readTlsFiles, tlsHosts } from '#config/tls.ts'
import { createKeyring } from '#crypto/keyring.ts'
import { missingMigrations, readMigrations } from '#stores/migrations.ts'
import { openStore } from '#stores/open.ts'
import { databasePlaceProblem, directoryProblem } from './preflight.ts'
import { describeStartFailure } from './start-failure.ts'

export type Verdict =
  | { readonly state: 'ok' | 'skip'; readonly note?: string }
  | { readonly state: 'warn' | 'fail'; readonly problem: Problem }

/** One thing that can be wrong with an installation. Checks change nothing and need no running server. */
export type Check = { readonly title: string } & (
  | { readonly always: () => Verdict }
  | { readonly with: (settings: Settings) => Promise<Verdict> | Verdict }
)

const NODE_MAJOR = 26
const DAY_MS = 86_400_000

const fine = (note?: string): Verdict => ({ state: 'ok', note })
const skip = (note: string): Verdict => ({ state: 'skip', note })
const fail = (key: string, problem: string, mend: string): Verdict => ({
  state: 'fail',
  problem: { key, problem, mend },
})
const warn = (key: string, problem: string, mend: string): Verdict => ({
  state: 'warn',
  problem: { key, problem, mend },
})
const unless = (problem: Problem | undefined, note?: string): Verdict =>
  problem === undefined ? fine(note) : { state: 'fail', problem }

/** Every check, in the order they are told. */
export const checks: readonly Check[] = [
  { title: 'Node.js', always: nodeVersion },
  { title: 'clock', always: clock },
  { title: 'data directory', with: ({ dataDir }) => unless(directoryProblem(dataDir, 'data directory'), dataDir) },
  { title: 'database', with: database },
  { title: 'database integrity', with: integrity },
  { title: 'master key', with: masterKey },
  { title: 'TLS', with: tls },
  { title: 'ports', with: ports },
  { title: 'tenant domains', with: domains },
  { title: 'delivery', with: delivery },
]

function nodeVersion(): Verdict {
  const { node } = process.versions
  if (Number.parseInt(node, 10) >= NODE_MAJOR) return fine(node)
  const mend = 'Run `npm ci` and start with `npm start` or `npx polyfactor`, which bring their own'
  return fail('Node.js', `is ${node}, and ${NODE_MAJOR} or newer is needed`, mend)
}

/** A clock that stands before this release was installed makes every code and token wrong. */
function clock(): Verdict {
  const installed = statSync(new URL('../../package.json', import.meta.url)).mtimeMs
  const now = Date.now()
  if (now >= installed - DAY_MS) return fine(new Date(now).toISOString())
  return fail('clock', `says ${new Date(now).toISOString()}, before this release was installed`, 'Set it, by NTP best')
}

function sqliteFile({ databaseUrl }: Settings): string | undefined {
  const path = databaseUrl.slice('sqlite:'.length)
  return databaseUrl.startsWith('sqlite:') && path !== ':memory:' ? path : undefined
}

async function database(settings: Settings): Promise<Verdict> {
  const problem = await databasePlaceProblem(settings)
  const file = sqliteFile(settings)
  if (problem !== undefined || file === undefined) return unless(problem)
  if (!existsSync(file)) return fine('will be made at the first start')
  if (statSync(file).mtimeMs > Date.now() + 300_000) {
    return fail('clock', `stands before the last write of ${file}`, 'Set it right; do not start the server before')
  }
  try {
    const missing = missingMigrations(appliedMigrations(file), readMigrations())
    return fine(missing.length === 0 ? 'up to date' : `${missing.length} migrations will run at the next start`)
  } catch (error) {
    return { state: 'fail', problem: describeStartFailure(error, settings) }
  }
}

function appliedMigrations(file: string): number {
  return reading(file, (db) => {
    const known = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'").get()
    if (known === undefined) return 0
    return Number(db.prepare('SELECT coalesce(max(number), 0) AS number FROM schema_migrations').get()?.number)
  })
}

function reading<T>(file: string, read: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 2000 })
  try {
    return read(db)
  } finally {
    db.close()
  }
}

function integrity(settings: Settings): Verdict {
  const file = sqliteFile(settings)
  if (file === undefined || !existsSync(file)) return skip('no database file')
  try {
    const said = reading(file, (db) => Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0])
    if (said === 'ok') return fine()
  } catch (error) {
    return { state: 'fail', problem: describeStartFailure(error, settings) }
  }
  return fail('DATABASE_URL', `${file} is damaged`, 'Stop the server and restore a backup')
}

async function masterKey(settings: Settings): Promise<Verdict> {
  const file = sqliteFile(settings)
  if (settings.databaseUrl === 'sqlite::memory:') return fine('nothing is kept')
  if (file !== undefined) {
    if (!existsSync(file)) return fine('no database yet')
    // Opening the store migrates it, which is for the next start to do and not for an examination.
    if (appliedMigrations(file) !== readMigrations().length) return skip('migrations have to run first')
  }
  try {
    const store = await openStore(settings.databaseUrl)
    try {
      return unless(await masterKeyProblem(store, createKeyring(settings.masterKeys)))
    } finally {
      await store.close()
    }
  } catch (error) {
    return { state: 'fail', problem: describeStartFailure(error, settings) }
  }
}

function tls(settings: Settings): Verdict {
  if (settings.https === undefined) return fine('off')
  if (settings.tls === undefined) {
    const ca = join(settings.dataDir, 'tls', 'ca.pem')
    return fine(existsSync(ca) ? `local CA ${ca}` : 'a local CA will be made at the first start')
  }
  try {
    const facts = describeCertificate(readTlsFiles(settings.tls))
    const days = Math.floor((facts.validTo - Date.now()) / DAY_MS)
    const mend = 'Put a new certificate and key into the files; a running server takes them up'
    if (days < 0) return fail('tls.cert', `ended on ${new Date(facts.validTo).toISOString()}`, mend)
    const uncovered = tlsHosts(settings).filter((host) => isPublicName(host) && !covers(facts, host))
    if (uncovered.length > 0) return fail('tls.cert', `does not cover ${uncovered.join(', ')}`, mend)
    return days < 14 ? warn('tls.cert', `ends in ${days} days`, mend) : fine(`${days} days left`)
  } catch (error) {
    return { state: 'fail', problem: describeStartFailure(error, settings) }
  }
}

const isPublicName = (host: string): boolean => isIP(host) === 0 && host !== 'localhost'

async function ports({ http, https }: Settings): Promise<Verdict> {
  const taken = (await Promise.all([occupied('PORT', http), occupied('TLS_PORT', https)])).filter(
    (it) => it !== undefined,
  )
  const first = taken[0]
  if (first === undefined) return fine([http?.port, https?.port].filter(Boolean).join(' and '))
  if (http !== undefined && (await answersAlive(http))) return fine('a server of ours is running')
  return { state: 'fail', problem: first }
}

function occupied(key: string, listen: Listen | undefined): Promise<Problem | undefined> {
  if (listen === undefined) return Promise.resolve(undefined)
  const { promise, resolve } = Promise.withResolvers<Problem | undefined>()
  const probe = createServer()
  probe.once('error', (error) => {
    const code = (error as { code?: string }).code
    const problem = `${listen.host}:${listen.port} cannot be listened on (${code})`
    resolve({ key, problem, mend: `Stop the program that uses it, or set ${key} to a free port` })
  })
  probe.listen(listen.port, listen.host, () => probe.close(() => resolve(undefined)))
  return promise
}

async function answersAlive({ host, port }: Listen): Promise<boolean> {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  try {
    const url = `http://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}/livez`
    return (await fetch(url, { signal: AbortSignal.timeout(2000), redirect: 'error' })).ok
  } catch {
    return false
  }
}

async function domains({ config, publicUrl, development }: Settings): Promise<Verdict> {
  const names = [...new Set([new URL(publicUrl).hostname, ...config.tenants.flatMap((it) => it.domains)])]
  const found = await Promise.all(names.filter((name) => isIP(name.replace(/^\[|\]$/g, '')) === 0).map(resolves))
  const lost = found.filter(({ ok }) => !ok).map(({ name }) => name)
  if (lost.length === 0) return fine(names.join(', '))
  const mend = development ? 'Add them to /etc/hosts to use them here' : 'Add DNS records, or remove them'
  return (development ? warn : fail)('tenants[].domains', `${lost.join(', ')} cannot be resolved`, mend)
}

async function resolves(name: string): Promise<{ readonly name: string; readonly ok: boolean }> {
  // The resolver has no time limit of its own.
  const late = new Promise<false>((resolve) => setTimeout(resolve, 3000, false).unref())
  const ok = await Promise.race([lookup(name).then(() => true as const), late]).catch(() => false)
  return { name, ok }
}

function delivery({ config, development }: Settings): Verdict {
  if (development) return fine('messages go to the outbox')
  const channels = (['email', 'sms', 'voice'] as const).filter((channel) =>
    config.tenants.some(({ factors }) => factors.includes(channel)),
  )
  const missing = channels.filter((channel) => config.delivery[channel] === undefined)
  if (missing.length > 0) {
    const mend = 'Set delivery, e.g. delivery: { email: "smtp://mail.example:587" }, or take them out of factors'
    return fail(`delivery.${missing[0]}`, `nothing sends ${missing.join(', ')}, which tenants enable`, mend)
  }
  const nowhere = config.tenants.find(
    ({ factors, phone }) => factors.some((it) => it === 'sms' || it === 'voice') && phone.countries?.length === 0,
  )
  if (nowhere === undefined) return fine(channels.join(', '))
  const mend = 'List the countries that get messages, e.g. phone: { countries: [DE] }'
  return warn(`tenant ${nowhere.id} phone.countries`, 'is empty, so no code goes to any phone', mend)
}
