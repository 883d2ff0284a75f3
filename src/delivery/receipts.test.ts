import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createKeyring } from '#crypto/keyring.ts'
import { bodyHash, twilioSignature, webhookSignature } from '#crypto/webhook-signature.ts'
import { createServer } from '#http/server.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { Message } from '#model/message.ts'
import { receiptsGroup, receiptUrlOf } from '#ops/receipts.ts'
import { insert } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { localProvider } from '#test/support/local-provider.ts'
import { createDispatcher } from './dispatcher.ts'
import { openChannels } from './open.ts'

const tenant = asId<TenantId>('demo')
const keyring = createKeyring([new Uint8Array(32).fill(7)])
const log = { debug() {}, info() {}, warn() {}, error() {} }
const publicUrl = 'https://login.example.com'
const start = 1_700_000_000_000

/** Two providers behind each other, a queued code, and the address their reports come to. */
async function world(t: TestContext, options: { alone?: boolean } = {}) {
  const provider = await localProvider(t, ({ path }) => ({
    status: 201,
    headers: { 'content-type': 'application/json' },
    body: path.startsWith('/v1/messages') ? { message_uuid: 'u1' } : { sid: 'SM1', status: 'queued' },
  }))
  const store = await openStore('sqlite::memory:')
  t.after(() => store.close())
  let now = start
  const clock = { now: () => now }
  const all = [
    `twilio://AC1:token@api.twilio.com/?from=+15555550199&endpoint=${provider.origin}`,
    `vonage://key:secret@api.nexmo.com/?from=SHOP&signature_secret=vonage-signs&endpoint=${provider.origin}`,
    `http://:webhook-secret@${new URL(provider.origin).host}/send`,
  ]
  const channels = await openChannels({ sms: options.alone ? all.slice(0, 1) : all }, clock)
  const statusUrl = receiptUrlOf(publicUrl)
  const dispatcher = createDispatcher({ store, clock, keyring, channels, log, keepSent: false, statusUrl })
  t.after(() => dispatcher.stop(0))
  const body = JSON.stringify({ to: '+15555550100', text: 'Your code is 123456', code: '123456' })
  const message = {
    ...{ tenant, id: 'm1', at: 1, channel: 'sms', purpose: 'login', state: 'queued', attempts: 0, expiresAt: 9e12 },
    ...{ sealed: keyring.seal(body, ['message', tenant, 'm1']), challenge: 'c1' },
  } as Message
  const challenge = { tenant, id: 'c1', user: 'u', flow: 'f', codeExpiresAt: start + 300_000, expiresAt: 9e12 }
  await store.change({}, () => ({
    result: undefined,
    writes: [
      insert('tenants', { tenant, id: tenant, name: 'Demo', domains: [] } as never),
      insert('messages', message),
      insert('challenges', challenge as never),
    ],
  }))
  await dispatcher.settle()
  const server = await createServer({
    groups: [receiptsGroup({ receive: dispatcher.receive, urlOf: receiptUrlOf(publicUrl) })],
    resolveTenant: async () => undefined,
    baseOf: () => publicUrl,
    originAllowed: async () => false,
    trustedProxies: [],
    log,
  })
  t.after(() => server.app.close())
  const send = async (by: string, headers: Record<string, string>, payload: string) => {
    const url = `/receipts/sms/demo/m1/${by}`
    const { statusCode } = await server.app.inject({
      method: 'POST',
      url,
      headers: { host: 'evil.example', ...headers },
      payload,
    })
    await dispatcher.settle()
    return statusCode
  }
  const address = (by: string) => `${publicUrl}/receipts/sms/demo/m1/${by}`
  return {
    seen: provider.seen,
    store,
    later: (ms: number) => {
      now += ms
    },
    read: async () => (await store.get('messages', tenant, 'm1')) as Message,
    twilio: (status: string, more: Record<string, string> = {}, token = 'token', url = address('twilio')) => {
      const fields = { MessageSid: 'SM1', MessageStatus: status, ...more }
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': twilioSignature(token, url, fields),
      }
      return send('twilio', headers, new URLSearchParams(fields).toString())
    },
    vonage: (status: string, { at = now, hash = '', secret = 'vonage-signs', alg = 'HS256' } = {}) => {
      const text = JSON.stringify({ message_uuid: 'u1', status, error: { title: '1320' } })
      const part = (it: object) => Buffer.from(JSON.stringify(it)).toString('base64url')
      const claims = { iat: Math.floor(at / 1_000), payload_hash: hash || bodyHash(text) }
      const said = `${part({ alg, typ: 'JWT' })}.${part(claims)}`
      const jwt = `${said}.${Buffer.from(webhookSignature(secret, said), 'base64').toString('base64url')}`
      return send('vonage', { 'content-type': 'application/json', authorization: `Bearer ${jwt}` }, text)
    },
    webhook: (status: string, { at = now, secret = 'webhook-secret' } = {}) => {
      const text = JSON.stringify({ status, reason: 'no-route' })
      const timestamp = String(Math.floor(at / 1_000))
      const signature = `v1,${webhookSignature(secret, `r1.${timestamp}.${text}`)}`
      const headers = { 'webhook-id': 'r1', 'webhook-timestamp': timestamp, 'webhook-signature': signature }
      return send('webhook', { 'content-type': 'application/json', ...headers }, text)
    },
  }
}

describe('reports of providers (S-82)', () => {
  it('signs callbacks as its documentation does', () => {
    const fields = { CallSid: 'CA1234567890ABCDE', Digits: '1234', From: '+14158675309', To: '+18005551212' }
    const signature = twilioSignature('12345', 'https://mycompany.com/myapp.php?foo=1&bar=2', {
      ...fields,
      Caller: '+14158675309',
    })
    assert.equal(signature, 'RSOYDt4T1cUTdK1PDd93/VVr8B8=')
  })

  it('asks the provider to report, and keeps what it reports; the text is gone then', async (t) => {
    const { seen, read, twilio } = await world(t, { alone: true })
    const asked = new URLSearchParams(seen[0]?.body).get('StatusCallback')
    assert.equal(asked, `${publicUrl}/receipts/sms/demo/m1/twilio`)
    assert.deepEqual([(await read()).state, (await read()).by, (await read()).sealed], ['sent', 'twilio', ''])
    assert.equal(await twilio('sent'), 204)
    assert.equal((await read()).receipt, undefined)
    assert.equal(await twilio('delivered'), 204)
    const { receipt, state } = await read()
    assert.deepEqual([state, receipt], ['sent', { status: 'delivered', by: 'twilio', at: start }])
    // Late news does not undo it.
    assert.equal(await twilio('failed', { ErrorCode: '30003' }), 204)
    assert.equal((await read()).receipt?.status, 'delivered')
  })

  it('sends a code that did not arrive by the next provider, the same code, while its challenge lives', async (t) => {
    const { seen, read, twilio, vonage, webhook } = await world(t)
    assert.notEqual((await read()).sealed, '')
    assert.equal(await twilio('undelivered', { ErrorCode: '30003' }), 204)
    assert.equal(seen.length, 2)
    const second = JSON.parse(seen[1]?.body ?? '')
    assert.deepEqual(
      [second.text, second.webhook_url],
      ['Your code is 123456', `${publicUrl}/receipts/sms/demo/m1/vonage`],
    )
    assert.deepEqual((await read()).receipt, { status: 'failed', by: 'twilio', at: start, reason: '30003' })
    // What the first one says now is out of date.
    assert.equal(await twilio('undelivered'), 204)
    assert.equal(seen.length, 2)
    assert.equal(await vonage('undeliverable'), 204)
    assert.equal(seen.length, 3)
    assert.equal((await read()).attempts, 3)
    // Three calls are all a message gets.
    await webhook('failed')
    assert.equal(seen.length, 3)
  })

  it('sends nothing anew once the challenge is over', async (t) => {
    const { seen, twilio, later, read } = await world(t)
    later(301_000)
    assert.equal(await twilio('undelivered'), 204)
    assert.deepEqual([seen.length, (await read()).receipt?.status, (await read()).state], [1, 'failed', 'sent'])
  })

  it('AC-36: believes no report that is forged, altered, for another address, or older than five minutes', async (t) => {
    const { seen, read, twilio, vonage, webhook } = await world(t)
    assert.equal(await twilio('undelivered', {}, 'not the token'), 403)
    assert.equal(await twilio('undelivered', {}, 'token', 'https://evil.example/receipts/sms/demo/m1/twilio'), 403)
    assert.equal(await vonage('undeliverable', { secret: 'x' }), 403)
    assert.equal(await vonage('undeliverable', { hash: bodyHash('{}') }), 403)
    assert.equal(await vonage('undeliverable', { at: start - 301_000 }), 403)
    assert.equal(await vonage('undeliverable', { alg: 'none' }), 403)
    assert.equal(await webhook('failed', { secret: 'x' }), 403)
    assert.equal(await webhook('failed', { at: start - 301_000 }), 403)
    assert.deepEqual([seen.length, (await read()).receipt], [1, undefined])
    // A genuine one of a provider that does not have the message changes nothing.
    assert.equal(await vonage('undeliverable'), 204)
    assert.deepEqual([seen.length, (await read()).receipt], [1, undefined])
  })
})
