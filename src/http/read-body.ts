import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { parseForm } from './parse-form.ts'
import { parseJson } from './parse-json.ts'
import type { BodyLimits } from './parsed.ts'
import type { Route, Trouble } from './route.ts'

export interface ReadBody {
  readonly body: unknown
  readonly bodyKind: 'json' | 'form' | 'none'
  readonly text: string
  readonly repeated: readonly string[]
}

const nothing: ReadBody = { body: undefined, bodyKind: 'none', text: '', repeated: [] }
const both = ['json', 'form'] as const

/**
 * Reads and parses the body of a request: JSON (`application/json`, `…+json`) or a form.
 *
 * The limit counts bytes as they are read, whatever `Content-Length` says, and compressed bodies are refused (S-151).
 * An empty body is none, whatever its media type: SDKs label empty requests as JSON.
 * @returns undefined when the client went away while sending
 */
export async function readBody(
  request: IncomingMessage,
  accepts: Route['accepts'],
  maxBytes: number,
  limits: BodyLimits,
): Promise<ReadBody | Trouble | undefined> {
  if (!hasBody(request)) return nothing
  const { headers } = request
  const coding = headers['content-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'identity') return { trouble: 'wrong-type' }
  if (Number(headers['content-length'] ?? 0) > maxBytes) return { trouble: 'too-large' }
  const bytes = await collect(request, maxBytes)
  if (bytes === undefined || bytes === 'too-large') return bytes && { trouble: bytes }
  if (bytes.length === 0) return nothing
  const kind = kindOf(headers['content-type'])
  if (kind === undefined || !(accepts ?? both).includes(kind)) return { trouble: 'wrong-type' }
  if (!isUtf8(bytes)) return { trouble: 'malformed', detail: 'body is not valid UTF-8' }
  const text = bytes.toString('utf8')
  const parsed = kind === 'json' ? parseJson(text, limits) : parseForm(text, limits, 'body')
  if (!parsed.ok) return { trouble: 'malformed', detail: parsed.detail }
  return { body: parsed.value, bodyKind: kind, text, repeated: parsed.repeated }
}

/** Whether a request announces a body; by RFC 9112 section 6.3 one that announces none has none. */
export function hasBody(request: IncomingMessage): boolean {
  const { headers } = request
  if (headers['transfer-encoding'] !== undefined) return true
  const length = headers['content-length']
  return length !== undefined && length !== '0'
}

/**
 * Reads on and throws away, so that a client which is still sending gets to see the refusal instead of a reset
 * connection. Bounded: at most 1 MiB and 1 s.
 */
export function discardBody(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    let left = 1024 * 1024
    const done = () => {
      clearTimeout(timer)
      request.off('data', count).off('end', done).off('error', done).off('close', done)
      resolve()
    }
    const count = (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) done()
    }
    const timer = setTimeout(done, 1_000)
    request.on('data', count).once('end', done).once('error', done).once('close', done)
    request.resume()
  })
}

/** All bytes; `too-large` as soon as there are more than `maxBytes`; undefined when the client went away. */
function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too-large' | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (result: Buffer | 'too-large' | undefined) => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      // A late reset of a connection that is no longer read must not become an uncaught error.
      if (result === undefined) request.on('error', () => {})
      resolve(result)
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) settle('too-large')
      else chunks.push(chunk)
    }
    const onEnd = () => settle(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size))
    const onGone = () => settle(undefined)
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

function kindOf(contentType: string | undefined): 'json' | 'form' | undefined {
  if (contentType === undefined) return undefined
  const [media = '', ...parameters] = contentType.toLowerCase().split(';')
  for (const parameter of parameters) {
    const [name, value] = parameter.split('=')
    if (name?.trim() === 'charset' && value?.trim().replaceAll('"', '') !== 'utf-8') return undefined
  }
  const type = media.trim()
  if (type === 'application/json' || (type.endsWith('+json') && type.includes('/'))) return 'json'
  return type === 'application/x-www-form-urlencoded' ? 'form' : undefined
}
