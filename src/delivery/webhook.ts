import { sameSecret } from '#crypto/digest.ts'
import { webhookSignature } from '#crypto/webhook-signature.ts'
import type { Clock } from '#ports/clock.ts'
import { type Delivery, deliveryTimes, type Receipt, type ReceiptRequest } from '#ports/delivery.ts'
import { insistOnHttps, objectOf, post, refusal, type Times } from './http.ts'

export interface WebhookOptions {
  readonly clock: Clock
  readonly times?: Times
}

/**
 * Any provider behind an HTTPS call: `https://:secret@host/path`. Posts `{id, channel, to, text, subject?, html?, status_url?}`,
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
    receipt: (request) => receiptIn(request, secret, clock.now()),
    async send({ id, channel, to, text, subject, html, statusUrl }) {
      const status_url = statusUrl === undefined ? undefined : `${statusUrl}/webhook`
      const body = JSON.stringify({ id, channel, to, text, subject, html, status_url })
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

/** A report is good for so long, seconds (S-82). */
const longestReport = 300

/** A report `{"status": "delivered" | "failed", "reason"?}`, signed as messages are. */
function receiptIn({ headers, text }: ReceiptRequest, secret: string, now: number): Receipt | undefined {
  const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '', 'webhook-signature': signature = '' } = headers
  const age = now / 1_000 - Number(timestamp)
  const right = `v1,${webhookSignature(secret, `${id}.${timestamp}.${text}`)}`
  const good = signature.split(' ').some((it) => sameSecret(it, right))
  if (!good || timestamp === '' || !(Math.abs(age) <= longestReport)) return undefined
  const report = objectOf(text)
  if (report?.status === 'delivered') return { status: 'delivered' }
  if (report?.status !== 'failed') return { status: 'underway' }
  const reason = /^[\w.-]{1,40}$/.exec(String(report.reason ?? ''))?.[0]
  return { status: 'failed', ...(reason === undefined ? {} : { reason }) }
}
