import { lookup as systemLookup } from 'node:dns'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** The address a name leads to is none that strangers may be called at. */
export class PrivateTarget extends Error {
  override readonly name = 'PrivateTarget'
  readonly code = 'EPRIVATE'
}

/** Private, loopback, link-local, shared, multicast and reserved blocks (RFC 6890 and its registries). */
const blocks = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4', '::/128', '::1/128', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32'],
  ...['2002::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8', '64:ff9b::/96'],
]

function listOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family)
  }
  return list
}

const forbidden = listOf(blocks)

/** As Node's own agents: an idle connection is closed after 5 s. */
const keptOpen = { keepAlive: true, scheduling: 'lifo', timeout: 5_000 } as const

export interface TargetRule {
  /** Whether this address may be called. */
  readonly allows: (address: string) => boolean
  /**
   * For `http.request`: resolves a name and refuses it when any of its addresses is private (S-141). The connection
   * goes to an address that was judged, so that a name cannot lead elsewhere a moment later.
   */
  readonly lookup: LookupFunction
  /** Keeps the connections of this rule apart: one that somebody else has opened to the same name was never judged by it. */
  readonly agents: { readonly plain: HttpAgent; readonly secure: HttpsAgent }
}

/** `allowed`: CIDR blocks that may be called although they are private. */
export function targetRule(allowed: readonly string[]): TargetRule {
  const exempt = listOf(allowed)
  const allows = (address: string): boolean => {
    const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
    const version = isIP(plain)
    if (version === 0) return false
    const family = version === 6 ? 'ipv6' : 'ipv4'
    // An IPv4 address in IPv6 clothes of another cut is matched by the list itself, which knows mapped addresses.
    return exempt.check(plain, family) || !forbidden.check(plain, family)
  }
  return {
    allows,
    agents: { plain: new HttpAgent(keptOpen), secure: new HttpsAgent(keptOpen) },
    lookup: (name, options, done) =>
      systemLookup(name, { ...options, all: true }, (error, found) => {
        if (error) return done(error, '', 0)
        const bad = found.some(({ address }) => !allows(address))
        if (bad || found.length === 0) return done(new PrivateTarget('a private address'), '', 0)
        if (options.all) return done(null, found)
        return done(null, found[0]?.address ?? '', found[0]?.family)
      }),
  }
}
