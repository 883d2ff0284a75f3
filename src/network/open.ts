import { unwatchFile, watchFile } from 'node:fs'
import type { Log } from '#ports/log.ts'
import type { NetworkOf, Networks } from '#ports/network.ts'
import { isPublic, readKey } from './address.ts'
import { middleOf } from './centroids.ts'
import type { Kind } from './csv.ts'
import { manifestPath, readManifest, shipped, sourceOf } from './installed.ts'
import { openTable, type Table } from './tables.ts'

export interface OpenNetworks extends Networks {
  /** Reads the tables, unless they are read already; ends when they can be asked. Never throws: a table may be missing. */
  warm(): Promise<void>
  close(): void
}

export interface NetworkOptions {
  /** Where `network update` installs. */
  readonly folder: string
  readonly log: Log
  /** How often to look for a new installation, ms. */
  readonly pollMs?: number
}

type Tables = Readonly<Partial<Record<Kind, Table>>>

/**
 * Countries and networks of addresses, from memory. Nothing is read before the first question, which together with
 * those that come while the tables are read (some tenths of a second) is answered with "not known"; `warm` reads them
 * ahead. A new installation is taken over within `pollMs`, in one step; one that cannot be read leaves the old tables
 * in use.
 */
export function openNetworks({ folder, log, pollMs = 2_000 }: NetworkOptions): OpenNetworks {
  let tables: Tables = {}
  let reading: Promise<void> | undefined
  let closed = false
  const path = manifestPath(folder)
  const read = async (): Promise<void> => {
    const next = await readTables(folder, tables, log)
    if (!closed) tables = next
  }
  // One after the other, so that a slow reading never overtakes a later one.
  const look = (): void => {
    reading = reading?.then(read)
  }
  const warm = (): Promise<void> => {
    if (reading === undefined) {
      reading = read()
      watchFile(path, { persistent: false, interval: pollMs }, look)
    }
    return reading
  }
  return {
    warm,
    lookup(address) {
      if (reading === undefined && !closed) void warm()
      return lookUp(tables, address)
    },
    close() {
      closed = true
      unwatchFile(path, look)
      tables = {}
    },
  }
}

function lookUp({ country, network }: Tables, address: string): NetworkOf | undefined {
  const key = readKey(address)
  if (key === undefined || !isPublic(key)) return undefined
  const plain = key.family === 4 ? dottedText(key.value) : address
  const found = { ...network?.find(plain, key), ...country?.find(plain, key) }
  if (found.country === undefined && found.asn === undefined) return undefined
  const place = found.latitude === undefined && found.country !== undefined ? middleOf(found.country) : undefined
  return { ...found, ...place }
}

/** IPv4 as the readers of other formats want it, whatever spelling it came in. */
const dottedText = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')

/** Both tables anew: the installed one, else what was in use, else the shipped one. */
async function readTables(folder: string, old: Tables, log: Log): Promise<Tables> {
  const manifest = await readManifest(folder).catch((err: unknown) => {
    log.error({ err }, 'the installed database of networks cannot be read')
    return undefined
  })
  const one = async (kind: Kind): Promise<Table | undefined> => {
    if (manifest === undefined && old[kind] !== undefined) return old[kind]
    try {
      return await openTable(kind, (await sourceOf(kind, folder, manifest ?? {})).files)
    } catch (err) {
      log.error({ err, key: kind }, 'a table of networks cannot be read')
    }
    return old[kind] ?? (manifest?.[kind] === undefined ? undefined : await shippedTable(kind, log))
  }
  return { country: await one('country'), network: await one('network') }
}

async function shippedTable(kind: Kind, log: Log): Promise<Table | undefined> {
  try {
    return await openTable(kind, (await shipped(kind)).files)
  } catch (err) {
    log.error({ err, key: kind }, 'the shipped table of networks cannot be read')
    return undefined
  }
}
