import * as z from 'zod'
import { webhookSignature } from '#crypto/webhook-signature.ts'
import type { Clock } from '#ports/clock.ts'
import { DeliveryFailed } from '#ports/delivery.ts'
import type { NumberFactsSource } from '#ports/number-facts.ts'
import type { Random } from '#ports/random.ts'
import { insistOnHttps, post, type Times } from './http.ts'

/** A person waits for it; ms. */
const times: Times = { connect: 1_500, total: 3_000 }

const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .nullish()
const facts = z.object({
  sim_changed_at: moment,
  ported_at: moment,
  forwarded_at: moment,
  type: z.enum(['mobile', 'landline', 'voip', 'other']).nullish(),
})

/**
 * A service of one's own, or one in front of a provider's: `https://:secret@host/path`. Posts `{number}`, signed as
 * Standard Webhooks 1.0 describes, and reads `{sim_changed_at?, ported_at?, forwarded_at?, type?}`, moments as ISO 8601.
 * @throws Error for an address without a secret, or plain http to another machine
 */
export function numberFactsSource(
  address: string,
  { clock, random, ...more }: { readonly clock: Clock; readonly random: Random; readonly times?: Times },
): NumberFactsSource {
  const target = new URL(address)
  const secret = decodeURIComponent(target.password)
  if (secret === '') throw new Error('the signing secret is missing: https://:SECRET@host/path')
  insistOnHttps(target)
  target.username = ''
  target.password = ''
  return {
    async of(number) {
      const body = JSON.stringify({ number })
      const id = random.id()
      const timestamp = String(Math.floor(clock.now() / 1_000))
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${webhookSignature(secret, `${id}.${timestamp}.${body}`)}`,
      }
      const reply = await post(target, headers, body, more.times ?? times)
      if (reply.status !== 200) throw new DeliveryFailed(`answered ${reply.status}`, { retryable: true })
      const { sim_changed_at, ported_at, forwarded_at, type } = facts.parse(JSON.parse(reply.body))
      return {
        simChangedAt: sim_changed_at ?? undefined,
        portedAt: ported_at ?? undefined,
        forwardedAt: forwarded_at ?? undefined,
        type: type ?? undefined,
      }
    },
  }
}
