import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createServer } from '#http/server.ts'
import { createHealth } from './health.ts'
import { createMetrics } from './metrics.ts'
import { operationsGroup } from './routes.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

async function parts(check: () => Promise<number | undefined>, told: number[] = []) {
  const clock = { now: () => 1_000_000 }
  const onClockDifference = (ms: number) => void told.push(ms)
  const health = createHealth({ store: { check }, patience: 50, clock, onClockDifference })
  const metrics = createMetrics({ process: false })
  const { app } = await createServer({
    groups: [operationsGroup({ health, metrics })],
    resolveTenant: () => Promise.reject(new Error('health asks for no tenant')),
    baseOf: () => '',
    originAllowed: async () => false,
    trustedProxies: [],
    log,
    observe: metrics.observe,
  })
  return { app, health, metrics }
}

describe('health', () => {
  it('is ready while the store answers', async () => {
    const { app } = await parts(async () => undefined)
    const answer = await app.inject('/readyz')
    assert.equal(answer.statusCode, 200)
    assert.deepEqual(answer.json(), { status: 'ok', checks: { store: 'ok', process: 'ok' } })
  })

  it('is alive but not ready when the store fails or hangs, and recovers by itself (S-165)', async () => {
    let check = () => Promise.reject(new Error('secret path'))
    const { app } = await parts(() => check())
    for (const next of [() => Promise.reject(new Error('secret path')), () => new Promise<never>(() => {})]) {
      check = next
      const answer = await app.inject('/readyz')
      assert.equal(answer.statusCode, 503)
      assert.equal(answer.headers['retry-after'], '1')
      assert.deepEqual(answer.json().checks, { store: 'failing', process: 'ok' })
      assert.equal((await app.inject('/livez')).statusCode, 200)
    }
    check = async () => undefined as never
    assert.equal((await app.inject('/readyz')).statusCode, 200)
  })

  it('tells when the database’s clock is more than two seconds away, and is ready all the same (S-166)', async () => {
    const told: number[] = []
    let time = 1_002_000
    const { app } = await parts(async () => time, told)
    for (const next of [1_002_000, 998_000, 1_002_001, 940_000]) {
      time = next
      assert.equal((await app.inject('/readyz')).statusCode, 200)
    }
    assert.deepEqual(told, [2_001, -60_000])
  })

  it('is not ready once it is stopping (S-167)', async () => {
    const { app, health } = await parts(async () => undefined)
    health.stopping()
    assert.equal((await app.inject('/readyz')).statusCode, 503)
    assert.equal((await app.inject('/livez')).statusCode, 200)
  })
})

describe('metrics', () => {
  it('counts requests by template and events by our own words only', async () => {
    const { app, metrics } = await parts(async () => undefined)
    await app.inject('/livez')
    await app.inject('/made/up')
    metrics.login('mfa_required')
    metrics.proof('sms', 'wrong')
    metrics.message('ada@example.com', 'sent')
    metrics.rating('medium', ['new_country', 'new_device'], false)
    metrics.rating('low', [], true)
    const answer = await app.inject('/metrics')
    assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/)
    const labels = 'group="operations",route="/livez",method="GET",status="200"'
    assert.ok(answer.body.includes(`polyfactor_http_request_duration_seconds_count{${labels}} 1`), answer.body)
    assert.match(answer.body, /route="unknown",method="GET",status="404"/)
    assert.match(answer.body, /polyfactor_logins_total\{outcome="mfa_required"\} 1/)
    assert.match(answer.body, /polyfactor_proofs_total\{factor="sms",outcome="wrong"\} 1/)
    assert.match(answer.body, /polyfactor_risk_ratings_total\{level="medium",observed="false"\} 1/)
    assert.match(answer.body, /polyfactor_risk_ratings_total\{level="low",observed="true"\} 1/)
    assert.match(answer.body, /polyfactor_risk_findings_total\{rule="new_device"\} 1/)
    assert.match(answer.body, /polyfactor_messages_total\{channel="other",state="sent"\} 1/)
    assert.doesNotMatch(answer.body, /made\/up|ada/)
  })

  it('tells event loop delay and process figures', async () => {
    const text = await createMetrics().text()
    assert.match(text, /nodejs_eventloop_lag_p99_seconds/)
    assert.match(text, /process_resident_memory_bytes/)
  })
})
