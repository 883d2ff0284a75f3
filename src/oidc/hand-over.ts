import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Provider } from 'oidc-provider/lib/provider.js'
import type { Exchange } from '#http/route.ts'
import { offlineScope, toResource } from './audiences.ts'
import { userinfoAudience } from './mint.ts'

/** The library reads at most 56 KiB itself. */
const longestBody = 56 * 1024

/**
 * Lets the library answer a request, in its own words and at the same path.
 *
 * It is shown a request made anew: host, scheme and address come from the exchange, which has them from configuration
 * (S-163), never from headers of the client; `audience` becomes a resource indicator (RFC 8707); a JSON body becomes a form.
 * `cookie`: the cookies it is to see.
 */
export async function handOver(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
  cookie = request.headers.cookie,
): Promise<void> {
  const form = exchange.method === 'POST' ? await readForm(request, exchange) : undefined
  const base = new URL(exchange.base)
  const headers: Record<string, string | string[] | undefined> = {
    ...request.headers,
    host: base.host,
    cookie: cookie === '' ? undefined : cookie,
    'x-forwarded-host': undefined,
    // Who may call from another origin is the listener's business.
    origin: undefined,
    'x-forwarded-proto': base.protocol.slice(0, -1),
    'x-forwarded-for': exchange.address,
    'transfer-encoding': undefined,
    'content-encoding': undefined,
    ...(form === undefined
      ? { 'content-length': undefined, 'content-type': undefined }
      : { 'content-length': String(Buffer.byteLength(form)), 'content-type': 'application/x-www-form-urlencoded' }),
  }
  for (const name of Object.keys(headers)) if (headers[name] === undefined) delete headers[name]
  const shown = Object.assign(
    Readable.from(form === undefined || form === '' ? [] : [Buffer.from(form)], { objectMode: false }),
    {
      method: request.method,
      url: shownUrl(request.url ?? exchange.path, exchange.base),
      headers,
      rawHeaders: [],
      httpVersion: request.httpVersion,
      httpVersionMajor: request.httpVersionMajor,
      httpVersionMinor: request.httpVersionMinor,
      socket: request.socket,
      connection: request.socket,
      exchange,
      form,
    },
  )
  await provider.callback()(shown as unknown as IncomingMessage, response)
}

function shownUrl(url: string, base: string): string {
  const mark = url.indexOf('?')
  if (mark === -1) return url
  return `${url.slice(0, mark)}?${translate(new URLSearchParams(url.slice(mark + 1)), base)}`
}

async function readForm(request: IncomingMessage, exchange: Exchange): Promise<string> {
  if (exchange.body === undefined || exchange.body === null) {
    return request.readable ? translate(new URLSearchParams(await readAll(request)), exchange.base).toString() : ''
  }
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(exchange.body as Readonly<Record<string, unknown>>)) {
    if (typeof value === 'string') params.append(name, value)
    else if (typeof value === 'number' || typeof value === 'boolean') params.append(name, String(value))
  }
  // The body has been read by name; a parameter sent twice is still to be refused (S-121).
  for (const name of exchange.repeated) if (params.has(name)) params.append(name, params.get(name) as string)
  return translate(params, exchange.base).toString()
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestBody) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** From the words of dialects to those of the library: `audience`, and `offline_access` (see `offlineScope`). */
function translate(params: URLSearchParams, base: string): URLSearchParams {
  const audience = params.get('audience') ?? ''
  // User info is no API of its own: who names it wants none.
  const isApi = audience !== '' && audience.replace(/\/$/, '') !== userinfoAudience(base)
  if (isApi) params.set('resource', toResource(audience))
  const scopes = params.getAll('scope')
  if (scopes.length === 1) {
    const names = (scopes[0] ?? '').split(' ').filter((name) => name !== offlineScope)
    params.set('scope', names.map((name) => (name === 'offline_access' ? offlineScope : name)).join(' '))
  }
  return params
}
