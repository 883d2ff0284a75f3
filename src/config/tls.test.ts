import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Settings } from './load.ts'
import { describeCertificate, developmentTls, openTls, readTlsFiles } from './tls.ts'

const root = mkdtempSync(join(tmpdir(), 'polyfactor-tls-'))
after(() => rmSync(root, { recursive: true, force: true }))
const now = Date.now()
const DAY_MS = 86_400_000
const hosts = ['localhost', '127.0.0.1', '::1', 'demo.test']

function get(port: number, ca: string, servername: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, ca, servername, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
      .once('error', reject)
      .end()
  })
}

describe('development TLS', () => {
  it('is trusted by a client that knows the CA, for localhost and a tenant domain only', async () => {
    const { cert, key, ca } = await developmentTls({ dir: join(root, 'a'), hosts, now })
    const server = createServer({ cert, key }, (_, answer) => void answer.end())
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    try {
      const { port } = server.address() as AddressInfo
      assert.equal(await get(port, ca, 'localhost'), 200)
      assert.equal(await get(port, ca, 'demo.test'), 200)
      await assert.rejects(get(port, ca, 'other.test'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    } finally {
      server.close()
    }
    assert.equal(readFileSync(join(root, 'a/ca.pem'), 'utf8'), ca)
    for (const file of ['ca-with-key.pem', 'server.pem'])
      assert.equal(statSync(join(root, 'a', file)).mode & 0o777, 0o600)
  })

  it('is kept from start to start', async () => {
    const dir = join(root, 'b')
    assert.deepEqual(await developmentTls({ dir, hosts, now }), await developmentTls({ dir, hosts, now: now + DAY_MS }))
  })

  it('gets a new certificate of the same CA when hosts change or its end is near', async () => {
    const dir = join(root, 'c')
    const first = await developmentTls({ dir, hosts, now })
    const more = await developmentTls({ dir, hosts: [...hosts, 'new.test'], now })
    const later = await developmentTls({ dir, hosts, now: now + 61 * DAY_MS })
    assert.equal(new Set([first.cert, more.cert, later.cert]).size, 3)
    assert.equal(new Set([first.ca, more.ca, later.ca]).size, 1)
    assert.ok(describeCertificate(later).validTo > now + 140 * DAY_MS)
  })

  it('gives servers that start together one CA', async () => {
    const made = await Promise.all([1, 2, 3].map(() => developmentTls({ dir: join(root, 'd'), hosts, now })))
    assert.equal(new Set(made.map(({ ca }) => ca)).size, 1)
  })
})

describe('TLS files', () => {
  const cert = join(root, 'own-cert.pem')
  const key = join(root, 'own-key.pem')
  const write = (pair: { cert: string; key: string }) => {
    writeFileSync(cert, pair.cert)
    writeFileSync(key, pair.key)
  }
  const settings = { tls: { cert, key } } as unknown as Settings

  it('come into use when they change, and never as a half-written pair', async () => {
    const old = await developmentTls({ dir: join(root, 'e'), hosts, now })
    const next = await developmentTls({ dir: join(root, 'f'), hosts, now })
    write(old)
    const bad = Promise.withResolvers<string>()
    const tls = await openTls(settings, { now, pollMs: 20, onBadFiles: bad.resolve })
    try {
      const changed = Promise.withResolvers<string>()
      tls.onChange((material) => changed.resolve(material.cert))
      writeFileSync(cert, next.cert)
      assert.match(await bad.promise, /key of another certificate/)
      assert.equal(tls.current().cert, old.cert)
      writeFileSync(key, next.key)
      assert.equal(await changed.promise, next.cert)
      assert.equal(tls.current().key, next.key)
    } finally {
      tls.close()
    }
  })

  it('are refused by name when they are missing, no PEM, or of two certificates', async () => {
    const one = await developmentTls({ dir: join(root, 'g'), hosts, now })
    const two = await developmentTls({ dir: join(root, 'h'), hosts, now })
    assert.throws(() => readTlsFiles({ cert: join(root, 'nope'), key }), { key: 'tls.cert', mend: /PEM file/ })
    write({ cert: one.cert, key: two.key })
    assert.throws(() => readTlsFiles({ cert, key }), { key: 'tls', message: /another certificate/ })
    write({ cert: 'x', key: 'y' })
    assert.throws(() => readTlsFiles({ cert, key }), { key: 'tls', message: /no PEM/ })
  })
})
