import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { OutgoingMessage } from '#ports/delivery.ts'
import { type Asked, type Behaviour, failureOf, localProvider } from '#test/support/local-provider.ts'
import { vonageDelivery } from './vonage.ts'

const clock = { now: () => 1_700_000_000_000 }
const message: OutgoingMessage = { id: 'm1', channel: 'sms', to: '+15555550100', text: 'Your code is 123456' }

const refused = (status: number, code: string) => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: {
    type: `https://developer.vonage.com/api-errors/messages#${code}`,
    title: 'Refused',
    detail: 'about 15555550100',
    instance: 'bf0ca0bf927b3b52e3cb03217e1a1ddf',
  },
})

/** As the Messages API is documented: credentials first, then a number without "+". */
function vonage({ headers, path, body }: Asked) {
  if (path !== '/v1/messages') return { status: 404 }
  if (headers.authorization !== `Basic ${btoa('key:s3cret')}`) {
    return { status: 401, body: { title: 'Unauthorized', detail: 'You did not provide correct credentials.' } }
  }
  const { to } = JSON.parse(body)
  if (!/^[1-9]\d+$/.test(to)) return refused(422, '1150')
  return { status: 202, body: { message_uuid: 'aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab' } }
}

async function open(t: TestContext, { query = 'from=ACME', secret = 's3cret', behaviour = vonage as Behaviour } = {}) {
  const provider = await localProvider(t, behaviour)
  const url = new URL(`vonage://key:${secret}@api.nexmo.com/?${query}&endpoint=${provider.origin}`)
  return { ...provider, delivery: vonageDelivery(url, { clock, times: { connect: 100, total: 150 } }) }
}

describe('Vonage', () => {
  it('sends an SMS, with numbers as it writes them and our id beside', async (t) => {
    for (const [query, from] of [
      ['from=ACME', 'ACME'],
      ['from=+15555550199', '15555550199'],
    ] as const) {
      const { delivery, last } = await open(t, { query })
      assert.equal(await delivery.send(message), 'sent')
      assert.deepEqual(JSON.parse(last().body), {
        message_type: 'text',
        channel: 'sms',
        to: '15555550100',
        from,
        text: 'Your code is 123456',
        client_ref: 'm1',
      })
    }
  })

  it('is refused with a wrong secret, which is no fault of the message', async (t) => {
    const { delivery } = await open(t, { secret: 'wrong' })
    const error = await failureOf(delivery.send(message))
    assert.deepEqual([error.message, error.retryable, error.blame], ['provider answered 401', false, 'provider'])
  })

  for (const [status, code, retryable, blame] of [
    [422, '1150', false, 'message'],
    [422, '1120', false, 'provider'],
    [402, '1070', false, 'provider'],
    [429, '1000', true, 'provider'],
    [500, '1030', true, 'provider'],
  ] as const) {
    it(`takes ${status} (${code}) for ${retryable ? 'passing' : 'final'} and the ${blame}'s fault`, async (t) => {
      const { delivery } = await open(t, { behaviour: () => refused(status, code) })
      const error = await failureOf(delivery.send(message))
      const word = `provider answered ${status} (${code})`
      assert.deepEqual([error.message, error.retryable, error.blame], [word, retryable, blame])
    })
  }

  it('is told by Retry-After how long to wait', async (t) => {
    const { delivery } = await open(t, {
      behaviour: () => ({ ...refused(429, '1000'), headers: { 'retry-after': '60' } }),
    })
    assert.equal((await failureOf(delivery.send(message))).retryAfter, 60)
  })

  for (const [title, behaviour, reason] of [
    ['a page for people', () => ({ status: 200, body: '<html>Welcome</html>' }), /200 with nonsense/],
    ['an answer without an id', () => ({ status: 202, body: {} }), /202 with nonsense/],
    ['an error without JSON', () => ({ status: 503, body: 'upstream' }), /answered 503$/],
    ['half an answer', () => 'breaks off', /200 with nonsense/],
    ['silence', () => 'hangs', /timeout/],
  ] as const satisfies readonly (readonly [string, Behaviour, RegExp])[]) {
    it(`survives ${title}`, async (t) => {
      const { delivery } = await open(t, { behaviour })
      const error = await failureOf(delivery.send(message))
      assert.match(error.message, reason)
      assert.equal(error.retryable, true)
    })
  }

  it('insists on key, sender and https', () => {
    for (const [address, problem] of [
      ['vonage://api.nexmo.com/?from=ACME', /key is missing/],
      ['vonage://k:s@api.nexmo.com/', /sender is missing/],
      ['vonage://k:s@api.nexmo.com/?from=ACME&endpoint=http://vonage.example', /use https/],
    ] as const) {
      assert.throws(() => vonageDelivery(new URL(address), { clock }), problem)
    }
  })
})
