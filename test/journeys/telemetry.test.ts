import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startCollector } from '../support/otlp.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { api, conformance, emailOf, grant, passwordOf, secretOf, someone } from './support.ts'

const phone = '+15551234567'
let collector: Awaited<ReturnType<typeof startCollector>>
let server: TestServer

before(async () => {
  collector = await startCollector()
  const ada = someone('ada', { authenticators: [{ factor: 'sms', phone_number: phone }] })
  server = await startServer({
    config: conformance([ada]),
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_METRIC_EXPORT_INTERVAL: '200',
      OTEL_SERVICE_NAME: 'login',
    },
  })
})
after(async () => {
  await server.stop()
  collector.stop()
})

/** Waits for what the collector is to see; the limit of the test is the bound. */
async function arrives<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('a login is one trace, from the request over the verb to the change, and holds nothing secret or personal', async () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const parent = '00f067aa0ba902b7'
  const headers = { traceparent: `00-${trace}-${parent}-01` }
  const credentials = { client_id: 'web', client_secret: secretOf('web') }
  const login = await server.form(
    '/oauth/token',
    {
      ...credentials,
      grant_type: 'password',
      username: emailOf('ada'),
      password: passwordOf('ada'),
      audience: api,
      scope: 'openid',
    },
    headers,
  )
  const { mfa_token } = login.body
  const asked = await server.json('/mfa/challenge', { ...credentials, mfa_token, challenge_type: 'oob' })
  const binding_code = await server.lastCode({ to: phone })
  const { oob_code } = asked.body
  const done = await server.form('/oauth/token', {
    ...credentials,
    grant_type: grant.oob,
    mfa_token,
    oob_code,
    binding_code,
  })
  assert.equal(done.status, 200, done.text)

  const request = await arrives(() => collector.spans.find((it) => it.trace === trace && it.parent === parent))
  assert.equal(request.name, 'POST /oauth/token')
  assert.deepEqual(
    [request.attributes['http.request.method'], request.attributes['http.response.status_code']],
    ['POST', '403'],
  )
  const within = (name: string, of: string) =>
    arrives(() => collector.spans.find((it) => it.trace === trace && it.name === name && it.parent === of))
  const verb = await within('engine.signIn', request.id)
  assert.equal(verb.attributes['polyfactor.tenant'], 'demo')
  const change = await arrives(() =>
    collector.spans.find((it) => it.trace === trace && it.name === 'store.change' && it.parent !== ''),
  )
  assert.match(
    change.attributes['polyfactor.tables.read'] ?? change.attributes['polyfactor.tables.written'] ?? '',
    /[a-z]/,
  )
  await arrives(() => collector.spans.find((it) => it.name === 'engine.challenge'))
  await arrives(() => collector.spans.find((it) => it.name === 'engine.answer'))
  const metric = ['http.server.request.duration', 'polyfactor.logins', 'polyfactor.proofs', 'polyfactor.messages']
  for (const name of metric) await arrives(() => (collector.metrics.has(name) ? true : undefined))
  assert.equal(collector.resources[0]?.['service.name'], 'login')

  const secrets = [passwordOf('ada'), emailOf('ada'), phone, binding_code, mfa_token, oob_code, secretOf('web')]
  secrets.push(done.body.access_token, 'store.db')
  for (const secret of secrets) assert.ok(!collector.everything().includes(secret), secret)
})

test('a collector that is away holds up neither requests nor the end of the server', async () => {
  collector.stop()
  for (let n = 0; n < 5; n++) assert.equal((await server.send('GET', '/livez')).status, 200)
  const began = performance.now()
  assert.equal(await server.stop(), 0)
  assert.ok(performance.now() - began < 10_000)
})
