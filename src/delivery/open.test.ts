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

  for (const [urls, problem] of [
    [{ sms: 'pigeon://x' }, /no provider/],
    [{ sms: 'smtp://s3cret:s3cret@mail.example' }, /e-mail only/],
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

describe('the console', () => {
  it('prints one line a message, whatever is in it (S-149)', async () => {
    const lines: string[] = []
    const delivery = consoleDelivery((line) => lines.push(line))
    await delivery.send({ id: 'm', channel: 'sms', to: '+1555', text: 'a\nb\u2028c\u001b[31m' })
    assert.deepEqual(lines, ['sms | +1555 | a b c [31m\n'])
  })
})
