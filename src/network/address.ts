import { isIP } from 'node:net'

/** An address as it is looked up: 32 bits of IPv4, or the upper 64 bits of IPv6, which is all that is ever routed. */
export type Key = { readonly family: 4; readonly value: number } | { readonly family: 6; readonly value: bigint }

/** Reads an address; IPv4 mapped into IPv6 (RFC 4291 section 2.5.5.2) is IPv4. Undefined for anything else, ports included. */
export function readKey(text: string): Key | undefined {
  const family = isIP(text)
  if (family === 4) return { family, value: dotted(text) }
  if (family !== 6) return undefined
  const groups = groupsOf(text)
  const mapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)
  if (mapped) return { family: 4, value: at(groups, 6) * 0x1_0000 + at(groups, 7) }
  return { family, value: groups.slice(0, 4).reduce((sum, group) => (sum << 16n) | BigInt(group), 0n) }
}

const at = (groups: readonly number[], index: number): number => groups[index] ?? 0

function dotted(text: string): number {
  let value = 0
  let octet = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code !== 46) octet = octet * 10 + code - 48
    else {
      value = value * 256 + octet
      octet = 0
    }
  }
  return value * 256 + octet
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(text: string): readonly number[] {
  const [head = '', tail] = (text.split('%')[0] ?? '').split('::')
  const front = part(head)
  if (tail === undefined) return front
  const back = part(tail)
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back]
}

function part(text: string): readonly number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return Number.parseInt(group, 16)
    const value = dotted(group)
    return [Math.floor(value / 0x1_0000), value % 0x1_0000]
  })
}

/**
 * Whether an address is one of somebody on the internet. Private, local, shared, documentation and multicast ones are
 * not (RFC 6890, RFC 6598): a database that names a country for them would be wrong.
 */
export function isPublic({ family, value }: Key): boolean {
  if (family === 4) return !special.some(([from, to]) => value >= from && value <= to)
  // Only 2000::/3 is assigned to anybody; 2001:db8::/32 is for documentation.
  return value >> 61n === 1n && value >> 32n !== 0x2001_0db8n
}

const special = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
].map((block) => {
  const [text = '', bits = '32'] = block.split('/')
  const from = dotted(text)
  return [from, from + 2 ** (32 - Number(bits)) - 1] as const
})
