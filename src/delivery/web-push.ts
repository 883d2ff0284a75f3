import { buildPushPayload } from '@block65/webcrypto-web-push'
import type { Clock } from '#ports/clock.ts'
import { type Delivery, DeliveryFailed, deliveryTimes } from '#ports/delivery.ts'
import { insistOnHttps, post, refusal, type Times } from './http.ts'
import type { PushKeys } from './push-keys.ts'

export interface WebPushOptions {
  readonly clock: Clock
  readonly keys?: PushKeys
  readonly times?: Times
}

/** Push services of browsers. A device says itself where it is alerted, and this server calls no other host (SSRF). */
const services = [
  'fcm.googleapis.com',
  'updates.push.services.mozilla.com',
  '*.push.apple.com',
  '*.notify.windows.com',
] as const

/** How long a push service shall keep an alert, seconds: no longer than a challenge lives. */
const keepFor = 300

/**
 * Alerts by Web Push (RFC 8030): `webpush:?subject=mailto:ops@example.com`. The body is encrypted for the device (RFC 8291)
 * and the call is signed with the tenant's key (RFC 8292). `allow=host` adds a push service of one's own, `*.` in front for
 * all below it; `endpoint=https://gateway` sends every call there instead.
 * @throws Error for an address without a subject, or plain http to another machine
 */
export async function webPushDelivery(url: URL, options: WebPushOptions): Promise<Delivery> {
  const { clock, keys, times = deliveryTimes } = options
  const subject = url.searchParams.get('subject') ?? ''
  if (!/^(mailto:|https:\/\/)/.test(subject)) {
    throw new Error('the subject is missing, which push services write to: webpush:?subject=mailto:ops@example.com')
  }
  const allowed = [...services, ...url.searchParams.getAll('allow')]
  const gateway = gatewayIn(url)
  return {
    provider: 'webpush',
    async send({ to, text, subject: title, keys: secrets, tenant }) {
      const endpoint = URL.parse(to)
      const { p256dh, auth } = secrets ?? {}
      if (endpoint === null || p256dh === undefined || auth === undefined || tenant === undefined || !keys) {
        throw new DeliveryFailed('no subscription', { retryable: false, blame: 'message' })
      }
      if (endpoint.protocol !== 'https:' || endpoint.port !== '' || !isAmong(allowed, endpoint.hostname)) {
        throw new DeliveryFailed('no push service that is known', { retryable: false, blame: 'message', gone: true })
      }
      const { headers, body } = await buildPushPayload(
        { data: { title: title ?? '', text }, options: { ttl: keepFor, urgency: 'high' } },
        { endpoint: to, expirationTime: null, keys: { p256dh, auth } },
        { subject, ...(await keys.of(tenant)) },
      )
      const target = gateway === undefined ? endpoint : through(gateway, endpoint)
      const reply = await post(target, definedIn(headers), body, { ...times, read: false })
      if (reply.status >= 200 && reply.status < 300) return 'sent'
      if (reply.status === 404 || reply.status === 410) {
        throw new DeliveryFailed(`provider answered ${reply.status}`, {
          retryable: false,
          blame: 'message',
          gone: true,
        })
      }
      throw refusal(reply, clock.now())
    },
  }
}

function gatewayIn(url: URL): URL | undefined {
  const text = url.searchParams.get('endpoint')
  if (text === null) return undefined
  const gateway = URL.parse(text)
  if (gateway === null) throw new Error('endpoint must be an https URL')
  insistOnHttps(gateway)
  return gateway
}

/** Member by member: a path such as `//host/` is no other host, as it would be if it were resolved against the gateway. */
function through(gateway: URL, { pathname, search }: URL): URL {
  const target = new URL(gateway)
  target.pathname = pathname
  target.search = search
  return target
}

const isAmong = (hosts: readonly string[], host: string): boolean =>
  hosts.some((it) => (it.startsWith('*.') ? host.endsWith(it.slice(1)) : host === it))

const definedIn = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter((it): it is [string, string] => it[1] !== undefined))
