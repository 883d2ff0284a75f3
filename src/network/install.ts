import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasIntegrity, integrityOf } from '#crypto/integrity.ts'
import { type Kind, kindOfCsv } from './csv.ts'
import { type Manifest, manifestPath, readManifest, sourceOf } from './installed.ts'
import { openMmdb } from './mmdb.ts'
import { openTable } from './tables.ts'
import { type Part, unpack } from './unpack.ts'

/** A download that is not installed; the text is for people. */
export class NotInstalled extends Error {
  override readonly name = 'NotInstalled'
}

export interface Download {
  /** File name: its ending tells the format. */
  readonly name: string
  readonly bytes: Uint8Array
  /** For people: package and version, file or URL. */
  readonly origin: string
  /** What it must hash to (SRI with SHA-512). */
  readonly integrity?: string
  /** Which table it is, where the file does not say. */
  readonly kind?: Kind
}

export interface InstallOptions {
  readonly folder: string
  /** Epoch ms. */
  readonly now: number
  /** Also a table that is less than half of the one in use. */
  readonly force?: boolean
}

export interface Installation {
  readonly kind: Kind
  readonly origin: string
  readonly size: number
}

/**
 * Installs a table: checks its hash, reads it as a server would, and makes it the current one by one rename, which
 * running servers notice. Nothing changes when any of that fails.
 * @throws NotInstalled
 */
export async function install(it: Download, { folder, now, force = false }: InstallOptions): Promise<Installation> {
  if (it.integrity !== undefined && !hasIntegrity(it.bytes, it.integrity)) {
    throw new NotInstalled(`${it.origin} does not have the SHA-512 it should have: it was altered or cut off`)
  }
  const parts = attempt(it.origin, () => unpack(it.name, it.bytes))
  const kind = it.kind ?? attempt(it.origin, () => kindOf(parts))
  const integrity = integrityOf(it.bytes)
  await mkdir(folder, { recursive: true })
  const files = await write(folder, kind, integrity, parts)
  const paths = files.map((file) => join(folder, file))
  try {
    const { size } = await openTable(kind, paths)
    const manifest = await readManifest(folder).catch(() => ({}) as Manifest)
    if (!force) await refuseShrunk(it.origin, kind, size, folder, manifest, paths)
    const entry = { files, origin: it.origin, integrity, installedAt: new Date(now).toISOString() }
    await replace(folder, { ...manifest, [kind]: entry })
    await sweep(folder, now)
    return { kind, origin: it.origin, size }
  } catch (error) {
    if (!(await inUse(folder, files))) await Promise.all(paths.map((path) => rm(path, { force: true })))
    if (error instanceof NotInstalled) throw error
    throw new NotInstalled(`${it.origin} cannot be used: ${(error as Error).message}`)
  }
}

function attempt<T>(origin: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new NotInstalled(`${origin} cannot be used: ${(error as Error).message}`)
  }
}

function kindOf([first]: readonly Part[]): Kind {
  if (first === undefined) throw new Error('there is no file in it')
  const head = Buffer.from(first.bytes.buffer, first.bytes.byteOffset, first.bytes.length)
  if (first.name.endsWith('.csv')) return kindOfCsv(head.toString('latin1', 0, 1_024))
  const { kind } = openMmdb(head)
  if (kind === undefined) throw new Error('it does not say what it tells; name it with --kind')
  return kind
}

/** Named by content: a file that is being read is never written again. */
async function write(folder: string, kind: Kind, integrity: string, parts: readonly Part[]): Promise<string[]> {
  const mark = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex').slice(0, 16)
  const files: string[] = []
  for (const [at, { name, bytes }] of parts.entries()) {
    const file = `${kind}-${mark}-${at}${name.endsWith('.csv') ? '.csv' : '.mmdb'}`
    const draft = join(folder, `${file}.draft`)
    await writeFile(draft, bytes, { flush: true })
    await rename(draft, join(folder, file))
    files.push(file)
  }
  return files
}

/** A table that lost most of its ranges is a broken one, whatever its hash says. */
async function refuseShrunk(
  origin: string,
  kind: Kind,
  size: number,
  folder: string,
  manifest: Manifest,
  paths: readonly string[],
): Promise<void> {
  const current = await sourceOf(kind, folder, manifest)
  const format = (files: readonly string[]) => files[0]?.replace(/^.*\./, '')
  if (format(current.files) !== format(paths)) {
    if (size >= 1_000) return
    throw new NotInstalled(`${origin} holds ${size} ranges only; --force installs it`)
  }
  const before = await openTable(kind, current.files).catch(() => undefined)
  if (before === undefined || size * 2 >= before.size) return
  throw new NotInstalled(`${origin} holds ${size} ranges, the table in use ${before.size}; --force installs it`)
}

async function replace(folder: string, manifest: Manifest): Promise<void> {
  const path = manifestPath(folder)
  const draft = `${path}.draft`
  await writeFile(draft, `${JSON.stringify(manifest, null, 2)}\n`, { flush: true })
  await rename(draft, path)
}

async function inUse(folder: string, files: readonly string[]): Promise<boolean> {
  const manifest = await readManifest(folder).catch(() => ({}) as Manifest)
  return Object.values(manifest).some((entry) => entry?.files.some((file) => files.includes(file)))
}

/** Files nobody names any more; younger ones may be those of an installation that runs at the same time. */
async function sweep(folder: string, now: number): Promise<void> {
  for (const file of await readdir(folder)) {
    if (!/^(country|network)-/.test(file) || (await inUse(folder, [file]))) continue
    const { mtimeMs } = await stat(join(folder, file))
    if (now - mtimeMs > 3_600_000) await rm(join(folder, file), { force: true })
  }
}
