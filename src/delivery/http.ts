import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { DeliveryFailed } from '#ports/delivery.ts'
import type { TargetRule } from './private-targets.ts'

/** Milliseconds to connect, and from the first byte sent to the last one read. */
export interface Times {
  readonly connect: number
  readonly total: number
}

export interface Reply {
  readonly status: number
  /** At most 64 KiB of it; '' where it broke off or was longer. */
  readonly body: string
  readonly retryAfter?: string
}

/** An answer longer than this is none of a provider's; bytes. */
const longest = 64 * 1024

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** @throws Error for plain http to another machine: messages hold codes */
export function insistOnHttps(url: URL): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && loopback.has(url.hostname))) return
  throw new Error('use https, since messages hold codes')
}

/**
 * The address of a provider's API: its own host, or the one that `endpoint` names (a region, a gateway, a test).
 * @throws Error where `endpoint` is no https URL
 */
export function apiBase(url: URL, host: string): URL {
  const endpoint = url.searchParams.get('endpoint')
  const base = URL.parse(endpoint ?? `https://${host}`)
  if (base === null) throw new Error('endpoint must be an https URL')
  insistOnHttps(base)
  return base
}

/**
 * Posts `body` and reads the answer; with `read: false` its status is enough, and its body is not waited for.
 * Redirects are not followed. `target`: which addresses may be called (S-141); absent: all.
 * @throws DeliveryFailed on anything but an answer
 */
export function post(
  url: URL,
  headers: Readonly<Record<string, string | number>>,
  body: string | Uint8Array,
  { read = true, target, ...times }: Times & { readonly read?: boolean; readonly target?: TargetRule },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const literal = url.hostname.replace(/^\[|\]$/g, '')
    // A literal address is never looked up, so it is judged here.
    if (target !== undefined && isIP(literal) !== 0 && !target.allows(literal)) {
      reject(new DeliveryFailed('provider unreachable: EPRIVATE', { retryable: false, blame: 'provider' }))
      return
    }
    const secure = url.protocol === 'https:'
    const fail = (reason: string) => {
      request.destroy()
      reject(new DeliveryFailed(reason, { retryable: true }))
    }
    const guarded = target && { lookup: target.lookup, agent: secure ? target.agents.secure : target.agents.plain }
    const total = setTimeout(fail, times.total, 'timeout')
    const all = { 'content-length': Buffer.byteLength(body), ...headers }
    const request = (secure ? httpsRequest : httpRequest)(
      url,
      { method: 'POST', headers: all, ...guarded },
      async (reply) => {
        const { statusCode = 0, headers } = reply
        const text = textOf(reply)
        resolve({ status: statusCode, body: read ? await text : '', retryAfter: headers['retry-after'] })
      },
    )
    boundConnect(request, secure ? 'secureConnect' : 'connect', times.connect, () => fail('connect timeout'))
    request.on('error', (error: NodeJS.ErrnoException) => fail(`provider unreachable: ${error.code ?? 'error'}`))
    request.on('close', () => clearTimeout(total))
    request.end(body)
  })
}

/** Header of a user and a password (RFC 7617). */
export function basicAuth(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** What a refusal means when only its status is known; `detail` must be a code that holds no text of others. */
export function refusal(
  { status, retryAfter }: Reply,
  now: number,
  { detail, ...said }: { detail?: string; retryable?: boolean; blame?: 'provider' | 'message' } = {},
): DeliveryFailed {
  const retryable = said.retryable ?? (status >= 500 || status === 408 || status === 429)
  const account = status < 400 || [401, 402, 403, 404].includes(status)
  return new DeliveryFailed(`provider answered ${status}${detail === undefined ? '' : ` (${detail})`}`, {
    retryable,
    blame: said.blame ?? (retryable || account ? 'provider' : 'message'),
    retryAfter: secondsOf(retryAfter, now),
  })
}

/** An answer that says yes and is not the provider's: a proxy in between, or a page for people. */
export function nonsense(status: number): DeliveryFailed {
  return new DeliveryFailed(`provider answered ${status} with nonsense`, { retryable: true })
}

/** JSON object of an answer, or undefined. */
export function objectOf(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Reads to the end, so that the connection can be used again; too long an answer is cut off. */
async function textOf(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > longest) return ''
      chunks.push(chunk)
    }
  } catch {
    return ''
  }
  return Buffer.concat(chunks).toString('utf8')
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
