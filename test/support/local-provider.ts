import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { DeliveryFailed } from '#ports/delivery.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Says {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | object
}

/** `hangs` never answers, `breaks off` closes the connection in the middle of its answer. */
export type Behaviour = (asked: Asked) => Says | 'hangs' | 'breaks off'

/** TESTS ONLY: a provider of messages on this machine. What it does may be changed while it runs. */
export async function localProvider(t: Pick<TestContext, 'after'>, first: Behaviour) {
  const seen: Asked[] = []
  let behaviour = first
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const asked = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
    seen.push(asked)
    const says = behaviour(asked)
    if (says === 'hangs') return
    if (says === 'breaks off') {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"sid":')
      setTimeout(() => response.destroy(), 5)
      return
    }
    const text = typeof says.body === 'object' ? JSON.stringify(says.body) : says.body
    response.writeHead(says.status, says.headers).end(text)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  t.after(close)
  const { port } = server.address() as AddressInfo
  return {
    seen,
    /** For the `endpoint` of an address. */
    origin: `http://127.0.0.1:${port}`,
    last: () => seen.at(-1) ?? assert.fail('nothing came'),
    close,
    behave: (next: Behaviour) => {
      behaviour = next
    },
  }
}

/** The failure of a sending that has to fail. */
export async function failureOf(work: Promise<unknown>): Promise<DeliveryFailed> {
  return work.then(
    () => assert.fail('should have failed'),
    (error) => error,
  )
}
