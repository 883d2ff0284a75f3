import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { issueServerCertificate, type LocalCa, makeLocalCa, serverCertificateFits } from './certificates.ts'

const now = Date.now()
const day = 86_400_000
const ca = await makeLocalCa({ commonName: 'Local, "CA" of a = machine', now })

/** A server with a certificate for these hosts, for the length of one test. */
async function listen(t: TestContext, hosts: readonly string[]): Promise<number> {
  const { certificatePem, privateKeyPem } = await issueServerCertificate({ ca, hosts, now })
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (_, response) => response.end('hello'))
  server.listen(0)
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** The body a client reads that trusts one authority only and checks the name it was given. */
function read(port: number, host: string, servername: string | undefined, trusted: LocalCa): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host, port, servername, ca: trusted.certificatePem, agent: false as const }
    get(options, (response) => {
      response.setEncoding('utf8')
      response.on('data', resolve)
    }).on('error', reject)
  })
}

test('a client that trusts only the local authority accepts its server by name and by address', async (t) => {
  const port = await listen(t, ['login.example.test'])
  assert.equal(await read(port, '127.0.0.1', 'localhost', ca), 'hello')
  assert.equal(await read(port, '127.0.0.1', 'login.example.test', ca), 'hello')
  assert.equal(await read(port, '127.0.0.1', undefined, ca), 'hello')
})

test('the client refuses another name and another authority of the same name', async (t) => {
  const port = await listen(t, [])
  const twin = await makeLocalCa({ commonName: 'Local, "CA" of a = machine', now })
  await assert.rejects(read(port, '127.0.0.1', 'other.test', ca), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  await assert.rejects(read(port, '127.0.0.1', 'localhost', twin), /signature|verify|issuer/)
})

test('the authority lives ten years and may sign no further authority', () => {
  const certificate = new X509Certificate(ca.certificatePem)
  assert.equal(certificate.ca, true)
  assert.equal(certificate.subject, 'CN=Local\\, \\"CA\\" of a = machine')
  const years = (certificate.validToDate.getTime() - now) / day / 365.25
  assert.ok(years > 9.99 && years < 10.01, String(years))
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
})

test('a server certificate is for servers only, names all its hosts, and lives 825 days at most', async () => {
  const hosts = ['login.example.test', '192.0.2.1', '[2001:db8::1]', 'localhost']
  const issued = await issueServerCertificate({ ca, hosts, now, days: 825 })
  const certificate = new X509Certificate(issued.certificatePem)
  assert.equal(certificate.ca, false)
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.equal(
    certificate.subjectAltName,
    'DNS:login.example.test, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  )
  for (const days of [0, 826, Number.NaN])
    await assert.rejects(issueServerCertificate({ ca, hosts, now, days }), RangeError)
})

test('a stored certificate is kept while it fits and replaced when it does not', async () => {
  const hosts = ['login.example.test', '192.0.2.1']
  const certificate = await issueServerCertificate({ ca, hosts, now, days: 30 })
  const twin = await makeLocalCa({ commonName: 'other', now })
  const fits = (change: Partial<Parameters<typeof serverCertificateFits>[0]>): boolean =>
    serverCertificateFits({ certificate, ca, hosts, now, ...change })
  assert.equal(fits({}), true)
  assert.equal(fits({ hosts: [...hosts, 'localhost', '::1'] }), true)
  assert.equal(fits({ hosts: [...hosts, 'new.test'] }), false)
  assert.equal(fits({ now: now + 28.9 * day }), true)
  assert.equal(fits({ now: now + 29.1 * day }), false)
  assert.equal(fits({ now: now - day }), false)
  assert.equal(fits({ ca: twin }), false)
  assert.equal(fits({ certificate: { ...certificate, privateKeyPem: twin.privateKeyPem } }), false)
  assert.equal(fits({ certificate: { certificatePem: 'rubbish', privateKeyPem: '' } }), false)
})
