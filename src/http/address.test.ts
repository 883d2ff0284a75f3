import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAddressReader } from './address.ts'

const reader = createAddressReader(['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])

describe('the client address (S-99)', () => {
  const cases: [what: string, peer: string, forwarded: string | undefined, address: string][] = [
    ['no proxy, no header', '198.51.100.1', undefined, '198.51.100.1'],
    ['an untrusted peer with a header', '198.51.100.1', '203.0.113.9', '198.51.100.1'],
    ['an untrusted peer that claims to be a proxy', '198.51.100.1', '10.0.0.1', '198.51.100.1'],
    ['a trusted peer without a header', '10.0.0.1', undefined, '10.0.0.1'],
    ['a trusted peer with an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['one hop', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['two hops, the inner one trusted', '10.0.0.1', '203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['a spoofed address before the real one', '10.0.0.1', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
    ['a spoofed proxy before the real client', '10.0.0.1', '1.1.1.1, 10.9.9.9, 203.0.113.9', '203.0.113.9'],
    ['four hops', '10.0.0.1', '1.1.1.1, 203.0.113.9, 192.0.2.7, 10.0.0.2', '203.0.113.9'],
    ['five hops', '192.0.2.7', '1.1.1.1,2.2.2.2, 203.0.113.9 ,10.0.0.3, 10.0.0.2', '203.0.113.9'],
    ['only trusted hops', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['junk as the client', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['junk behind a trusted hop', '10.0.0.1', '203.0.113.9, <script>, 10.0.0.2', '10.0.0.2'],
    ['an empty element', '10.0.0.1', '203.0.113.9,', '10.0.0.1'],
    ['numbers that are no address', '10.0.0.1', '999.1.1.1', '10.0.0.1'],
    ['an octal look-alike', '10.0.0.1', '0177.0.0.1', '10.0.0.1'],
    ['a port', '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['IPv6 with brackets and port', '10.0.0.1', '[2001:DB8::1]:4711', '2001:db8::1'],
    ['IPv6 proxies', 'fd00::1', '2001:db8::1, fd12::3', '2001:db8::1'],
    ['a mapped peer', '::ffff:10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['a zone', 'fe80::1%eth0', undefined, 'fe80::1'],
    ['an unknown peer', '', '203.0.113.9', ''],
  ]
  for (const [what, peer, forwarded, address] of cases) {
    it(`is ${address || 'empty'} for ${what}`, () => {
      assert.equal(reader.read(peer, { 'x-forwarded-for': forwarded }).address, address)
    })
  }

  it('takes a chain of 2,000 hops in its stride', () => {
    const chain = ['203.0.113.9', ...Array(2_000).fill('10.0.0.2')].join(', ')
    const begun = performance.now()
    assert.equal(reader.read('10.0.0.1', { 'x-forwarded-for': chain }).address, '203.0.113.9')
    assert.ok(performance.now() - begun < 100)
  })

  it('reads host and scheme from trusted proxies only, at the same distance', () => {
    const spoofed = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    const untrusted = reader.read('198.51.100.1', spoofed)
    assert.deepEqual([untrusted.host, untrusted.secure], [undefined, undefined])
    const chain = reader.read('10.0.0.1', {
      'x-forwarded-for': '203.0.113.9, 10.0.0.2',
      'x-forwarded-host': 'evil.example, id.example, inner.example',
      'x-forwarded-proto': 'http, https, http',
    })
    assert.deepEqual([chain.host, chain.secure], ['id.example', true])
    const one = reader.read('10.0.0.1', { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'junk' })
    assert.deepEqual([one.host, one.secure], [undefined, undefined])
  })

  it('refuses a block that is none', () => {
    assert.throws(() => createAddressReader(['10.0.0.0/8', 'proxy.example']), /not an address block/)
  })
})
