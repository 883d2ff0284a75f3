import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPublic, readKey } from './address.ts'

const keys: readonly [text: string, key: ReturnType<typeof readKey>][] = [
  ['8.8.4.4', { family: 4, value: 0x08080404 }],
  ['255.255.255.255', { family: 4, value: 0xffffffff }],
  ['::ffff:8.8.4.4', { family: 4, value: 0x08080404 }],
  ['::FFFF:0808:0404', { family: 4, value: 0x08080404 }],
  ['0:0:0:0:0:ffff:8.8.4.4', { family: 4, value: 0x08080404 }],
  ['2001:4860:4860::8888', { family: 6, value: 0x2001_4860_4860_0000n }],
  ['2001:4860:4860:1:2:3:4:5', { family: 6, value: 0x2001_4860_4860_0001n }],
  ['::1', { family: 6, value: 0n }],
  ['::', { family: 6, value: 0n }],
  ['fe80::1%eth0', { family: 6, value: 0xfe80_0000_0000_0000n }],
  ['64:ff9b::8.8.4.4', { family: 6, value: 0x0064_ff9b_0000_0000n }],
  ['', undefined],
  ['a', undefined],
  ['8.8.8', undefined],
  ['08.8.8.8', undefined],
  ['8.8.8.8:443', undefined],
  ['[2001:db8::1]', undefined],
]
for (const [text, key] of keys) test(`“${text}” reads as it should`, () => assert.deepEqual(readKey(text), key))

const places: readonly [text: string, isPublic: boolean][] = [
  ['8.8.8.8', true],
  ['9.255.255.255', true],
  ['10.0.0.0', false],
  ['10.255.255.255', false],
  ['11.0.0.0', true],
  ['100.63.255.255', true],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['169.254.1.1', false],
  ['172.15.255.255', true],
  ['172.31.255.255', false],
  ['172.32.0.0', true],
  ['192.168.1.1', false],
  ['203.0.113.9', false],
  ['223.255.255.255', true],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::ffff:10.0.0.1', false],
  ['2a00::1', true],
  ['2001:db8::1', false],
  ['2001:db7::1', true],
  ['::1', false],
  ['fc00::1', false],
  ['fe80::1', false],
  ['ff02::1', false],
]
for (const [text, expected] of places) {
  test(`${text} is ${expected ? 'somebody’s' : 'nobody’s'} on the internet`, () => {
    const key = readKey(text)
    assert(key !== undefined)
    assert.equal(isPublic(key), expected)
  })
}
