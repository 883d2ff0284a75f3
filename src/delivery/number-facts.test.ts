import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { seededRandom } from '#crypto/seeded-random.ts'
import { numberFactsSource } from './number-facts.ts'

const options = { clock: { now: () => 1_700_000_000_000 }, random: seededRandom('facts') }

async function service(t: TestContext, answer: (response: ServerResponse) => void) {
  const seen: { id: string; signature: string; body: string }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { 'webhook-id': id, 'webhook-signature': signature } = request.headers
    seen.push({ id: String(id), signature: String(signature), body })
    answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { seen, address: `http://:s3cret@127.0.0.1:${port}/number` }
}

describe('the service that knows about numbers', () => {
  it('is asked by a signed call, and its answer is read', async (t) => {
    const said = { sim_changed_at: '2026-11-20T10:00:00Z', ported_at: null, type: 'voip', more: 'ignored' }
    const { seen, address } = await service(t, (response) => response.end(JSON.stringify(said)))
    assert.deepEqual(await numberFactsSource(address, options).of('+4915123456789'), {
      simChangedAt: Date.parse('2026-11-20T10:00:00Z'),
      portedAt: undefined,
      forwardedAt: undefined,
      type: 'voip',
    })
    const { id, signature, body } = seen[0] ?? assert.fail('nothing came')
    assert.deepEqual(JSON.parse(body), { number: '+4915123456789' })
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const key = await crypto.subtle.importKey('raw', Buffer.from('s3cret'), algorithm, false, ['verify'])
    const signed = Buffer.from(`${id}.1700000000.${body}`)
    assert.ok(await crypto.subtle.verify('HMAC', key, Buffer.from(signature.slice(3), 'base64'), signed))
  })

  for (const [title, answer] of [
    ['an error', (response: ServerResponse) => response.writeHead(500).end()],
    ['no JSON', (response: ServerResponse) => response.end('<html>')],
    ['moments that are none', (response: ServerResponse) => response.end('{"ported_at":"soon"}')],
    ['nothing in time', () => undefined],
  ] as const) {
    it(`rejects on ${title}, so that nothing is sent`, async (t) => {
      const { address } = await service(t, answer)
      const times = { connect: 100, total: 100 }
      await assert.rejects(numberFactsSource(address, { ...options, times }).of('+4915123456789'))
    })
  }

  it('takes no address without a secret, nor plain http to another machine', () => {
    for (const address of ['https://numbers.example/', 'http://:secret@numbers.example/']) {
      assert.throws(() => numberFactsSource(address, options))
    }
  })
})
