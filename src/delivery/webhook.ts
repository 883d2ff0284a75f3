import { webhookSignature } from '#crypto/webhook-signature.ts'
import type { Clock } from '#ports/clock.ts'
import { type Delivery, deliveryTimes } from '#ports/delivery.ts'
import { insistOnHttps, post, refusal, type Times } from './http.ts'

export interface WebhookOptions {
  readonly clock: Clock
  readonly times?: Times
}

/**
 * Any provider behind an HTTPS call: `https://:secret@host/path`. Posts `{id, channel, to, text, subject?, html?}`,
 * signed as Standard Webhooks 1.0 describes (`webhook-id`, `webhook-timestamp`, `webhook-signature`), so receivers
 * need no code of ours to check it. The secret is the password of the URL, plain or as `whsec_<base64>`.
 * Redirects are not followed.
 * @throws Error for an address without a secret, or plain http to another machine
 */
export async function webhookDelivery(url: URL, { clock, times = deliveryTimes }: WebhookOptions): Promise<Delivery> {
  const secret = decodeURIComponent(url.password)
  if (secret === '') throw new Error('the signing secret is missing: https://:SECRET@host/path')
  insistOnHttps(url)
  const target = new URL(url)
  target.username = ''
  target.password = ''
  return {
    provider: 'webhook',
    async send({ id, channel, to, text, subject, html }) {
      const body = JSON.stringify({ id, channel, to, text, subject, html })
      const timestamp = String(Math.floor(clock.now() / 1_000))
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${webhookSignature(secret, `${id}.${timestamp}.${body}`)}`,
      }
      const reply = await post(target, headers, body, { ...times, read: false })
      if (reply.status >= 200 && reply.status < 300) return 'sent'
      throw refusal(reply, clock.now())
    },
  }
}
