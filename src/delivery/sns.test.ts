import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { awsAuthorization } from '#crypto/aws-signature.ts'
import type { OutgoingMessage } from '#ports/delivery.ts'
import { type Asked, type Behaviour, failureOf, localProvider } from '#test/support/local-provider.ts'
import { snsDelivery } from './sns.ts'

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) }
const message: OutgoingMessage = {
  id: 'm1',
  channel: 'sms',
  to: '+15555550100',
  text: 'Ihr Code ist 123456, gültig 5 min',
}
const key = { keyId: 'AKIDEXAMPLE', secret: 'wJal/rXU+tn', region: 'eu-west-1', service: 'sns' }

const refused = (status: number, code: string, text = 'for +15555550100') => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${text}</Message></Error><RequestId>r1</RequestId></ErrorResponse>`,
})

/** As `Publish` is documented: the signature is checked over what came, and a number has to be one. */
function sns({ headers, path, body }: Asked) {
  const signed = Object.fromEntries(
    ['content-type', 'host', 'x-amz-date'].map((name) => [name, String(headers[name])] as const),
  )
  if (headers.authorization !== awsAuthorization(key, { path, headers: signed, body })) {
    return refused(403, 'SignatureDoesNotMatch')
  }
  const fields = new URLSearchParams(body)
  if (fields.get('Action') !== 'Publish' || fields.get('Version') !== '2010-03-31') return refused(400, 'InvalidAction')
  if (!/^\+\d+$/.test(fields.get('PhoneNumber') ?? '')) return refused(400, 'InvalidParameter')
  return {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult></PublishResponse>',
  }
}

async function open(t: TestContext, { query = '', secret = key.secret, behaviour = sns as Behaviour } = {}) {
  const provider = await localProvider(t, behaviour)
  const ends = `${key.keyId}:${encodeURIComponent(secret)}@eu-west-1`
  const url = new URL(`sns://${ends}/?endpoint=${provider.origin}&${query}`)
  const delivery = snsDelivery(url, { clock, times: { connect: 100, total: 150 } })
  return { ...provider, delivery, fields: () => Object.fromEntries(new URLSearchParams(provider.last().body)) }
}

const attribute = (n: number, name: string, value: string) => ({
  [`MessageAttributes.entry.${n}.Name`]: name,
  [`MessageAttributes.entry.${n}.Value.DataType`]: 'String',
  [`MessageAttributes.entry.${n}.Value.StringValue`]: value,
})

describe('Amazon SNS', () => {
  it('publishes to a number, signed, as a transactional message', async (t) => {
    const { delivery, fields, last } = await open(t)
    assert.equal(await delivery.send(message), 'sent')
    assert.deepEqual(fields(), {
      Action: 'Publish',
      Version: '2010-03-31',
      PhoneNumber: '+15555550100',
      Message: message.text,
      ...attribute(1, 'AWS.SNS.SMS.SMSType', 'Transactional'),
    })
    assert.equal(last().headers['x-amz-date'], '20260102T030405Z')
    assert.match(
      String(last().headers.authorization),
      /Credential=AKIDEXAMPLE\/20260102\/eu-west-1\/sns\/aws4_request,/,
    )
    assert.doesNotMatch(JSON.stringify(last()), /wJal/)
  })

  it('names a sender by name or by number', async (t) => {
    for (const [query, name, value] of [
      ['from=ACME', 'AWS.SNS.SMS.SenderID', 'ACME'],
      ['from=+15555550199', 'AWS.MM.SMS.OriginationNumber', '+15555550199'],
    ] as const) {
      const { delivery, fields } = await open(t, { query })
      assert.equal(await delivery.send(message), 'sent')
      const sent = fields()
      for (const [field, text] of Object.entries(attribute(2, name, value))) assert.equal(sent[field], text)
    }
  })

  it('is refused with a wrong key, which is no fault of the message', async (t) => {
    const { delivery } = await open(t, { secret: 'wrong' })
    const error = await failureOf(delivery.send(message))
    assert.deepEqual(
      [error.message, error.retryable, error.blame],
      ['provider answered 403 (SignatureDoesNotMatch)', false, 'provider'],
    )
  })

  for (const [status, code, retryable, blame] of [
    [400, 'InvalidParameter', false, 'message'],
    [400, 'RequestExpired', false, 'provider'],
    [400, 'Throttling', true, 'provider'],
    [403, 'AuthorizationError', false, 'provider'],
    [429, 'Throttled', true, 'provider'],
    [500, 'InternalError', true, 'provider'],
  ] as const) {
    it(`takes ${status} (${code}) for ${retryable ? 'passing' : 'final'} and the ${blame}'s fault`, async (t) => {
      const { delivery } = await open(t, { behaviour: () => refused(status, code) })
      const error = await failureOf(delivery.send(message))
      const word = `provider answered ${status} (${code})`
      assert.deepEqual([error.message, error.retryable, error.blame], [word, retryable, blame])
    })
  }

  it('is told by Retry-After how long to wait', async (t) => {
    const busy = { ...refused(429, 'Throttled'), headers: { 'retry-after': '60' } }
    const { delivery } = await open(t, { behaviour: () => busy })
    assert.equal((await failureOf(delivery.send(message))).retryAfter, 60)
  })

  for (const [title, behaviour, reason] of [
    ['a page for people', () => ({ status: 200, body: '<html>Welcome</html>' }), /200 with nonsense/],
    ['an error without XML', () => ({ status: 502, body: 'bad gateway' }), /answered 502$/],
    ['an error code with words in it', () => refused(500, 'To +15555550100'), /answered 500$/],
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

  it('insists on key, region and https', () => {
    for (const [address, problem] of [
      ['sns://eu-west-1/', /key is missing/],
      ['sns://K:s@somewhere/', /region is missing/],
      ['sns://K:s@eu-west-1/?endpoint=http://sns.example', /use https/],
    ] as const) {
      assert.throws(() => snsDelivery(new URL(address), { clock }), problem)
    }
  })
})
