import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { webhookSignature } from '#crypto/webhook-signature.ts'
import type { Clock } from '#ports/clock.ts'
import { type Delivery, DeliveryFailed, deliveryTimes } from '#ports/delivery.ts'

export interface WebhookOptions {
  readonly clock: Clock
  readonly times?: { readonly connect: number; readonly total: number }
}

interface Reply {
  readonly status: number
  readonly retryAfter?: string
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
  if (url.protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) {
    throw new Error('use https, since messages hold codes')
  }
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
        'content-length': Buffer.byteLength(body),
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${webhookSignature(secret, `${id}.${timestamp}.${body}`)}`,
      }
      const reply = await post(target, headers, body, times)
      if (reply.status >= 200 && reply.status < 300) return 'sent'
      throw new DeliveryFailed(`provider answered ${reply.status}`, {
        retryable: reply.status >= 500 || reply.status === 408 || reply.status === 429,
        retryAfter: secondsOf(reply.retryAfter, clock.now()),
      })
    },
  }
}

function post(
  url: URL,
  headers: Readonly<Record<string, string | number>>,
  body: string,
  times: { readonly connect: number; readonly total: number },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:'
    const fail = (reason: string) => {
      request.destroy()
      reject(new DeliveryFailed(reason, { retryable: true }))
    }
    const total = setTimeout(fail, times.total, 'timeout')
    const request = (secure ? httpsRequest : httpRequest)(url, { method: 'POST', headers }, (reply) => {
      drain(reply)
      const retryAfter = reply.headers['retry-after']
      resolve({ status: reply.statusCode ?? 0, retryAfter })
    })
    boundConnect(request, secure ? 'secureConnect' : 'connect', times.connect, () => fail('connect timeout'))
    request.on('error', (error: NodeJS.ErrnoException) => fail(`provider unreachable: ${error.code ?? 'error'}`))
    request.on('close', () => clearTimeout(total))
    request.end(body)
  })
}

/** An answer's body is of no interest, but the connection is reused only after it was read; a long one is cut. */
function drain(reply: IncomingMessage): void {
  let left = 64 * 1024
  reply.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) reply.destroy()
  })
  reply.on('error', () => {})
}

function boundConnect(request: ClientRequest, event: string, ms: number, late: () => void): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(late, ms)
    socket.once(event, () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
  })
}

/** `Retry-After` in seconds, given as such or as a date (RFC 9110 section 10.2.3). */
function secondsOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1_000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}
