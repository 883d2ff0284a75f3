import { bodyHash, sharedSecretJwt } from '#crypto/webhook-signature.ts'
import type { Clock } from '#ports/clock.ts'
import { type Delivery, deliveryTimes, type Receipt, type ReceiptRequest } from '#ports/delivery.ts'
import { apiBase, basicAuth, nonsense, objectOf, post, type Reply, refusal, type Times } from './http.ts'

export interface VonageOptions {
  readonly clock: Clock
  readonly times?: Times
}

/**
 * SMS by Vonage's Messages API, version 1: `vonage://KEY:SECRET@api.nexmo.com/?from=ACME`. Our message id goes along as
 * `client_ref`, by which repetitions can be told in Vonage's records; the API itself drops none of them.
 * @throws Error for an address that is incomplete
 */
export function vonageDelivery(url: URL, { clock, times = deliveryTimes }: VonageOptions): Delivery {
  const key = decodeURIComponent(url.username)
  const secret = decodeURIComponent(url.password)
  const from = bare(url.searchParams.get('from') ?? '')
  if (key === '' || secret === '') throw new Error('the key is missing: vonage://KEY:SECRET@api.nexmo.com/?from=ACME')
  if (from === '') throw new Error('the sender is missing: ?from=ACME, or a number')
  // Reports are signed with the account's signature secret, which is another one than the API's.
  const signing = url.searchParams.get('signature_secret')
  const target = new URL('/v1/messages', apiBase(url, url.host))
  const headers = {
    authorization: basicAuth(key, secret),
    'content-type': 'application/json',
    accept: 'application/json',
  }
  return {
    provider: 'vonage',
    ...(signing === null ? {} : { receipt: (request: ReceiptRequest) => receiptIn(request, signing, clock.now()) }),
    async send({ id, to, text, statusUrl }) {
      const report =
        signing === null || statusUrl === undefined ? {} : { webhook_url: `${statusUrl}/vonage`, webhook_version: 'v1' }
      const body = {
        message_type: 'text',
        channel: 'sms',
        to: bare(to),
        from,
        text,
        client_ref: id.slice(0, 100),
        ...report,
      }
      const reply = await post(target, headers, JSON.stringify(body), times)
      return sentOr(reply, clock.now())
    },
  }
}

/** Vonage writes numbers without "+", which in a query stands for a space. */
function bare(number: string): string {
  return number.replace(/^[ +](?=\d)/, '')
}

/** Errors of messages that speak of the account or the sender: suspended, no credit, not enabled, sender not allowed. */
const accountErrors = new Set(['1060', '1070', '1080', '1120'])
/** Throttled, internal error, communication failed. */
const passing = new Set(['1000', '1030', '1100'])

function sentOr(reply: Reply, now: number): 'sent' {
  const answer = objectOf(reply.body)
  if (reply.status >= 200 && reply.status < 300) {
    if (typeof answer?.message_uuid === 'string') return 'sent'
    throw nonsense(reply.status)
  }
  const code = codeOf(answer)
  if (code !== undefined && passing.has(code)) throw refusal(reply, now, { detail: code, retryable: true })
  const blame = code !== undefined && accountErrors.has(code) ? 'provider' : undefined
  throw refusal(reply, now, { detail: code, blame })
}

/** `type` is a page about the error whose fragment is its number: `https://developer.vonage.com/api-errors/messages#1120`. */
function codeOf(answer: Readonly<Record<string, unknown>> | undefined): string | undefined {
  return /#(\d{3,5})$/.exec(String(answer?.type ?? ''))?.[1]
}

/** A report is good for so long, seconds (S-82). */
const longestReport = 300

/** A status webhook, with a JWT over the hash of its body. */
function receiptIn({ headers, text }: ReceiptRequest, secret: string, now: number): Receipt | undefined {
  const claims = sharedSecretJwt(/^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '', secret)
  const age = now / 1_000 - Number(claims?.iat)
  if (!(Math.abs(age) <= longestReport) || claims?.payload_hash !== bodyHash(text)) return undefined
  const report = objectOf(text)
  if (report?.status === 'delivered' || report?.status === 'read') return { status: 'delivered' }
  if (report?.status !== 'rejected' && report?.status !== 'undeliverable') return { status: 'underway' }
  const { error } = report as { error?: { title?: unknown } }
  const code = /^\d{1,6}$/.exec(String(error?.title ?? ''))?.[0]
  return { status: 'failed', reason: code ?? String(report.status) }
}
