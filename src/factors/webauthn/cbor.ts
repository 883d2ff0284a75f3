/** What a browser may send as CBOR in one piece (S-95). */
const mostBytes = 65_536
const deepest = 8

/**
 * How many whole items of CBOR (RFC 8949) these bytes are, within the bounds of S-95: at most 64 KiB, nested at most 8
 * deep, lengths definite and not beyond the end, nothing after the last. Undefined: they break a bound. Asked before a
 * parser that recurses gets to see them.
 */
export function countCbor(bytes: Uint8Array): number | undefined {
  if (bytes.length > mostBytes) return undefined
  let count = 0
  for (let at: number | undefined = 0; at !== bytes.length; count++) {
    at = skipItem(bytes, at, 1)
    if (at === undefined) return undefined
  }
  return count
}

/** Where the item that begins at `start` ends; undefined: it breaks a bound. */
function skipItem(bytes: Uint8Array, start: number, depth: number): number | undefined {
  const head = readHead(bytes, start)
  if (head === undefined || depth > deepest) return undefined
  const { major, value, next } = head
  if (major === 2 || major === 3) return value <= bytes.length - next ? next + value : undefined
  if (major === 4) return skipItems(bytes, next, value, depth)
  if (major === 5) return skipItems(bytes, next, value * 2, depth)
  return major === 6 ? skipItem(bytes, next, depth + 1) : next
}

function skipItems(bytes: Uint8Array, start: number, count: number, depth: number): number | undefined {
  // Every item has at least one byte: a count that cannot be true costs no work.
  if (count > bytes.length - start) return undefined
  let at: number | undefined = start
  for (let i = 0; i < count && at !== undefined; i++) at = skipItem(bytes, at, depth + 1)
  return at
}

function readHead(bytes: Uint8Array, at: number) {
  const first = bytes[at]
  if (first === undefined) return undefined
  const major = first >> 5
  const low = first & 31
  if (low < 24) return { major, value: low, next: at + 1 }
  // 28 to 30 are reserved, 31 is an indefinite length.
  if (low > 27) return undefined
  const next = at + 1 + 2 ** (low - 24)
  if (next > bytes.length) return undefined
  const value = bytes.subarray(at + 1, next).reduce((sum, byte) => sum * 256 + byte, 0)
  return { major, value, next }
}
