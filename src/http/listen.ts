import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { boundConnections, type Connections } from './connections.ts'
import type { HttpLimits } from './limits.ts'
import type { Server } from './server.ts'

export interface PemPair {
  /** PEM: the certificate, then its chain. */
  readonly cert: string | Buffer
  /** PEM. */
  readonly key: string | Buffer
}

export interface ListenOptions {
  readonly http?: { readonly host: string; readonly port: number }
  readonly https?: { readonly host: string; readonly port: number } & PemPair
}

export interface Listening {
  /** `http://host:port`, with the port that was really taken. */
  readonly httpUrl?: string
  readonly httpsUrl?: string
  /** New handshakes use this certificate; open connections keep theirs. @throws for a pair that does not fit. */
  readonly swap: (pair: PemPair) => void
  /**
   * Stops accepting, closes idle connections, lets running requests finish and then resolves. After `timeout`
   * milliseconds what still runs is cut. Safe to call twice.
   */
  readonly stop: (timeout?: number) => Promise<void>
}

/** A port could not be taken; fields as `config/problem.ts` reads them, so that the start ends in one readable line. */
export class PortProblem extends Error {
  override readonly name = 'PortProblem'
  readonly key: string
  readonly mend: string

  constructor(variable: 'PORT' | 'TLS_PORT', host: string, port: number, code = 'unknown reason') {
    super(reasons[code]?.(host, port) ?? `cannot listen on ${host}:${port} (${code})`)
    const strange = notHere.includes(code)
    this.key = strange ? 'HOST' : variable
    this.mend = strange
      ? 'Set HOST to an address of this machine, such as 127.0.0.1 or 0.0.0.0'
      : `Stop what uses the port, or set ${variable} to another one`
  }
}

/** The address is what is wrong, whichever port it was for. */
const notHere: readonly string[] = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']

const reasons: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) => `port ${port} on ${host} is in use by another program`,
  EACCES: (host, port) => `port ${port} on ${host} needs rights this program does not have`,
  EADDRNOTAVAIL: (host) => `${host} is not an address of this machine`,
  ENOTFOUND: (host) => `${host} is not an address of this machine`,
  EAI_AGAIN: (host) => `${host} is not an address of this machine`,
}

/**
 * Opens the listeners of a server; one or both. Time bounds and connection bounds are those of the server's limits.
 * @throws PortProblem naming the variable that sets the port or the host; nothing is left open then
 */
export async function listen(server: Server, options: ListenOptions): Promise<Listening> {
  const { limits } = server
  const shared = sharedOptions(limits)
  const http = options.http && createHttpServer(shared, server.handle)
  const https =
    options.https &&
    createHttpsServer(
      { ...shared, cert: options.https.cert, key: options.https.key, handshakeTimeout: limits.headerTime },
      server.handle,
    )
  const listeners = [http, https].filter((listener) => listener !== undefined)
  const connections = boundConnections(listeners, {
    total: limits.connections,
    perAddress: limits.connectionsPerAddress,
    exempt: server.trusts,
  })
  for (const listener of listeners) prepare(listener, limits)
  try {
    if (http && options.http) await open(http, 'PORT', options.http)
    if (https && options.https) await open(https, 'TLS_PORT', options.https)
  } catch (error) {
    for (const listener of listeners) listener.close()
    throw error
  }
  let stopped: Promise<void> | undefined
  return {
    httpUrl: http && urlOf('http', http, options.http?.host ?? ''),
    httpsUrl: https && urlOf('https', https, options.https?.host ?? ''),
    swap: ({ cert, key }) => https?.setSecureContext({ cert, key }),
    stop: (timeout = 10_000) => {
      stopped ??= stop(server, listeners, connections, timeout)
      return stopped
    },
  }
}

function sharedOptions(limits: HttpLimits): ServerOptions {
  return {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerTime,
    requestTimeout: limits.requestTime,
    keepAliveTimeout: limits.idleTime,
    // Node looks for late senders only so often; its default of 30 s would stretch every bound by as much.
    connectionsCheckingInterval: Math.min(1_000, limits.headerTime),
    insecureHTTPParser: false,
    noDelay: true,
  }
}

function prepare(listener: HttpServer | HttpsServer, limits: HttpLimits): void {
  // 0: Node would drop surplus fields in silence; they are counted and refused instead (header-check.ts).
  listener.maxHeadersCount = 0
  listener.maxConnections = limits.connections
  listener.on('clientError', refuseConnection)
}

/** What the parser or a timer refused, answered in the plainest form and closed (S-152, S-153). */
function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Node keeps the answer in progress here; with one under way a second would be taken for its continuation.
  const { _httpMessage: current } = socket as Duplex & { _httpMessage?: ServerResponse | null }
  if (!socket.writable || error.code === 'ECONNRESET' || current?.headersSent) {
    socket.destroy()
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW'
        ? '413 Payload Too Large'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? '408 Request Timeout'
          : '400 Bad Request'
  const body = '{"error":"invalid_request","error_description":"The request is not valid HTTP"}'
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `cache-control: no-store\r\nx-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n` +
      `cross-origin-opener-policy: same-origin\r\ncross-origin-resource-policy: same-origin\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

function open(
  listener: HttpServer | HttpsServer,
  variable: 'PORT' | 'TLS_PORT',
  { host, port }: { host: string; port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(new PortProblem(variable, host, port, error.code))
    listener.once('error', failed)
    listener.listen({ host, port }, () => {
      listener.off('error', failed)
      resolve()
    })
  })
}

function urlOf(scheme: 'http' | 'https', listener: HttpServer | HttpsServer, host: string): string {
  const { port } = listener.address() as AddressInfo
  // A URL to open: nobody can visit "every address", and https certificates name localhost.
  const name = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(host) ? 'localhost' : host
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

async function stop(
  server: Server,
  listeners: readonly (HttpServer | HttpsServer)[],
  connections: Connections,
  timeout: number,
): Promise<void> {
  server.stop()
  const closed = Promise.all(listeners.map((it) => new Promise<void>((resolve) => it.close(() => resolve()))))
  connections.closeSilent()
  // A connection whose answer was begun before the stop turns idle later than now.
  const sweep = setInterval(() => {
    for (const listener of listeners) listener.closeIdleConnections()
  }, 50)
  const cut = setTimeout(connections.closeAll, timeout)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
  await server.app.close()
}
