import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createTarGzip } from 'nanotar'
import { integrityOf } from '#crypto/integrity.ts'
import { openNetworks } from '#network/open.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'polyfactor-network-cli-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function run(cwd: string, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [main, 'network', ...args], { cwd, timeout: 60_000 })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

/** A registry with one package for networks; `alter` spoils the tarball behind its announced hash. */
async function registry(t: TestContext, { alter = false, integrity = true } = {}) {
  const tarball = await createTarGzip([{ name: 'package/asn-ipv4.csv', data: '8.8.8.0,8.8.8.255,64500,"A, b"\n' }])
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.url ?? '')
    if (request.url === '/@ip-location-db%2fasn/latest') {
      const dist = { tarball: `${origin()}/asn.tgz`, ...(integrity ? { integrity: integrityOf(tarball) } : {}) }
      response.end(JSON.stringify({ version: '9.9.9', dist }))
    } else if (request.url === '/asn.tgz') response.end(alter ? tarball.with(20, (tarball[20] ?? 0) ^ 1) : tarball)
    else response.writeHead(404).end()
  })
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { url: origin(), seen, integrity: integrityOf(tarball) }
}

const only = ['--kind', 'network', '--force']

test('network update takes the newest package of a registry, once, and a running server follows within 5 s', {
  timeout: 60_000,
}, async (t) => {
  const cwd = folderOf(t)
  const { url, seen } = await registry(t)
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const networks = openNetworks({ folder: join(cwd, 'data', 'network'), log })
  t.after(() => networks.close())
  await networks.warm()
  assert.equal(networks.lookup('8.8.8.8')?.asn, 15169)
  const done = await run(cwd, 'update', '--registry', url, ...only)
  assert.deepEqual([done.code, done.out], [0, 'network: @ip-location-db/asn@9.9.9 is in use\n'], done.err)
  const since = Date.now()
  while (networks.lookup('8.8.8.8')?.asn !== 64500 && Date.now() - since < 5_000) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.equal(networks.lookup('8.8.8.8')?.asn, 64500)
  assert.deepEqual((await run(cwd, 'update', '--registry', `${url}/`, ...only)).code, 0)
  assert.equal(seen.filter((path) => path === '/asn.tgz').length, 1)
  assert.match((await run(cwd, 'status')).out, /shipped\nnetwork: @ip-location-db\/asn@9\.9\.9, installed \d{4}-/)
  assert.match((await run(cwd, 'lookup', '8.8.8.8')).out, /"asn":64500/)
})

test('network lookup refuses what is no address', async (t) => {
  const { code, out, err } = await run(folderOf(t), 'lookup', 'nonsense')
  assert.deepEqual([code, out], [1, ''])
  assert.match(err, /nonsense: is no IP address\. Write it as /)
})

test('network update refuses a tarball that was altered, a release without a hash and a registry without the package', async (t) => {
  for (const [options, path, says] of [
    [{ alter: true }, '', /does not have the SHA-512/],
    [{ integrity: false }, '', /without version, address or SHA-512/],
    [{}, '/nowhere', /answered 404/],
  ] as const) {
    const cwd = folderOf(t)
    const { url } = await registry(t, options)
    const { code, err } = await run(cwd, 'update', '--registry', url + path, ...only)
    assert.equal(code, 1)
    assert.match(err, says)
    assert.deepEqual(readdirSync(cwd), [])
  }
})

test('network update --from takes a file or a URL, with the hash it must have', async (t) => {
  const cwd = folderOf(t)
  const { url, integrity } = await registry(t)
  const from = ['update', '--force', '--from']
  const taken = await run(cwd, ...from, `${url}/asn.tgz`, '--integrity', integrity)
  assert.deepEqual([taken.code, taken.out], [0, `network: ${url}/asn.tgz is in use\n`], taken.err)
  writeFileSync(join(cwd, 'c.csv'), '8.8.8.0,8.8.8.255,NO\n')
  assert.equal((await run(cwd, ...from, 'c.csv')).out, 'country: c.csv is in use\n')
  assert.match((await run(cwd, ...from, 'c.csv', '--integrity', integrity)).err, /does not have the SHA-512/)
  assert.match((await run(cwd, ...from, 'none.csv')).err, /none\.csv cannot be read \(ENOENT\)/)
  assert.match((await run(cwd, ...from, 'http://192.0.2.1/a.csv')).err, /https:\/\//)
})
