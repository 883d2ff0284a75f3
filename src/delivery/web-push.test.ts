import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyring } from '#crypto/keyring.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { DeliveryFailed, OutgoingMessage } from '#ports/delivery.ts'
import { openStore } from '#stores/open.ts'
import { openPushService } from '#test/support/push-service.ts'
import { createPushKeys } from './push-keys.ts'
import { webPushDelivery } from './web-push.ts'

const tenant = asId<TenantId>('demo')
const clock = { now: () => Date.UTC(2026, 0, 5) }
const keyring = createKeyring([new Uint8Array(32).fill(7)])

async function world(t: { after(fn: () => unknown): void }) {
  const store = await openStore('sqlite::memory:')
  const service = await openPushService()
  t.after(() => store.close())
  t.after(() => service.close())
  const keys = createPushKeys({ store, keyring })
  const delivery = await webPushDelivery(new URL(service.address), { clock, keys })
  const { endpoint, keys: secrets } = service.subscription
  const message: OutgoingMessage = {
    id: 'm1',
    tenant,
    channel: 'push',
    to: endpoint,
    keys: secrets,
    subject: 'Demo',
    text: 'Open the authenticator.',
  }
  const failure = (it: OutgoingMessage): Promise<DeliveryFailed> =>
    delivery.send(it).then(
      () => assert.fail('should have failed'),
      (error) => error,
    )
  return { store, service, keys, delivery, message, failure }
}

test('an alert is encrypted for its device (RFC 8291) and signed with the tenant’s key (RFC 8292)', async (t) => {
  const { service, delivery, message, keys } = await world(t)
  assert.equal(await delivery.send(message), 'sent')
  assert.deepEqual(service.faults, [])
  const [woken] = service.woken
  assert.deepEqual(JSON.parse(woken?.body ?? ''), { title: 'Demo', text: 'Open the authenticator.' })
  assert.deepEqual([woken?.path, woken?.headers.ttl, woken?.headers.urgency], ['/send/one', '300', 'high'])
  assert(woken?.headers.authorization?.endsWith(`k=${(await keys.of(tenant)).publicKey}`))
})

test('the key of a tenant is made once, by whoever is first, and kept sealed', async (t) => {
  const { store } = await world(t)
  const made = await Promise.all(Array.from({ length: 5 }, () => createPushKeys({ store, keyring }).of(tenant)))
  assert.equal(new Set(made.map(({ privateKey }) => privateKey)).size, 1)
  const [row] = (await store.list('artifacts', tenant)).filter(({ model }) => model === 'PushKey')
  assert.equal(row?.payload.publicKey, made[0]?.publicKey)
  assert(!JSON.stringify(row).includes(made[0]?.privateKey ?? ''))
  assert.notEqual((await createPushKeys({ store, keyring }).of(asId<TenantId>('other'))).publicKey, made[0]?.publicKey)
})

test('a device that is gone is said to be gone; an overloaded service is tried again', async (t) => {
  const { service, message, failure } = await world(t)
  for (const [status, gone, retryable] of [
    [404, true, false],
    [410, true, false],
    [429, false, true],
    [500, false, true],
    [400, false, false],
  ] as const) {
    service.answers(status)
    const failed = await failure(message)
    assert.deepEqual([failed.gone, failed.retryable], [gone, retryable], String(status))
  }
})

test('only push services of browsers are called, over https, at their usual port', async (t) => {
  const { service, message, failure } = await world(t)
  for (const to of [
    'https://127.0.0.1/send',
    'https://internal.example/send',
    'https://fcm.googleapis.com.evil.example/send',
    'https://fcm.googleapis.com:8443/send',
    'http://fcm.googleapis.com/send',
    'https://evilpush.apple.com/send',
    'nonsense',
  ]) {
    const failed = await failure({ ...message, to })
    assert.equal(failed.retryable, false, to)
  }
  assert.equal(service.woken.length + service.faults.length, 0)
})

test('a push service of one’s own is named in the address, and a subject is needed', async (t) => {
  const { keys, message, service } = await world(t)
  const address = new URL(`${service.address}&allow=push.example.net`)
  const delivery = await webPushDelivery(address, { clock, keys })
  assert.equal(await delivery.send({ ...message, to: 'https://push.example.net/send' }), 'sent')
  await assert.rejects(webPushDelivery(new URL('webpush:'), { clock, keys }), /subject/)
})

test('a path with two slashes in front leads through the gateway too, and to no host it names', async (t) => {
  const { service, delivery, message } = await world(t)
  const other = await openPushService()
  t.after(() => other.close())
  const [, port = ''] = /:(\d+)$/.exec(other.address) ?? []
  const to = `https://fcm.googleapis.com//127.0.0.1:${port}/send/one`
  assert.equal(await delivery.send({ ...message, to }), 'sent')
  assert.equal(other.woken.length + other.faults.length, 0)
  assert.deepEqual(
    service.woken.map(({ path }) => path),
    [`//127.0.0.1:${port}/send/one`],
  )
})
