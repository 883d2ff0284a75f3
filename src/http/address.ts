import { BlockList, isIP } from 'node:net'

/** Who a request comes from, and what the proxies in front say about it. */
export interface Origin {
  /** Client address: canonical, IPv4 where it was mapped into IPv6. */
  readonly address: string
  /** Host as the client sent it: from a trusted proxy's `X-Forwarded-Host`, else undefined. */
  readonly host?: string
  /** Whether a trusted proxy says that the client came by https (true) or http (false). */
  readonly secure?: boolean
}

export interface ForwardedHeaders {
  readonly 'x-forwarded-for'?: string
  readonly 'x-forwarded-host'?: string
  readonly 'x-forwarded-proto'?: string
}

export interface AddressReader {
  read(peer: string, headers: ForwardedHeaders): Origin
  /** Whether an address is one of the configured proxies. */
  trusts(address: string): boolean
}

/**
 * Finds the client address (S-99): the peer of the socket, unless the peer is a trusted proxy; then the list of
 * `X-Forwarded-For` is walked from the right, trusted hops are skipped, and the first other one is the client. What
 * stands further left was written by the client and is not looked at. A junk value ends the walk: the hop that passed
 * it on is then the client.
 *
 * Forwarded host and scheme are taken at the same distance from the right.
 * @param blocks CIDR blocks or single addresses; the caller has checked them
 * @throws Error for a block that is none
 */
export function createAddressReader(blocks: readonly string[]): AddressReader {
  const list = blockList(blocks)
  const trusts = (address: string) => blocks.length > 0 && inList(list, address)
  return {
    trusts,
    read(peer, headers) {
      const socket = normalise(peer) ?? peer
      if (!trusts(socket)) return { address: socket }
      const { address, skipped } = walk(socket, headers['x-forwarded-for'], trusts)
      const proto = fromRight(headers['x-forwarded-proto'], skipped)?.toLowerCase()
      return {
        address,
        host: fromRight(headers['x-forwarded-host'], skipped),
        secure: proto === 'https' ? true : proto === 'http' ? false : undefined,
      }
    },
  }
}

function walk(peer: string, header: string | undefined, trusts: (address: string) => boolean) {
  let address = peer
  let skipped = 0
  let end = header?.length ?? 0
  while (header !== undefined && end > 0) {
    const comma = header.lastIndexOf(',', end - 1)
    const hop = normalise(header.slice(comma + 1, end).trim())
    if (hop === undefined) break
    address = hop
    if (!trusts(hop)) break
    skipped++
    end = comma
  }
  return { address, skipped }
}

/** The value `distance` places from the right end of a list; the leftmost of a shorter list. */
function fromRight(header: string | undefined, distance: number): string | undefined {
  if (header === undefined) return undefined
  const values = header.split(',')
  return values[Math.max(0, values.length - 1 - distance)]?.trim() || undefined
}

/** An address without port, brackets, zone and IPv4-in-IPv6 spelling; undefined for anything else. */
function normalise(text: string): string | undefined {
  if (text.length > 64) return undefined
  let address = text
  if (address.startsWith('[')) address = address.slice(1, Math.max(1, address.indexOf(']')))
  else if (address.includes('.') && /^[^:]+:\d+$/.test(address)) address = address.slice(0, address.indexOf(':'))
  const zone = address.indexOf('%')
  if (zone > 0) address = address.slice(0, zone)
  if (/^::ffff:\d+\./i.test(address)) address = address.slice(7)
  const family = isIP(address)
  return family === 0 ? undefined : family === 6 ? address.toLowerCase() : address
}

function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const block of blocks) {
    const [text = '', prefix] = block.split('/')
    const address = normalise(text)
    if (address === undefined) throw new Error(`not an address block: ${block}`)
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

function inList(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
