import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createKeyring } from '#crypto/keyring.ts'
import { createDispatcher } from '#delivery/dispatcher.ts'
import { createServer } from '#http/server.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { Message } from '#model/message.ts'
import { insert } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { createDevelopmentClock } from './clock.ts'
import { developmentGroup } from './routes.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const tenant = asId<TenantId>('demo')

async function world(t: TestContext, mounted = true) {
  const clock = createDevelopmentClock()
  const store = await openStore('sqlite::memory:')
  const keyring = createKeyring([new Uint8Array(32).fill(7)])
  const dispatcher = createDispatcher({ store, clock, keyring, channels: new Map(), log, keepSent: true })
  t.after(async () => {
    await dispatcher.stop(0)
    await store.close()
    clock.uninstall()
  })
  await store.change({}, () => ({
    result: undefined,
    writes: [insert('tenants', { tenant, id: tenant, name: 'Demo', domains: [] } as never)],
  }))
  const group = developmentGroup({ store, keyring, clock, settle: dispatcher.settle, caPem: async () => 'PEM' })
  const { app } = await createServer({
    groups: mounted ? [group] : [],
    resolveTenant: async () => undefined,
    baseOf: () => '',
    originAllowed: async () => false,
    trustedProxies: [],
    log,
  })
  const queue = (id: string, at: number, channel: string, to: string, code?: string) => {
    const sealed = keyring.seal(JSON.stringify({ to, text: `text ${id}`, code }), ['message', tenant, id])
    const parts = { tenant, id, at, channel, sealed, purpose: 'login', state: 'queued', attempts: 0, expiresAt: 9e15 }
    return store.change({}, () => ({ result: undefined, writes: [insert('messages', parts as Message)] }))
  }
  return { app, clock, queue }
}

describe('the outbox', () => {
  it('shows what was just queued, newest first, with every field', async (t) => {
    const { app, queue } = await world(t)
    await queue('a1', 1_700_000_000_000, 'sms', '+15555550100', '123456')
    await queue('a2', 1_700_000_001_000, 'email', 'ada@example.com')
    const { messages } = (await app.inject('/dev/outbox')).json()
    assert.deepEqual(messages, [
      {
        ...{ id: 'a2', at: '2023-11-14T22:13:21.000Z', tenant: 'demo', channel: 'email', to: 'ada@example.com' },
        ...{ purpose: 'login', text: 'text a2', code: null },
      },
      {
        ...{ id: 'a1', at: '2023-11-14T22:13:20.000Z', tenant: 'demo', channel: 'sms', to: '+15555550100' },
        ...{ purpose: 'login', text: 'text a1', code: '123456' },
      },
    ])
  })

  it('filters by address, channel, time and id', async (t) => {
    const { app, queue } = await world(t)
    await queue('a1', 1_700_000_000_000, 'sms', '+15555550100')
    await queue('a2', 1_700_000_001_000, 'voice', '+15555550100')
    await queue('a3', 1_700_000_002_000, 'email', 'Ada@example.com')
    for (const [query, ids] of [
      ['to=%2B15555550100', ['a2', 'a1']],
      ['to=+15555550100', ['a2', 'a1']],
      ['to=ada@example.com', ['a3']],
      ['channel=voice', ['a2']],
      ['after=2023-11-14T22:13:20.000Z', ['a3', 'a2']],
      ['after=2023-11-14T23:13:20.000+01:00', ['a3', 'a2']],
      ['after=1700000001000', ['a3']],
      ['after=a1&to=&channel=', ['a3', 'a2']],
      ['to=nobody', []],
    ] as const) {
      const { messages } = (await app.inject(`/dev/outbox?${query}`)).json()
      const found = messages.map(({ id }: { id: string }) => id)
      assert.deepEqual(found, ids, query)
    }
  })

  it('is emptied by DELETE', async (t) => {
    const { app, queue } = await world(t)
    await queue('a1', 1, 'sms', '+15555550100')
    assert.equal((await app.inject({ method: 'DELETE', url: '/dev/outbox' })).statusCode, 204)
    assert.deepEqual((await app.inject('/dev/outbox')).json(), { messages: [] })
  })

  it('gives a browser a page that may run its own script only', async (t) => {
    const { app } = await world(t)
    const answer = await app.inject({ url: '/dev/outbox', headers: { accept: 'text/html,*/*;q=0.8' } })
    assert.match(String(answer.headers['content-type']), /^text\/html/)
    const script = /<script>([\s\S]*)<\/script>/.exec(answer.body)?.[1] ?? ''
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(script))).toString('base64')
    const policy = String(answer.headers['content-security-policy'])
    assert.ok(policy.includes(`script-src 'sha256-${digest}'`))
    assert.doesNotMatch(policy, /unsafe/)
    assert.doesNotMatch(answer.body, /<(link|img|script src)/)
  })
})

describe('the test clock', () => {
  it('moves every reading of the time, and returns to real time', async (t) => {
    const { app, clock } = await world(t)
    const before = Date.now()
    const payload = { advance_seconds: 3_600 }
    const moved = await app.inject({ method: 'POST', url: '/dev/clock', payload })
    for (const now of [
      Date.parse(moved.json().now),
      Date.now(),
      Date.parse(new Date().toISOString()),
      clock.now(),
      Date.parse(Date()),
    ]) {
      assert.ok(Math.abs(now - before - 3_600_000) < 5_000)
    }
    assert.equal((await app.inject('/dev/clock')).json().offset_seconds, 3_600)
    const reset = await app.inject({ method: 'POST', url: '/dev/clock', payload: { reset: true } })
    assert.ok(Math.abs(Date.parse(reset.json().now) - before) < 5_000)
  })

  it('leaves dates that are given alone, and timers too', async (t) => {
    const { clock } = await world(t)
    clock.advance(1e6)
    assert.equal(new Date(0).getTime(), 0)
    assert.equal(new Date(2024, 0).getFullYear(), 2024)
    assert.ok(new Date() instanceof Date)
    class Later extends Date {}
    assert.ok(new Later() instanceof Later)
    const begun = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok(performance.now() - begun < 1_000)
  })

  it('refuses anything else without moving', async (t) => {
    const { app, clock } = await world(t)
    for (const payload of [{}, { advance_seconds: '31' }, { advance_seconds: 1e300 }, { reset: false }, []]) {
      const answer = await app.inject({ method: 'POST', url: '/dev/clock', payload })
      assert.equal(answer.statusCode, 400, JSON.stringify(payload))
    }
    assert.equal((await app.inject({ method: 'POST', url: '/dev/clock' })).statusCode, 400)
    assert.equal(clock.offset(), 0)
  })
})

describe('development paths', () => {
  it('serve the local CA', async (t) => {
    const { app } = await world(t)
    assert.equal((await app.inject('/dev/ca.pem')).body, 'PEM')
  })

  it('are unknown when not mounted', async (t) => {
    const { app } = await world(t, false)
    for (const url of ['/dev/outbox', '/dev/clock', '/dev/ca.pem']) {
      assert.equal((await app.inject(url)).statusCode, 404)
    }
  })
})
