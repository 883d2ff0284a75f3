import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createKeyring } from '#crypto/keyring.ts'
import type { Challenge } from '#model/challenge.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { Message } from '#model/message.ts'
import { DeliveryFailed, type OutgoingMessage } from '#ports/delivery.ts'
import { insert, type Store } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { createDispatcher, type DispatcherOptions } from './dispatcher.ts'
import { withFailover } from './failover.ts'

const tenant = asId<TenantId>('demo')
const keyring = createKeyring([new Uint8Array(32).fill(7)])
const log = { debug() {}, info() {}, warn() {}, error() {} }

interface Provider {
  readonly name: string
  readonly answer: () => Promise<'sent'>
}

const good = async () => 'sent' as const
const bad = () => Promise.reject(new DeliveryFailed('provider answered 500', { retryable: true }))

async function world(t: TestContext, parts: Partial<DispatcherOptions> = {}) {
  const store = await openStore('sqlite::memory:')
  t.after(() => store.close())
  let now = 1_000_000
  const sent: OutgoingMessage[] = []
  let answer: () => Promise<'sent'> = async () => 'sent'
  const channel = {
    provider: 'test',
    send(message: OutgoingMessage) {
      sent.push(message)
      return answer()
    },
  }
  const clock = { now: () => now }
  const shared: { -readonly [K in keyof DispatcherOptions]: DispatcherOptions[K] } = {
    store,
    clock,
    keyring,
    channels: new Map([['sms' as const, channel]]),
    log,
    keepSent: false,
    ...parts,
  }
  const start = () => {
    const dispatcher = createDispatcher(shared)
    t.after(() => dispatcher.stop(0))
    return dispatcher
  }
  await store.change({}, () => ({
    result: undefined,
    writes: [insert('tenants', { tenant, id: tenant, name: 'Demo', domains: [] } as never)],
  }))
  return {
    store,
    sent,
    start,
    later: (ms: number) => {
      now += ms
    },
    answers: (next: () => Promise<'sent'>) => {
      answer = next
    },
    queue: (id: string, more: Partial<Message> = {}, challenge?: Partial<Challenge>) =>
      queue(store, id, more, challenge),
    read: (id: string) => store.get('messages', tenant, id),
    /** Providers behind each other, which note in `calls` who was called with what. */
    through: (...providers: readonly Provider[]) => {
      const calls: { by: string; at: number; message: OutgoingMessage }[] = []
      const noted = providers.map(({ name, answer }) => ({
        provider: name,
        send(message: OutgoingMessage) {
          calls.push({ by: name, at: now, message })
          return answer()
        },
      }))
      shared.channels = new Map([['sms' as const, withFailover(noted, clock)]])
      return calls
    },
  }
}

async function queue(store: Store, id: string, more: Partial<Message>, challenge?: Partial<Challenge>) {
  const body = JSON.stringify({ to: '+15555550100', text: 'Your code is 123456', code: '123456' })
  const message = {
    ...{ tenant, id, at: 1, channel: 'sms', purpose: 'login', state: 'queued', attempts: 0, expiresAt: 9e9 },
    ...{ sealed: keyring.seal(body, ['message', tenant, id]), challenge: challenge && `c-${id}` },
    ...more,
  } as Message
  const row = { tenant, id: `c-${id}`, user: 'u', flow: 'f', codeExpiresAt: 2_000_000, expiresAt: 9e9, ...challenge }
  await store.change({}, () => ({
    result: undefined,
    writes: [insert('messages', message), ...(challenge ? [insert('challenges', row as unknown as Challenge)] : [])],
  }))
}

describe('the dispatcher', () => {
  it('asks before a text that serves no challenge, sends nothing while nobody answers, and gives up at a no', async (t) => {
    let may: () => Promise<boolean> = () => Promise.reject(new Error('away'))
    const asked: string[] = []
    const mayLeave = (_: TenantId, to: string) => {
      asked.push(to)
      return may()
    }
    const { sent, start, queue, read, later } = await world(t, { mayLeave })
    await queue('m1')
    const dispatcher = start()
    await dispatcher.settle()
    assert.deepEqual([sent.length, asked.length], [0, 1])
    assert.equal((await read('m1'))?.state, 'queued')
    may = async () => true
    later(60_000)
    await dispatcher.settle()
    assert.equal((await read('m1'))?.state, 'sent')
    may = async () => false
    await queue('m2')
    await dispatcher.settle()
    assert.deepEqual([(await read('m2'))?.state, (await read('m2'))?.error], ['failed', 'held back'])
    assert.equal(sent.length, 1)
  })

  it('sends what is queued once, and erases its text', async (t) => {
    const { start, queue, sent, read } = await world(t)
    await queue('m1', {}, {})
    const dispatcher = start()
    await dispatcher.settle()
    await dispatcher.settle()
    assert.deepEqual(sent, [
      {
        id: 'm1',
        tenant,
        channel: 'sms',
        to: '+15555550100',
        text: 'Your code is 123456',
        subject: undefined,
        html: undefined,
        language: undefined,
        code: '123456',
        keys: undefined,
        attempt: 1,
      },
    ])
    const row = await read('m1')
    assert.equal(row?.state, 'sent')
    assert.equal(row?.sealed, '')
    assert.equal(row?.sentAt, 1_000_000)
  })

  it('tells who asks that an address is gone, and sends nothing there again', async (t) => {
    const gone: string[] = []
    const { start, queue, read, answers, sent } = await world(t, {
      gone: async ({ id }, to) => void gone.push(`${id} ${to}`),
    })
    await queue('m1', {}, {})
    answers(() => Promise.reject(new DeliveryFailed('provider answered 410', { retryable: false, gone: true })))
    const dispatcher = start()
    await dispatcher.settle()
    await dispatcher.settle()
    assert.deepEqual(gone, ['m1 +15555550100'])
    assert.equal((await read('m1'))?.state, 'failed')
    assert.equal(sent.length, 1)
  })

  it('drops the message of a challenge that is won, void, out of date or gone', async (t) => {
    const { start, queue, sent, read } = await world(t)
    await queue('won', {}, { wonAt: 1 })
    await queue('void', {}, { voidedAt: 1 })
    await queue('late', {}, { codeExpiresAt: 999_999 })
    await queue('gone', { challenge: 'nowhere' })
    await start().settle()
    for (const id of ['won', 'void', 'late', 'gone']) {
      const row = await read(id)
      assert.deepEqual([row?.state, row?.sealed], ['dropped', ''], id)
    }
    assert.equal(sent.length, 0)
  })

  it('counts the attempt and sets a lease before the provider is called', async (t) => {
    const { start, queue, answers, read } = await world(t)
    await queue('m1')
    let during: Message | undefined
    answers(async () => {
      during = await read('m1')
      return 'sent'
    })
    await start().settle()
    assert.deepEqual([during?.state, during?.attempts, during?.nextAttemptAt], ['queued', 1, 1_030_000])
  })

  it('tries three times at growing distances, then gives up', async (t) => {
    const { start, queue, sent, answers, later, read } = await world(t)
    await queue('m1')
    answers(() => Promise.reject(new DeliveryFailed('provider answered 500', { retryable: true })))
    const dispatcher = start()
    const due: (number | undefined)[] = []
    for (const step of [1_999, 1, 7_999, 1]) {
      await dispatcher.settle()
      due.push((await read('m1'))?.nextAttemptAt)
      later(step)
    }
    await dispatcher.settle()
    assert.deepEqual(due, [1_002_000, 1_002_000, 1_010_000, 1_010_000])
    assert.equal(sent.length, 3)
    const row = await read('m1')
    assert.deepEqual([row?.state, row?.error, row?.sealed], ['failed', 'provider answered 500', ''])
  })

  it('does not repeat a final refusal, and waits as long as it is asked to', async (t) => {
    const { start, queue, answers, read } = await world(t)
    await queue('final')
    answers(() => Promise.reject(new DeliveryFailed('no', { retryable: false })))
    const dispatcher = start()
    await dispatcher.settle()
    assert.equal((await read('final'))?.state, 'failed')
    await queue('busy')
    answers(() => Promise.reject(new DeliveryFailed('busy', { retryable: true, retryAfter: 60 })))
    await dispatcher.settle()
    assert.equal((await read('busy'))?.nextAttemptAt, 1_060_000)
  })

  it('keeps what a provider says in its own words out of row and log', async (t) => {
    const lines: object[] = []
    const { start, queue, answers, read } = await world(t, {
      log: { ...log, warn: (it: object) => void lines.push(it) },
    })
    await queue('m1')
    answers(() => Promise.reject(new Error('cannot send "Your code is 123456" to +15555550100')))
    await start().settle()
    assert.equal((await read('m1'))?.error, 'provider failed')
    assert.equal(lines.length, 1)
    assert.doesNotMatch(JSON.stringify(lines), /123456|5555/)
  })

  it('shares a queue with other dispatchers without a double call', async (t) => {
    const { start, queue, sent } = await world(t)
    for (let i = 0; i < 40; i++) await queue(`m${i}`)
    await Promise.all([start(), start(), start()].map((it) => it.settle()))
    assert.equal(sent.length, 40)
    assert.equal(new Set(sent.map(({ id }) => id)).size, 40)
  })

  it('takes over when the lease of another process has run out', async (t) => {
    const { start, queue, sent, later } = await world(t)
    await queue('m1', { attempts: 1, nextAttemptAt: 1_030_000 })
    const dispatcher = start()
    await dispatcher.settle()
    assert.equal(sent.length, 0)
    later(30_000)
    await dispatcher.settle()
    assert.equal(sent.length, 1)
  })

  it('counts a message as sent into the outbox where development has no channel, and fails it elsewhere', async (t) => {
    const development = await world(t, { channels: new Map(), keepSent: true })
    await development.queue('m1')
    await development.start().settle()
    const kept = await development.read('m1')
    assert.equal(kept?.state, 'sent')
    assert.match(keyring.openText(kept?.sealed ?? '', ['message', tenant, 'm1']), /123456/)
    const production = await world(t, { channels: new Map() })
    await production.queue('m1')
    await production.start().settle()
    const failed = await production.read('m1')
    assert.deepEqual([failed?.state, failed?.error, failed?.sealed], ['failed', 'no channel', ''])
  })

  it('stops within its bound and leaves the rest queued', async (t) => {
    const { start, queue, answers, read } = await world(t)
    for (let i = 0; i < 12; i++) await queue(`m${i}`)
    let calls = 0
    answers(() => {
      calls++
      return new Promise(() => {})
    })
    const begun = Date.now()
    await start().stop(100)
    assert.ok(Date.now() - begun < 1_000)
    assert.equal(calls, 8)
    for (let i = 0; i < 12; i++) assert.equal((await read(`m${i}`))?.state, 'queued')
  })

  it('holds up neither later messages nor other channels when a provider hangs', async (t) => {
    const mails: string[] = []
    let stuck = 1
    const sms = { provider: 'slow', send: () => (stuck-- > 0 ? new Promise<'sent'>(() => {}) : good()) }
    const email = { provider: 'mail', send: ({ id }: OutgoingMessage) => good().finally(() => mails.push(id)) }
    const channels = new Map([
      ['sms' as const, sms],
      ['email' as const, email],
    ])
    const { start, queue, read } = await world(t, { channels })
    const dispatcher = start()
    const state = async (id: string) => (await read(id))?.state
    const sent = async (id: string) => {
      dispatcher.nudge(tenant)
      for (let i = 0; i < 200 && (await state(id)) !== 'sent'; i++)
        await new Promise((resolve) => setTimeout(resolve, 5))
      assert.equal(await state(id), 'sent')
    }
    await queue('hangs')
    dispatcher.nudge(tenant)
    for (let i = 0; i < 200 && stuck > 0; i++) await new Promise((resolve) => setTimeout(resolve, 5))
    await queue('later')
    await sent('later')
    stuck = 8
    for (let i = 0; i < 8; i++) await queue(`more${i}`)
    await queue('mail', { channel: 'email' })
    await sent('mail')
    assert.deepEqual(mails, ['mail'])
    assert.equal(await state('more0'), 'queued')
  })

  it('survives a store that is away', async (t) => {
    const { start, queue, sent, store } = await world(t)
    await queue('m1')
    const list = store.list.bind(store)
    store.list = () => Promise.reject(new Error('away'))
    const dispatcher = start()
    await dispatcher.settle()
    store.list = list
    await dispatcher.settle()
    assert.equal(sent.length, 1)
  })
})

describe('several providers', () => {
  it('are turned to at once, with the same message, when the first fails', async (t) => {
    const { start, queue, through, read } = await world(t)
    const calls = through({ name: 'one', answer: bad }, { name: 'two', answer: good })
    await queue('m1')
    await start().settle()
    assert.deepEqual(
      calls.map(({ by, at, message }) => [by, at, message.id, message.text]),
      [
        ['one', 1_000_000, 'm1', 'Your code is 123456'],
        ['two', 1_000_000, 'm1', 'Your code is 123456'],
      ],
    )
    assert.deepEqual([(await read('m1'))?.state, (await read('m1'))?.attempts], ['sent', 2])
  })

  it('get three calls between them, the last after a wait', async (t) => {
    const { start, queue, through, later, read } = await world(t)
    const calls = through({ name: 'one', answer: bad }, { name: 'two', answer: bad })
    await queue('m1')
    const dispatcher = start()
    for (const step of [7_999, 1, 100_000, 100_000]) {
      await dispatcher.settle()
      later(step)
    }
    assert.deepEqual(
      calls.map(({ by, at }) => `${by} ${at - 1_000_000}`),
      ['one 0', 'two 0', 'one 8000'],
    )
    assert.deepEqual([(await read('m1'))?.state, (await read('m1'))?.error], ['failed', 'one: provider answered 500'])
  })

  it('step in for one whose credentials are refused, and not for a number there is not', async (t) => {
    const { start, queue, through, read } = await world(t)
    const refuse = (blame: 'provider' | 'message') => () =>
      Promise.reject(new DeliveryFailed('no', { retryable: false, blame }))
    const dispatcher = start()
    through({ name: 'one', answer: refuse('provider') }, { name: 'two', answer: good })
    await queue('m1')
    await dispatcher.settle()
    assert.equal((await read('m1'))?.state, 'sent')
    const calls = through({ name: 'one', answer: refuse('message') }, { name: 'two', answer: good })
    await queue('m2')
    await dispatcher.settle()
    assert.equal((await read('m2'))?.state, 'failed')
    assert.equal(calls.length, 1)
  })

  it('AC-34: five minutes of errors open the breaker, make no storm, and lose no message', async (t) => {
    const { start, queue, through, later, read } = await world(t)
    let answer: () => Promise<'sent'> = bad
    const calls = through({ name: 'one', answer: () => answer() }, { name: 'two', answer: good })
    const dispatcher = start()
    // A message a second.
    for (let i = 0; i < 300; i++) {
      await queue(`m${i}`)
      await dispatcher.settle()
      later(1_000)
    }
    const of = (by: string) => calls.filter((it) => it.by === by)
    assert.equal(of('two').length, 300)
    // Ten until it opens, then one each half minute of the 290 s that are left.
    assert.equal(of('one').length, 19)
    for (let i = 0; i < 300; i++) {
      const mine = calls.filter(({ message }) => message.id === `m${i}`)
      assert.ok(mine.length <= 3, `m${i} took ${mine.length} calls`)
      assert.equal(new Set(mine.map(({ message }) => message.text)).size, 1)
      assert.equal((await read(`m${i}`))?.state, 'sent')
    }
    answer = good
    later(30_000)
    for (const id of ['back', 'again']) {
      await queue(id)
      await dispatcher.settle()
      assert.deepEqual([calls.at(-1)?.by, calls.at(-1)?.message.id], ['one', id])
    }
  })

  it('AC-34: where there is no other, messages wait for the breaker and keep their attempts', async (t) => {
    const { start, queue, through, later, read } = await world(t)
    let answer: () => Promise<'sent'> = bad
    const calls = through({ name: 'one', answer: () => answer() })
    const dispatcher = start()
    for (let i = 0; i < 10; i++) await queue(`m${i}`)
    await dispatcher.settle()
    assert.equal(calls.length, 10)
    await queue('late')
    await dispatcher.settle()
    assert.equal(calls.length, 10)
    const waiting = await read('late')
    assert.deepEqual([waiting?.state, waiting?.attempts, waiting?.nextAttemptAt], ['queued', 0, 1_030_000])
    answer = good
    for (let i = 0; i < 20; i++) {
      later(2_000)
      await dispatcher.settle()
    }
    assert.equal((await read('late'))?.state, 'sent')
    for (let i = 0; i < 10; i++) assert.equal((await read(`m${i}`))?.state, 'sent')
    assert.equal(calls.length, 21)
  })

  it('AC-35: after Retry-After: 60 nothing is called for 60 s, whichever message it is for', async (t) => {
    const { start, queue, through, later, read } = await world(t)
    let answer: () => Promise<'sent'> = () =>
      Promise.reject(new DeliveryFailed('provider answered 429', { retryable: true, retryAfter: 60 }))
    const calls = through({ name: 'one', answer: () => answer() })
    const dispatcher = start()
    await queue('m1')
    await dispatcher.settle()
    await queue('m2')
    answer = good
    for (let second = 0; second < 60; second++) {
      await dispatcher.settle()
      assert.equal(calls.length, 1, `called after ${second} s`)
      later(1_000)
    }
    await dispatcher.settle()
    for (const id of ['m1', 'm2']) assert.equal((await read(id))?.state, 'sent')
    assert.equal(calls.length, 3)
  })
})
