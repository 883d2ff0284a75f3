import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { DeliveryFailed, OutgoingMessage } from '#ports/delivery.ts'
import { webhookDelivery } from './webhook.ts'

const clock = { now: () => 1_700_000_000_000 }
const message: OutgoingMessage = { id: 'm1', channel: 'sms', to: '+15555550100', text: 'Your code is 123456' }

async function provider(t: TestContext, answer: (response: ServerResponse) => void) {
  const seen: { headers: IncomingHttpHeaders; body: string; url?: string }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    seen.push({ headers: request.headers, body, url: request.url })
    answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { seen, url: new URL(`http://:s3cret@127.0.0.1:${port}/send`) }
}

async function failure(work: Promise<unknown>): Promise<DeliveryFailed> {
  return work.then(
    () => assert.fail('should have failed'),
    (error) => error,
  )
}

describe('the webhook', () => {
  it('posts the message, signed as Standard Webhooks says, with the secret nowhere in it', async (t) => {
    const { seen, url } = await provider(t, (response) => response.end())
    const webhook = await webhookDelivery(url, { clock })
    assert.equal(await webhook.send(message), 'sent')
    const { headers, body, url: path } = seen[0] ?? assert.fail('nothing came')
    assert.equal(path, '/send')
    assert.deepEqual(JSON.parse(body), message)
    assert.equal(headers['webhook-id'], 'm1')
    assert.equal(headers['webhook-timestamp'], '1700000000')
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const key = await crypto.subtle.importKey('raw', Buffer.from('s3cret'), algorithm, false, ['verify'])
    const signature = Buffer.from(String(headers['webhook-signature']).slice(3), 'base64')
    assert.ok(await crypto.subtle.verify('HMAC', key, signature, Buffer.from(`m1.1700000000.${body}`)))
    assert.equal(headers.authorization, undefined)
    assert.doesNotMatch(JSON.stringify(seen), /s3cret/)
  })

  for (const [status, retryable] of [
    [500, true],
    [503, true],
    [429, true],
    [408, true],
    [400, false],
    [401, false],
    [302, false],
  ] as const) {
    it(`takes ${status} for ${retryable ? 'passing' : 'final'}`, async (t) => {
      const { url, seen } = await provider(t, (response) => response.writeHead(status, { location: '/else' }).end('no'))
      const error = await failure((await webhookDelivery(url, { clock })).send(message))
      assert.equal(error.retryable, retryable)
      assert.equal(error.message, `provider answered ${status}`)
      assert.equal(seen.length, 1)
    })
  }

  it('reads Retry-After in seconds and as a date', async (t) => {
    for (const [value, seconds] of [
      ['7', 7],
      [new Date(clock.now() + 90_000).toUTCString(), 90],
      ['soon', undefined],
    ] as const) {
      const { url } = await provider(t, (response) => response.writeHead(429, { 'retry-after': value }).end())
      const error = await failure((await webhookDelivery(url, { clock })).send(message))
      assert.equal(error.retryAfter, seconds)
    }
  })

  it('gives up on a provider that hangs, and on one that does not listen', async (t) => {
    const { url } = await provider(t, () => {})
    const times = { connect: 50, total: 100 }
    const hanging = await failure((await webhookDelivery(url, { clock, times })).send(message))
    assert.deepEqual([hanging.message, hanging.retryable], ['timeout', true])
    const taken = createNetServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    url.port = String((taken.address() as AddressInfo).port)
    taken.close()
    await once(taken, 'close')
    const absent = await failure((await webhookDelivery(url, { clock, times })).send(message))
    assert.deepEqual([absent.message, absent.retryable], ['provider unreachable: ECONNREFUSED', true])
  })

  it('insists on a secret, and on https for other machines', async () => {
    await assert.rejects(webhookDelivery(new URL('https://provider.example/x'), { clock }), /secret is missing/)
    await assert.rejects(webhookDelivery(new URL('http://:s@provider.example/x'), { clock }), /use https/)
  })
})
