import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Answer } from './route.ts'

const everywhere = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const

/** Headers of every answer (S-132), whoever writes it. HSTS only where the client came by https. */
export function commonHeaders(requestId: string, hsts: boolean): Record<string, string> {
  return hsts
    ? { ...everywhere, 'x-request-id': requestId, 'strict-transport-security': 'max-age=31536000; includeSubDomains' }
    : { ...everywhere, 'x-request-id': requestId }
}

/**
 * Sends an answer: text as it is, bytes as they are, anything else as JSON. Headers of the answer replace common ones.
 * @throws TypeError before anything is sent, when the body is no JSON or a header is none
 */
export function writeAnswer(response: ServerResponse, answer: Answer, common: OutgoingHttpHeaders): void {
  const { status, headers, body } = answer
  const head = { ...common }
  if (answer.cookies !== undefined && answer.cookies.length > 0) head['set-cookie'] = [...answer.cookies]
  if (headers !== undefined) for (const name in headers) setHeader(head, name.toLowerCase(), headers[name] as string)
  if (body === undefined) {
    if (status !== 204 && status !== 304) head['content-length'] = 0
    response.writeHead(status, head).end()
    return
  }
  const asIs = typeof body === 'string' || body instanceof Uint8Array
  const payload = asIs ? body : JSON.stringify(body)
  head['content-type'] ??= asIs ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
  head['content-length'] = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength
  response.writeHead(status, head).end(payload)
}

/** `Vary` adds up, so that a route cannot undo what CORS needs of caches. */
function setHeader(head: OutgoingHttpHeaders, name: string, value: string): void {
  head[name] = name === 'vary' && head[name] !== undefined ? `${head[name]}, ${value}` : value
}
