import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { startServer, type TestServer } from '../support/server.ts'
import { conformance, emailOf, passwordOf, secretOf, someone } from './support.ts'

/** What a receiver was told, by `webhook-id`; it takes nothing while `closed`. */
const told = new Map<string, { type: string; data: Record<string, unknown> }>()
let closed = true
const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  if (closed) return void response.writeHead(503).end()
  told.set(String(request.headers['webhook-id']), JSON.parse(Buffer.concat(chunks).toString()))
  return void response.writeHead(204).end()
})

let url: string
before(async () => {
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
})
after(() => {
  receiver.closeAllConnections()
  receiver.close()
})

const config = (publicUrl: string) => {
  const made = conformance([someone('ada')])(publicUrl)
  const [demo, ...others] = made.tenants as [(typeof made.tenants)[number]]
  const webhooks = [{ id: 'siem', url, events: ['login.*', 'mfa.*'], secret: 'a secret of at least 24 letters' }]
  return { ...made, tenants: [{ ...demo, webhooks }, ...others] }
}

const login = (server: TestServer) =>
  server.form('/oauth/token', {
    grant_type: 'password',
    client_id: 'web',
    client_secret: secretOf('web'),
    username: emailOf('ada'),
    password: passwordOf('ada'),
    scope: 'openid',
  })

test('no event of an answered request is lost to its webhook when the server is killed', async () => {
  const first = await startServer({ config })
  for (let n = 0; n < 5; n++) await login(first)
  // At once: some events are queued, some linked, some on their way.
  await first.stop({ keep: true, signal: 'SIGKILL' })
  closed = false
  const second = await startServer({ config, beside: first })
  try {
    const wanted = (await second.admin('GET', '/tenants/demo/events?limit=100')).body.items
      .filter((it: { type: string }) => /^(login|mfa)\./.test(it.type))
      .map((it: { id: string }) => `${it.id}.siem`)
    assert.ok(wanted.length >= 5)
    while (!wanted.every((id: string) => told.has(id))) {
      // Calls that met the closed receiver wait; the clock brings them nearer.
      await second.advance(40)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    for (const { type, data } of told.values()) {
      assert.match(type, /^(login|mfa)\./)
      assert.doesNotMatch(JSON.stringify(data), new RegExp(`${passwordOf('ada')}|${emailOf('ada')}`))
    }
    const calls = await second.admin('GET', '/tenants/demo/webhooks/siem/calls?state=queued&limit=100')
    assert.equal(calls.status, 200)
  } finally {
    await second.stop()
  }
})
