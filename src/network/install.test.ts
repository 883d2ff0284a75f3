import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { createTarGzip } from 'nanotar'
import { integrityOf } from '#crypto/integrity.ts'
import { type Download, install, NotInstalled } from './install.ts'
import { readManifest, shipped } from './installed.ts'
import { openTable } from './tables.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'polyfactor-install-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const bytesOf = (text: string) => new TextEncoder().encode(text)
const small = '8.8.8.0,8.8.8.255,64500,x\n'
const plain = (over: Partial<Download> = {}): Download => ({
  name: 'a.csv',
  bytes: bytesOf(small),
  origin: 'a.csv',
  ...over,
})
const forced = (folder: string) => ({ folder, now: Date.now(), force: true })

test('a package, a file and a compressed file install alike', async (t) => {
  const files = { 'package/x-ipv4.csv': small, 'package/x-ipv4-num.csv': 'not read', 'package/README.md': 'not read' }
  const tar = await createTarGzip(Object.entries(files).map(([name, data]) => ({ name, data })))
  for (const it of [
    plain(),
    plain({ name: 'a.csv.gz', bytes: gzipSync(small) }),
    plain({ name: 'p.tgz', bytes: tar }),
  ]) {
    const folder = folderOf(t)
    assert.deepEqual(await install(it, forced(folder)), { kind: 'network', origin: 'a.csv', size: 1 })
    const { network } = await readManifest(folder)
    assert.equal(network?.integrity, integrityOf(it.bytes))
    assert.equal(readFileSync(join(folder, network?.files[0] ?? ''), 'utf8'), small)
  }
})

test('a database in the MaxMind format says itself what it is', async (t) => {
  const folder = folderOf(t)
  const [file = ''] = (await shipped('country')).files
  const done = await install(plain({ name: 'c.mmdb', bytes: readFileSync(file) }), { folder, now: Date.now() })
  assert.equal(done.kind, 'country')
  const { country } = await readManifest(folder)
  assert.ok(
    (
      await openTable(
        'country',
        (country?.files ?? []).map((it) => join(folder, it)),
      )
    ).size > 1_000,
  )
})

const refused: readonly [why: string, it: Partial<Download>, says: RegExp][] = [
  ['has another hash', { integrity: integrityOf(bytesOf('else')) }, /does not have the SHA-512/],
  ['states no SHA-512', { integrity: 'sha1-AAAA' }, /does not have the SHA-512/],
  ['is a page of HTML', { bytes: bytesOf('<html>\n') }, /third column/],
  ['is cut off', { bytes: bytesOf(`${small}9.9.9.0,9.9`) }, /line 2/],
  ['is no archive', { name: 'p.tgz' }, /not compressed as its name says/],
  ['is of another format', { name: 'a.zip' }, /neither/],
  ['is no database', { name: 'c.mmdb' }, /cannot be used/],
]
for (const [why, over, says] of refused) {
  test(`a download that ${why} changes nothing`, async (t) => {
    const folder = folderOf(t)
    await install(plain(), forced(folder))
    const before = [readdirSync(folder), await readManifest(folder)]
    await assert.rejects(install(plain(over), forced(folder)), (error: Error) => {
      assert.ok(error instanceof NotInstalled)
      assert.match(error.message, says)
      return true
    })
    assert.deepEqual([readdirSync(folder), await readManifest(folder)], before)
  })
}

test('a table that lost most of its ranges needs --force', async (t) => {
  const folder = folderOf(t)
  await assert.rejects(install(plain(), { folder, now: Date.now() }), /holds 1 ranges, the table in use \d{6}; --force/)
  assert.deepEqual(readdirSync(folder), [])
  await install(plain(), forced(folder))
})

test('installing the table in use again leaves it in use, and old files go after an hour', async (t) => {
  const folder = folderOf(t)
  await install(plain(), forced(folder))
  await install(plain(), forced(folder))
  assert.equal(readdirSync(folder).length, 2)
  const other = plain({ bytes: bytesOf('9.9.9.0,9.9.9.255,7\n') })
  await install(other, forced(folder))
  assert.equal(readdirSync(folder).length, 3)
  await install(other, { folder, now: Date.now() + 3_700_000, force: true })
  assert.equal(readdirSync(folder).length, 2)
})

test('the packages that ship tables say under which licence', () => {
  for (const name of ['asn', 'geo-whois-asn-country-mmdb']) {
    const file = fileURLToPath(import.meta.resolve(`@ip-location-db/${name}/NRO_LICENSE`))
    assert.match(readFileSync(file, 'utf8'), /Creative Commons Attribution 4\.0/)
  }
})
