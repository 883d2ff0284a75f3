import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { webhookSignature } from '#crypto/webhook-signature.ts'
import type { AuditEvent } from '#model/event.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { WebhookCall } from '#model/webhook.ts'
import { insert, type Write } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { post } from './http.ts'
import { targetRule } from './private-targets.ts'
import { createWebhookSender } from './webhook-sender.ts'

const tenant = asId<TenantId>('demo')
const secrets = ['whsec_bmV3IHNlY3JldCBvZiAyNCBieXRlcy4u', 'the old secret, which is plain text']
const loopback = targetRule(['127.0.0.0/8', '::1/128'])

interface Got {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (response: ServerResponse, count: number) => void

/** A receiver of the test's own; `answer` says what it does with the n-th call. */
async function receiver(t: TestContext, answer: Answer = (response) => void response.writeHead(204).end()) {
  const got: Got[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    got.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
    answer(response, got.length)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events` }
}

async function world(t: TestContext, url: string, target = loopback) {
  const store = await openStore('sqlite::memory:')
  t.after(() => store.close())
  let now = 1_800_000_000_000
  const lines: string[] = []
  const note = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }))
  const log = { debug: note, info: note, warn: note, error: note }
  const write = (...writes: Write[]) => store.change({}, () => ({ result: undefined, writes }))
  const start = () => {
    const sender = createWebhookSender({
      store,
      clock: { now: () => now },
      log,
      target,
      secretsOf: () => secrets,
      plainLoopback: true,
    })
    t.after(() => sender.stop())
    return sender
  }
  const subscribe = (id: string, to: string) =>
    write(insert('webhooks', { tenant, id, url: to, events: ['*'], enabled: true, secrets: [], createdAt: 1 }))
  const queue = async (id: string, webhook = 'siem', more: Partial<AuditEvent> = {}) => {
    const event = { tenant, id, at: now, type: 'factor.confirmed', outcome: 'success', actor: 'user', ...more } as const
    const call: WebhookCall = {
      ...{
        tenant,
        id: `${id}.${webhook}`,
        webhook,
        event: id,
        type: event.type,
        at: now,
        state: 'queued',
        attempts: 0,
      },
    }
    await write(insert('events', event), insert('webhook_calls', call))
  }
  await write(insert('tenants', { tenant, id: tenant, name: 'Demo', domains: [] } as never))
  await subscribe('siem', url)
  return {
    store,
    lines,
    start,
    queue,
    subscribe,
    later: (ms: number) => {
      now += ms
    },
    read: (id: string) => store.get('webhook_calls', tenant, id),
  }
}

describe('the sender of webhooks', () => {
  it('sends an event once, signed by every secret that counts, with nothing in it that is not on its list', async (t) => {
    const { got, url } = await receiver(t)
    const { start, queue, read } = await world(t, url)
    const slip = { user: 'u1', factor: 'totp', code: '123456', token: 'secret' }
    await queue('e1', 'siem', slip)
    await start().settle()
    assert.equal(got.length, 1)
    const [{ headers, body }] = got as [Got]
    const said = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    const wanted = secrets.map((secret) => `v1,${webhookSignature(secret, said)}`).join(' ')
    assert.equal(headers['webhook-signature'], wanted)
    assert.equal(headers['webhook-id'], 'e1.siem')
    assert.equal(headers['webhook-timestamp'], '1800000000')
    const { type, timestamp, data } = JSON.parse(body)
    assert.deepEqual([type, timestamp], ['factor.confirmed', '2027-01-15T08:00:00.000Z'])
    assert.deepEqual(data, { id: 'e1', tenant, outcome: 'success', actor: 'user', user: 'u1', factor: 'totp' })
    const call = await read('e1.siem')
    assert.deepEqual([call?.state, call?.attempts], ['delivered', 1])
  })

  it('repeats at growing distances with the same id, and leaves what was never taken as dead', async (t) => {
    const { got, url } = await receiver(t, (response) => void response.writeHead(500).end('details of theirs'))
    const { start, queue, read, later, lines } = await world(t, url)
    await queue('e1')
    const sender = start()
    const waited: number[] = []
    await sender.settle()
    for (let call = await read('e1.siem'); call?.state === 'queued'; call = await read('e1.siem')) {
      const wait = (call.nextAttemptAt ?? 0) - 1_800_000_000_000 - waited.reduce((sum, it) => sum + it, 0)
      later(wait - 1)
      const before = got.length
      await sender.settle()
      assert.equal(got.length, before, 'not a moment too early')
      later(1)
      waited.push(wait)
      await sender.settle()
    }
    assert.deepEqual(
      waited.map((ms) => ms / 1_000),
      [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200, 43_200],
    )
    assert.equal(new Set(got.map(({ headers }) => headers['webhook-id'])).size, 1)
    const call = await read('e1.siem')
    assert.deepEqual([call?.state, call?.attempts, call?.error], ['dead', 10, 'receiver answered 500'])
    assert.doesNotMatch(lines.join(), /details of theirs/)
  })

  it('waits as long as it is asked to by Retry-After', async (t) => {
    const { got, url } = await receiver(t, (response, count) => {
      if (count > 1) response.writeHead(200).end()
      else response.writeHead(429, { 'retry-after': '90' }).end()
    })
    const { start, queue, later, read } = await world(t, url)
    await queue('e1')
    const sender = start()
    await sender.settle()
    later(89_000)
    await sender.settle()
    assert.equal(got.length, 1)
    later(1_000)
    await sender.settle()
    assert.equal((await read('e1.siem'))?.state, 'delivered')
  })

  it('switches a webhook off that answers 410', async (t) => {
    const { got, url } = await receiver(t, (response) => void response.writeHead(410).end())
    const { start, queue, read, store } = await world(t, url)
    await queue('e1')
    const sender = start()
    await sender.settle()
    assert.equal((await read('e1.siem'))?.state, 'dead')
    assert.equal((await store.get('webhooks', tenant, 'siem'))?.enabled, false)
    await queue('e2')
    await sender.settle()
    assert.deepEqual([got.length, (await read('e2.siem'))?.error], [1, 'webhook is off or gone'])
  })

  it('lets a receiver that hangs hold up no other', async (t) => {
    const hung = await receiver(t, () => {})
    const quick = await receiver(t)
    const { start, queue, subscribe, read } = await world(t, hung.url)
    await subscribe('quick', quick.url)
    for (let n = 0; n < 6; n++) await queue(`h${n}`)
    for (let n = 0; n < 6; n++) await queue(`q${n}`, 'quick')
    const sender = start()
    const done = sender.settle()
    while (quick.got.length < 6) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(hung.got.length <= 4, 'four calls of one webhook at once')
    assert.equal((await read('h0.siem'))?.state, 'queued')
    await sender.stop()
    await done
    assert.equal((await read('h0.siem'))?.error, 'timeout')
  })

  it('takes over what another process had begun, once its lease has run out', async (t) => {
    const { got, url } = await receiver(t)
    const { store, start, queue, later, read } = await world(t, url)
    await queue('e1')
    const begun = { ...(await read('e1.siem')), attempts: 1, nextAttemptAt: 1_800_000_020_000 } as WebhookCall
    await store.change({}, () => ({
      result: undefined,
      writes: [{ do: 'upsert', table: 'webhook_calls', row: begun }],
    }))
    const [one, two] = [start(), start()]
    await Promise.all([one.settle(), two.settle()])
    assert.equal(got.length, 0)
    later(20_000)
    await Promise.all([one.settle(), two.settle()])
    assert.equal(got.length, 1)
  })

  it('S-141: calls no private address, whether it is written or resolved, and follows no redirect', async (t) => {
    const inner = await receiver(t)
    const port = new URL(inner.url).port
    const addresses = [
      inner.url,
      `http://localhost:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      `http://127.1:${port}/`,
    ]
    for (const url of addresses) {
      const { start, queue, read } = await world(t, url, targetRule([]))
      await queue('e1')
      await start().settle()
      assert.equal((await read('e1.siem'))?.error, 'receiver unreachable: EPRIVATE', url)
    }
    const outer = await receiver(t, (response) => void response.writeHead(302, { location: inner.url }).end())
    const { start, queue, read } = await world(t, outer.url)
    await queue('e1')
    await start().settle()
    assert.equal((await read('e1.siem'))?.error, 'receiver answered 302')
    assert.equal(inner.got.length, 0)
  })

  it('S-141: does not go over a connection that somebody else has opened to the same private name', async (t) => {
    const inner = await receiver(t)
    const url = new URL(inner.url)
    url.hostname = 'localhost'
    const times = { connect: 3_000, total: 5_000 }
    // As a provider of the operator's own would: its connection stays open.
    assert.equal((await post(url, {}, '', times)).status, 204)
    await new Promise((resolve) => setImmediate(resolve))
    await assert.rejects(post(url, {}, '', { ...times, target: targetRule([]) }), /EPRIVATE/)
    assert.equal(inner.got.length, 1)
  })

  it('S-141: knows private addresses in every spelling, and lets those through that are allowed', () => {
    const rule = targetRule(['10.1.0.0/16'])
    const no = ['10.0.0.1', '127.0.0.1', '169.254.169.254', '192.168.1.1', '172.31.0.1', '100.64.0.1', '0.0.0.0', '::1']
    no.push('fe80::1', 'fd00::1', '::ffff:10.0.0.1', '::ffff:a00:1', '64:ff9b::a00:1', '2002:a00:1::', '::', 'not-one')
    for (const address of no) assert.equal(rule.allows(address), false, address)
    for (const address of ['10.1.2.3', '93.184.216.34', '2606:4700::1111'])
      assert.equal(rule.allows(address), true, address)
  })
})
