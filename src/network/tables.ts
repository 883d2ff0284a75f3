import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { NetworkOf } from '#ports/network.ts'
import type { Key } from './address.ts'
import { type Kind, readCsv, unpackCountry } from './csv.ts'
import { type Mmdb, openMmdb } from './mmdb.ts'
import { rangeBuilder } from './ranges.ts'

/** One opened table: what its files tell of an address. */
export interface Table {
  /** Ranges, or nodes of the search tree: comparable only between files of one format. */
  readonly size: number
  find(address: string, key: Key): NetworkOf
}

/**
 * Reads the files of one table, all of one format, in chunks: a server answers requests meanwhile.
 * @throws Error that names what is wrong with them
 */
export async function openTable(kind: Kind, files: readonly string[]): Promise<Table> {
  return files.every((file) => file.endsWith('.csv')) ? await fromCsv(kind, files) : await fromMmdb(files)
}

async function fromMmdb(files: readonly string[]): Promise<Table> {
  const readers: Mmdb[] = []
  for (const file of files) readers.push(openMmdb(await readFile(file)))
  return {
    size: readers.reduce((sum, { size }) => sum + size, 0),
    find(address, key) {
      for (const reader of readers) {
        const found = reader.find(address, key)
        if (found.country !== undefined || found.asn !== undefined) return found
      }
      return {}
    },
  }
}

async function fromCsv(kind: Kind, files: readonly string[]): Promise<Table> {
  const builder = rangeBuilder()
  for (const file of files) {
    const chunks = createReadStream(file, { encoding: 'utf8', highWaterMark: 32 * 1024 })
    await readCsv(yielding(chunks), builder, kind)
  }
  const table = builder.build()
  return {
    size: table.size,
    find(_address, key) {
      const value = table.find(key)
      if (value === undefined) return {}
      return kind === 'country' ? { country: unpackCountry(value) } : { asn: value }
    },
  }
}

/** Chunks with a turn of the event loop between them: a stream that is ahead would hand over many in one. */
async function* yielding(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const chunk of chunks) {
    yield chunk
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
