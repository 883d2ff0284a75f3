import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Log } from '#ports/log.ts'
import { install } from './install.ts'
import { openNetworks } from './open.ts'

function world(t: TestContext, folder = mkdtempSync(join(tmpdir(), 'polyfactor-network-'))) {
  const errors: string[] = []
  const log: Log = { debug() {}, info() {}, warn() {}, error: (_fields, message) => void errors.push(message) }
  const networks = openNetworks({ folder, log, pollMs: 50 })
  t.after(() => {
    networks.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { folder, networks, errors }
}

const csv = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text), origin: name })

test('the shipped tables know countries, networks and the middle of a country, in both families', async (t) => {
  const { networks, errors } = world(t)
  await networks.warm()
  const google = networks.lookup('8.8.8.8')
  assert.deepEqual({ country: google?.country, asn: google?.asn }, { country: 'US', asn: 15169 })
  assert.deepEqual(networks.lookup('::ffff:8.8.8.8'), google)
  assert.deepEqual(networks.lookup('::ffff:808:808'), google)
  assert.deepEqual(networks.lookup('2001:4860:4860::8888')?.asn, 15169)
  const norway = networks.lookup('193.213.112.4')
  assert.equal(norway?.country, 'NO')
  assert.ok(Math.abs((norway?.latitude ?? 0) - 60) < 5 && Math.abs((norway?.longitude ?? 0) - 9) < 5)
  for (const none of ['10.0.0.1', '127.0.0.1', '::1', 'fe80::1', '192.168.0.7', '203.0.113.7', '', 'a', '8.8.8.8:53']) {
    assert.equal(networks.lookup(none), undefined, none)
  }
  assert.deepEqual(errors, [])
})

test('nothing is read before the first question, and what comes before the end of reading is not known', async (t) => {
  const { networks } = world(t)
  assert.equal(networks.lookup('8.8.8.8'), undefined)
  await networks.warm()
  assert.equal(networks.lookup('8.8.8.8')?.asn, 15169)
})

test('an installation is taken over by a running server, each table by itself', { timeout: 20_000 }, async (t) => {
  const { folder, networks } = world(t)
  const options = { folder, now: Date.now(), force: true }
  await install(csv('a.csv', '8.8.8.0,8.8.8.255,NO\n'), options)
  await networks.warm()
  assert.deepEqual([networks.lookup('8.8.8.8')?.country, networks.lookup('8.8.8.8')?.asn], ['NO', 15169])
  await install(csv('b.csv', '8.8.8.0,8.8.8.255,64500,x\n'), options)
  while (networks.lookup('8.8.8.8')?.asn !== 64500) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(networks.lookup('8.8.8.8')?.country, 'NO')
  assert.equal(networks.lookup('1.1.1.1'), undefined)
})

test('S-98: a broken manifest or table is told, and the shipped one is asked instead', async (t) => {
  for (const text of ['{', '{"country":{"files":["../../etc/passwd"],"origin":"","installedAt":"","integrity":""}}']) {
    const { folder, networks, errors } = world(t)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'current.json'), text)
    await networks.warm()
    assert.equal(networks.lookup('8.8.8.8')?.country, 'US')
    assert.deepEqual(errors, ['the installed database of networks cannot be read'])
  }
  const { folder, networks, errors } = world(t)
  await install(csv('a.csv', '8.8.8.0,8.8.8.255,NO\n'), { folder, now: 0, force: true })
  const { readdirSync } = await import('node:fs')
  for (const file of readdirSync(folder)) if (file.endsWith('.csv')) writeFileSync(join(folder, file), 'broken')
  await networks.warm()
  assert.equal(networks.lookup('8.8.8.8')?.country, 'US')
  assert.deepEqual(errors, ['a table of networks cannot be read'])
})

test('a closed database knows nothing and reads nothing', (t) => {
  const { networks } = world(t)
  networks.close()
  assert.equal(networks.lookup('8.8.8.8'), undefined)
})
