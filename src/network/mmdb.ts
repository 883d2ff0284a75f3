import { Reader } from 'mmdb-lib'
import * as z from 'zod'
import type { NetworkOf } from '#ports/network.ts'
import type { Key } from './address.ts'
import type { Kind } from './csv.ts'

/** A database in the MaxMind DB format, read from memory. */
export interface Mmdb {
  /** Nodes of its search tree: what stands for its size. */
  readonly size: number
  readonly kind: Kind | undefined
  find(address: string, key: Key): NetworkOf
}

/** The members we read, as the common free and paid databases name them; whatever is of another shape counts as absent. */
const record = z.object({
  country_code: z.string().optional().catch(undefined),
  country: z
    .union([z.string(), z.object({ iso_code: z.string() }).transform((it) => it.iso_code)])
    .optional()
    .catch(undefined),
  location: z.object({ latitude: z.number(), longitude: z.number() }).optional().catch(undefined),
  autonomous_system_number: z.int().positive().optional().catch(undefined),
  asn: z.union([z.string(), z.int()]).optional().catch(undefined),
})

/** Opens a database. @throws Error when the bytes are none */
export function openMmdb(bytes: Buffer): Mmdb {
  const reader = new Reader<never>(bytes)
  const { databaseType, ipVersion, nodeCount } = reader.metadata
  return {
    size: nodeCount,
    kind: /asn|isp/i.test(databaseType) && !/country/i.test(databaseType) ? 'network' : kindByName(databaseType),
    find(address, { family }) {
      if (family === 6 && ipVersion === 4) return {}
      return readRecord(reader.get(address))
    },
  }
}

const kindByName = (type: string): Kind | undefined => (/country|city/i.test(type) ? 'country' : undefined)

function readRecord(value: unknown): NetworkOf {
  const read = record.safeParse(value)
  if (!read.success) return {}
  const { country_code, country = country_code, location, autonomous_system_number, asn } = read.data
  const number = autonomous_system_number ?? Number(String(asn ?? '').replace(/^AS/, ''))
  return {
    ...(country !== undefined && /^[A-Z]{2}$/.test(country) && country !== 'ZZ' ? { country } : {}),
    ...(number > 0 ? { asn: number } : {}),
    ...location,
  }
}
