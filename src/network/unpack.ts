import { gunzipSync } from 'node:zlib'
import { parseTar } from 'nanotar'

/** A file of a table: its name tells the format. */
export interface Part {
  /** Ends in `.csv` or `.mmdb`. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Nothing of ours unpacks to more, bytes. */
const largest = 512 * 1024 * 1024

/**
 * The files of a table in a download: a package of the registry (`.tgz`), a table (`.mmdb`, `.csv`), or one compressed
 * (`.mmdb.gz`, `.csv.gz`).
 * @throws Error that says what is missing
 */
export function unpack(name: string, bytes: Uint8Array): readonly Part[] {
  const plain = name.replace(/\.gz$/, '')
  const data = /\.(gz|tgz)$/.test(name) ? inflate(bytes) : bytes
  if (/\.(mmdb|csv)$/.test(plain)) return [{ name: plain.replace(/^.*[\\/]/, ''), bytes: data }]
  if (!/\.(tgz|tar)$/.test(plain)) throw new Error(`${name} is neither .tgz nor .mmdb nor .csv`)
  const inside = filesOf(data)
  const found = chosen(inside)
  if (found.length === 0) throw new Error(`${name} holds no .mmdb and no .csv file`)
  return found
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: largest })
  } catch {
    throw new Error('it is not compressed as its name says, or unpacks to more than 512 MiB')
  }
}

function filesOf(data: Uint8Array): readonly Part[] {
  // The reader looks at the whole buffer behind an array, so the array must be all of it.
  const whole = data.byteLength === data.buffer.byteLength ? data : Uint8Array.from(data)
  return parseTar(whole)
    .filter(({ type, data: bytes }) => type === 'file' && bytes !== undefined)
    .map(({ name, data: bytes }) => ({ name: name.replace(/^.*\//, ''), bytes: bytes as Uint8Array }))
}

/** One file for all addresses if there is one, else those of both families; the numeric spelling of a table is left out. */
function chosen(files: readonly Part[]): readonly Part[] {
  for (const ending of ['.mmdb', '.csv']) {
    const those = files.filter(({ name }) => name.endsWith(ending) && !/-num\.csv$/.test(name))
    const whole = those.filter(({ name }) => !/ipv[46]/.test(name))
    if (whole.length > 0) return whole.slice(0, 1)
    if (those.length > 0) return those.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }
  return []
}
