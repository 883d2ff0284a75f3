import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { OutgoingMessage } from '#ports/delivery.ts'
import { type Asked, type Behaviour, failureOf, localProvider } from '#test/support/local-provider.ts'
import { twilioDelivery } from './twilio.ts'

const clock = { now: () => 1_700_000_000_000 }
const message: OutgoingMessage = {
  id: 'm1',
  channel: 'sms',
  to: '+15555550100',
  text: 'Code 123456 & more',
  code: '123456',
}
const json = { 'content-type': 'application/json' }

const refused = (status: number, code: number, message: string) => ({
  status,
  headers: json,
  body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
})

/** As the Messages and Calls resources are documented: what they insist on, and what they answer. */
function twilio({ headers, path, body }: Asked) {
  const fields = new URLSearchParams(body)
  const account = /^\/2010-04-01\/Accounts\/(AC\w+)\/(Messages|Calls)\.json$/.exec(path)
  if (headers.authorization !== `Basic ${btoa('AC1:s3cr/t')}`) return refused(401, 20003, 'Authenticate')
  if (account?.[1] !== 'AC1') return refused(404, 20404, `The requested resource ${path} was not found`)
  const to = fields.get('To') ?? ''
  if (!/^(whatsapp:)?\+\d+$/.test(to)) return refused(400, 21211, `The 'To' number ${to} is not a valid phone number.`)
  if (!fields.has('From') && !fields.has('MessagingServiceSid')) return refused(400, 21603, "A 'From' is required.")
  if (account[2] === 'Calls') {
    if (!fields.has('Twiml')) return refused(400, 21205, 'Url parameter is required.')
    return { status: 201, headers: json, body: { sid: 'CA1', status: 'queued' } }
  }
  if (!fields.has('Body') && !fields.has('ContentSid')) return refused(400, 21602, 'Message body is required.')
  return { status: 201, headers: json, body: { sid: 'SM1', status: 'queued', error_code: null } }
}

async function open(t: TestContext, query = 'from=+15555550199', behaviour: Behaviour = twilio) {
  const provider = await localProvider(t, behaviour)
  const url = new URL(`twilio://AC1:s3cr%2Ft@api.twilio.com/?${query}&endpoint=${provider.origin}`)
  const delivery = twilioDelivery(url, { clock, times: { connect: 100, total: 150 } })
  const fields = () => Object.fromEntries(new URLSearchParams(provider.last().body))
  return { ...provider, delivery, fields }
}

describe('Twilio', () => {
  it('sends an SMS from a number, or by a messaging service', async (t) => {
    const { delivery, fields, last } = await open(t)
    assert.equal(await delivery.send(message), 'sent')
    assert.deepEqual(fields(), { To: '+15555550100', From: '+15555550199', Body: 'Code 123456 & more' })
    assert.equal(last().headers['content-type'], 'application/x-www-form-urlencoded')
    const service = await open(t, 'from=MG0123')
    assert.equal(await service.delivery.send(message), 'sent')
    assert.equal(service.fields().MessagingServiceSid, 'MG0123')
    assert.equal('From' in service.fields(), false)
  })

  it('calls and says the text twice, in its language, whatever characters it has', async (t) => {
    const { delivery, fields, last } = await open(t, 'from=+15555550199&language=de-DE')
    assert.equal(await delivery.send({ ...message, channel: 'voice', text: '1 2 <Hangup/> & 3' }), 'sent')
    assert.equal(last().path, '/2010-04-01/Accounts/AC1/Calls.json')
    const say = '<Say loop="2" language="de-DE">1 2 &lt;Hangup/&gt; &amp; 3</Say>'
    assert.deepEqual(fields(), { To: '+15555550100', From: '+15555550199', Twiml: `<Response>${say}</Response>` })
  })

  it('sends by WhatsApp where the sender is there, as text or by an approved template', async (t) => {
    const free = await open(t, 'from=whatsapp:+15555550199')
    assert.equal(await free.delivery.send(message), 'sent')
    const ends = { To: 'whatsapp:+15555550100', From: 'whatsapp:+15555550199' }
    assert.deepEqual(free.fields(), { ...ends, Body: message.text })
    const approved = await open(t, 'from=whatsapp:+15555550199&template=HX77')
    assert.equal(await approved.delivery.send(message), 'sent')
    assert.deepEqual(approved.fields(), { ...ends, ContentSid: 'HX77', ContentVariables: '{"1":"123456"}' })
  })

  it('names the account apart from an API key', async (t) => {
    const { delivery, last } = await open(t, 'from=+15555550199&account=AC9')
    const error = await failureOf(delivery.send(message))
    assert.equal(last().path, '/2010-04-01/Accounts/AC9/Messages.json')
    assert.deepEqual([error.message, error.blame], ['provider answered 404 (20404)', 'provider'])
  })

  for (const [says, retryable, blame] of [
    [refused(400, 21211, 'Invalid To +15555550100'), false, 'message'],
    [refused(400, 21610, 'Attempt to send to unsubscribed recipient'), false, 'message'],
    [refused(400, 21408, 'Permission to send has not been enabled for the region'), false, 'provider'],
    [refused(401, 20003, 'Authenticate'), false, 'provider'],
    [refused(429, 20429, 'Too Many Requests'), true, 'provider'],
    [refused(500, 20500, 'Internal Server Error'), true, 'provider'],
  ] as const) {
    const word = `${says.status} (${says.body.code})`
    it(`takes ${word} for ${retryable ? 'passing' : 'final'} and the ${blame}'s fault`, async (t) => {
      const { delivery } = await open(t, undefined, () => says)
      const error = await failureOf(delivery.send(message))
      assert.deepEqual([error.message, error.retryable, error.blame], [`provider answered ${word}`, retryable, blame])
    })
  }

  it('is told by Retry-After how long to wait', async (t) => {
    const busy = { ...refused(429, 20429, 'Too Many Requests'), headers: { ...json, 'retry-after': '60' } }
    const { delivery } = await open(t, undefined, () => busy)
    assert.equal((await failureOf(delivery.send(message))).retryAfter, 60)
  })

  it('does not take for sent what fails at once', async (t) => {
    const { delivery } = await open(t, undefined, () => ({ status: 201, body: { sid: 'SM1', status: 'failed' } }))
    const error = await failureOf(delivery.send(message))
    assert.deepEqual([error.message, error.retryable], ['provider gave the message up', false])
  })

  for (const [title, behaviour, reason] of [
    [
      'a page for people',
      () => ({ status: 200, body: '<html>Sign in to the guest network</html>' }),
      /200 with nonsense/,
    ],
    ['JSON of another kind', () => ({ status: 201, body: '["SM1"]' }), /201 with nonsense/],
    ['half an answer', () => 'breaks off', /200 with nonsense/],
    ['an endless answer', () => ({ status: 201, body: `{"sid":"${'x'.repeat(70_000)}"}` }), /201 with nonsense/],
    ['an error without JSON', () => ({ status: 503, body: 'upstream' }), /answered 503$/],
    ['silence', () => 'hangs', /timeout/],
  ] as const satisfies readonly (readonly [string, Behaviour, RegExp])[]) {
    it(`survives ${title}, and says nothing of the message`, async (t) => {
      const { delivery } = await open(t, undefined, behaviour)
      const error = await failureOf(delivery.send(message))
      assert.match(error.message, reason)
      assert.equal(error.retryable, true)
    })
  }

  it('repeats no words of the provider, which quotes numbers', async (t) => {
    const { delivery } = await open(t, undefined, () => refused(400, 21211, 'To +15555550100 with 123456'))
    assert.doesNotMatch((await failureOf(delivery.send(message))).message, /555|123456/)
  })

  it('insists on account, token, sender and https', () => {
    for (const [address, problem] of [
      ['twilio://api.twilio.com/?from=+1555', /account is missing/],
      ['twilio://AC1@api.twilio.com/?from=+1555', /account is missing/],
      ['twilio://AC1:t@api.twilio.com/', /sender is missing/],
      ['twilio://AC1:t@api.twilio.com/?from=+1555&endpoint=http://elsewhere.example', /use https/],
      ['twilio://AC1:t@api.twilio.com/?from=+1555&endpoint=nowhere', /endpoint/],
    ] as const) {
      assert.throws(() => twilioDelivery(new URL(address), { clock }), problem)
    }
  })
})
