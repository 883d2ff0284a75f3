import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { basename, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Command, Option } from 'commander'
import { download, NotFetched, newestRelease } from '#network/fetch.ts'
import { type Download, install, NotInstalled } from '#network/install.ts'
import { packages, readManifest, sourceOf } from '#network/installed.ts'
import { openNetworks } from '#network/open.ts'
import { systemClock } from '#ops/clock.ts'
import type { Exit } from './exit.ts'
import { terminal, withProgress } from './terminal.ts'

type Kind = keyof typeof packages
const kinds = Object.keys(packages) as Kind[]

/** `network update|status|lookup`: the database of countries and networks that risk signals ask. */
export function networkCommand(exit: Exit): Command {
  const network = new Command('network').description('countries and networks of addresses, as risk signals know them')
  network
    .command('update')
    .description('install newer tables; running servers take them over within 5 s')
    .option('--from <file or URL>', 'a .tgz, .mmdb or .csv instead of the newest packages')
    .option('--integrity <sri>', 'what --from must hash to: sha512-…')
    .addOption(new Option('--kind <kind>', 'what --from tells, where it does not say so itself').choices(kinds))
    .option('--registry <URL>', 'package registry; else the one npm uses')
    .option('--force', 'also a table that is less than half of the one in use')
    .action((options: UpdateOptions) => guarded(exit, () => update(options)))
  network
    .command('status')
    .description('which tables are in use')
    .action(() => guarded(exit, status))
  network
    .command('lookup')
    .description('what is known of an address')
    .argument('<address>', 'IPv4 or IPv6 address')
    .action((address: string) => guarded(exit, () => lookup(address, exit)))
  return network
}

interface UpdateOptions {
  readonly from?: string
  readonly integrity?: string
  readonly kind?: Kind
  readonly registry?: string
  readonly force?: boolean
}

/** Beside the other files of the server, which run in the same folder. */
const folder = () => resolve(process.cwd(), 'data', 'network')

async function guarded(exit: Exit, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof NotFetched || error instanceof NotInstalled)) throw error
    const mend = 'The tables in use stay as they are; mend it and call again, or give a file with --from'
    terminal.problem({ key: 'network', problem: error.message, mend })
    exit(1)
  }
}

async function update(options: UpdateOptions): Promise<void> {
  if (options.from !== undefined) return await installed(await given(options.from, options), options)
  if (options.integrity !== undefined) throw new NotInstalled('--integrity belongs to --from')
  const registry = options.registry ?? (await registryOfNpm())
  for (const kind of options.kind === undefined ? kinds : [options.kind]) {
    const { version, tarball, integrity } = await newestRelease(registry, packages[kind])
    const origin = `${packages[kind]}@${version}`
    const source = await sourceOf(kind, folder(), await readManifest(folder()).catch(() => ({})))
    if (source.origin === origin) {
      terminal.out(`${kind}: ${origin} is in use already`)
      continue
    }
    const bytes = await withProgress(`downloading ${origin}`, () => download(tarball))
    await installed({ name: 'package.tgz', bytes, origin, integrity, kind }, options)
  }
}

async function installed(it: Download, { force }: UpdateOptions): Promise<void> {
  const done = await withProgress(`reading ${it.origin}`, () =>
    install(it, { folder: folder(), now: systemClock.now(), force }),
  )
  terminal.out(`${done.kind}: ${done.origin} is in use`)
}

async function given(from: string, { integrity, kind }: UpdateOptions): Promise<Download> {
  if (/^https?:/.test(from)) {
    const { origin, pathname } = new URL(from)
    const bytes = await withProgress(`downloading ${origin}${pathname}`, () => download(from))
    return { name: basename(pathname), bytes, origin: `${origin}${pathname}`, integrity, kind }
  }
  try {
    return { name: basename(from), bytes: await readFile(from), origin: basename(from), integrity, kind }
  } catch (error) {
    throw new NotFetched(`${from} cannot be read (${(error as { code?: string }).code ?? 'unreadable'})`)
  }
}

/** npm knows it from its own configuration, mirrors included. */
async function registryOfNpm(): Promise<string> {
  const told = process.env.npm_config_registry
  if (told) return told
  try {
    return (await promisify(execFile)('npm', ['config', 'get', 'registry'], { timeout: 20_000 })).stdout.trim()
  } catch {
    throw new NotFetched('npm is not there to name its registry; give one with --registry')
  }
}

async function status(): Promise<void> {
  const manifest = await readManifest(folder()).catch(() => {
    throw new NotInstalled(`${folder()}/current.json cannot be read; delete it to return to the shipped tables`)
  })
  for (const kind of kinds) {
    const { origin, installedAt } = await sourceOf(kind, folder(), manifest)
    terminal.out(`${kind}: ${origin}, ${installedAt === undefined ? 'shipped' : `installed ${installedAt}`}`)
  }
}

async function lookup(address: string, exit: Exit): Promise<void> {
  if (isIP(address) === 0) {
    terminal.problem({
      key: address.slice(0, 60),
      problem: 'is no IP address',
      mend: 'Write it as 8.8.8.8 or 2001:db8::1',
    })
    return exit(1)
  }
  const say = (_fields: object, message: string): void => terminal.err(message)
  const networks = openNetworks({ folder: folder(), log: { debug() {}, info() {}, warn: say, error: say } })
  try {
    await networks.warm()
    terminal.out(JSON.stringify(networks.lookup(address) ?? {}))
  } finally {
    networks.close()
  }
}
