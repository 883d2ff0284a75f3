import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import type { Kind } from './csv.ts'

/** The packages that bring a table each; `polyfactor network update` asks for their newest versions. */
export const packages: Readonly<Record<Kind, string>> = {
  country: '@ip-location-db/geo-whois-asn-country-mmdb',
  network: '@ip-location-db/asn',
}

const shippedFiles: Readonly<Record<Kind, readonly string[]>> = {
  country: ['geo-whois-asn-country.mmdb'],
  network: ['asn-ipv4.csv', 'asn-ipv6.csv'],
}

/** Where a table comes from. */
export interface Source {
  /** Absolute paths. */
  readonly files: readonly string[]
  /** Package with version, file name or URL, for people. */
  readonly origin: string
  readonly installedAt?: string
  /** SHA-512 of what was downloaded (SRI). */
  readonly integrity?: string
}

const entry = z.object({
  // Names only: a manifest that points out of its folder is none of ours.
  files: z.array(z.string().regex(/^[a-z0-9][a-z0-9.-]*$/)).min(1),
  origin: z.string(),
  installedAt: z.string(),
  integrity: z.string(),
})
export const manifestSchema = z.object({ country: entry.optional(), network: entry.optional() })

/** What `network update` installed: names of files beside it. Absent tables are the shipped ones. */
export type Manifest = z.output<typeof manifestSchema>

/** The file that is exchanged by one rename. */
export const manifestPath = (folder: string): string => join(folder, 'current.json')

/** The manifest of a folder; empty when nothing was installed. @throws Error when it cannot be read */
export async function readManifest(folder: string): Promise<Manifest> {
  let text: string
  try {
    text = await readFile(manifestPath(folder), 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return {}
    throw error
  }
  return manifestSchema.parse(JSON.parse(text))
}

/** The table that came with the packages. */
export async function shipped(kind: Kind): Promise<Source> {
  const home = import.meta.resolve(`${packages[kind]}/package.json`)
  const { version } = JSON.parse(await readFile(fileURLToPath(home), 'utf8')) as { version: string }
  const files = shippedFiles[kind].map((file) => fileURLToPath(new URL(file, home)))
  return { files, origin: `${packages[kind]}@${version}` }
}

/** The table in use: the installed one, else the shipped one. */
export async function sourceOf(kind: Kind, folder: string, manifest: Manifest): Promise<Source> {
  const own = manifest[kind]
  return own === undefined ? await shipped(kind) : { ...own, files: own.files.map((file) => join(folder, file)) }
}
