import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { consoleDelivery } from './console.ts'
import { type DeliveryProblem, openChannels } from './open.ts'

const clock = { now: () => 0 }

describe('delivery addresses', () => {
  it('choose their provider by scheme', async () => {
    const urls = { email: 'smtp://mail.example:587', sms: 'https://:s@sms.example/send', voice: 'console:' }
    const channels = await openChannels(urls, clock)
    const providers = [...channels].map(([channel, { provider }]) => [channel, provider])
    assert.deepEqual(providers, [
      ['email', 'smtp'],
      ['sms', 'webhook'],
      ['voice', 'console'],
    ])
    for (const channel of channels.values()) await channel.close?.()
  })

  it('may be several, as a list or with commas, which senders may have in their names', async () => {
    const twilio = 'twilio://AC1:t@api.twilio.com/?from=+15555550199'
    const sns = 'sns://AK:s@eu-west-1/'
    const vonage = 'vonage://k:s@api.nexmo.com/?from=ACME'
    const email = 'smtp://mail.example?from=Acme, Inc <a@b.example>,smtp://other.example'
    const channels = await openChannels(
      { sms: `${twilio}, ${sns},${vonage}`, voice: [twilio, 'console:'], email },
      clock,
    )
    assert.deepEqual(
      [...channels].map(([channel, { provider }]) => `${channel} ${provider}`),
      ['sms twilio+sns+vonage', 'voice twilio+console', 'email smtp+smtp'],
    )
    for (const channel of channels.values()) await channel.close?.()
  })

  for (const [urls, problem] of [
    [{ sms: 'pigeon://x' }, /no provider/],
    [{ sms: 'smtp://s3cret:s3cret@mail.example' }, /e-mail only/],
    [{ sms: ['console:', 'pigeon://s3cret'] }, /no provider/],
    [{ sms: 'twilio://AC1:s3cret@api.twilio.com/' }, /sender is missing/],
    [{ sms: 'sns://AK:s3cret@moon/' }, /region is missing/],
    [{ sms: 'vonage://k:s3cret%@api.nexmo.com/?from=A' }, /./],
    [{ sms: 'http://:s3cret@sms.example/' }, /use https/],
  ] as const) {
    it(`that cannot work name their key and not their secret: ${problem}`, async () => {
      await assert.rejects(openChannels(urls, clock), (error: DeliveryProblem) => {
        assert.equal(error.key, 'delivery.sms')
        assert.match(error.message, problem)
        assert.doesNotMatch(`${error.message}${error.mend}`, /s3cret/)
        return true
      })
    })
  }
})

describe('a channel', () => {
  it('is not given to a provider that cannot carry it', async () => {
    for (const urls of [{ voice: 'sns://AK:s@eu-west-1/' }, { email: 'twilio://AC1:t@api.twilio.com/?from=+1555' }]) {
      await assert.rejects(openChannels(urls, clock), / takes sms.* only/)
    }
  })
})

describe('the console', () => {
  it('prints one line a message, whatever is in it (S-149)', async () => {
    const lines: string[] = []
    const delivery = consoleDelivery((line) => lines.push(line))
    await delivery.send({ id: 'm', channel: 'sms', to: '+1555', text: 'a\nb\u2028c\u001b[31m' })
    assert.deepEqual(lines, ['sms | +1555 | a b c [31m\n'])
  })
})
