/** An address as a number, with how many bits it has. */
interface Bits {
  readonly value: bigint
  readonly size: 32 | 128
}

/** An IPv4 or IPv6 address; undefined for anything else. IPv4 mapped into IPv6 is IPv4. */
export function addressBits(text: string): Bits | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1]
  return fourBits(mapped ?? text) ?? sixBits(text)
}

function fourBits(text: string): Bits | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  return { value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n), size: 32 }
}

function sixBits(text: string): Bits | undefined {
  if (!/^[0-9a-f:]{2,39}$/i.test(text)) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - left.length - right.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right]
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return { value: groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n), size: 128 }
}

/** Whether an address lies in one of these blocks (CIDR, RFC 4632) or is one of these addresses; a block that is none holds nothing. */
export function inBlocks(address: string, blocks: readonly string[]): boolean {
  const it = addressBits(address)
  return (
    it !== undefined &&
    blocks.some((block) => {
      const [text = '', prefix] = block.split('/')
      const base = addressBits(text)
      if (base === undefined || base.size !== it.size) return false
      const free = BigInt(Math.max(0, it.size - Number(prefix ?? it.size)))
      return base.value >> free === it.value >> free
    })
  )
}
