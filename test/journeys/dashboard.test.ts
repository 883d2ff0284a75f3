import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startServer, type TestServer } from '../support/server.ts'
import { conformance, someone } from './support.ts'

const file = fileURLToPath(new URL('../../deploy/grafana/polyfactor.json', import.meta.url))
const board = JSON.parse(readFileSync(file, 'utf8'))

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string }[]
}

let server: TestServer
before(async () => {
  server = await startServer({ config: conformance([someone('ada')]), env: { WORKERS: '2' } })
})
after(() => server.stop())

const metrics = async () => (await server.send('GET', '/metrics')).text

test('every metric the dashboard asks for is exported by a running server, with the labels it groups by', async () => {
  await server.send('GET', '/livez')
  const text = await metrics()
  const panels = board.panels as readonly Panel[]
  assert.ok(panels.length >= 10)
  for (const { title, targets } of panels) {
    for (const { expr } of targets) {
      const names = expr.match(/\b(?:polyfactor|nodejs|process)_[a-z0-9_]+/g) ?? []
      assert.ok(names.length > 0, title)
      for (const name of names) {
        const family = name.replace(/_(?:bucket|count|sum)$/, '')
        assert.match(text, new RegExp(`^# TYPE (?:${name}|${family}) `, 'm'), `${title}: ${name}`)
      }
    }
  }
  const labels = (name: string) => new RegExp(`^${name}\\{([^}]*)\\}`, 'm').exec(text)?.[1] ?? ''
  for (const label of ['group', 'route', 'status']) {
    assert.match(labels('polyfactor_http_request_duration_seconds_count'), new RegExp(`\\b${label}=`))
  }
})

test('the figures are the sum over both workers, whichever is asked', async () => {
  const count = async () => {
    const lines = (await metrics()).matchAll(/^polyfactor_http_request_duration_seconds_count\{([^}]*)\} (\d+)$/gm)
    return [...lines].reduce((sum, [, labels, n]) => (labels?.includes('/livez') ? sum + Number(n) : sum), 0)
  }
  const before = await count()
  for (let n = 0; n < 20; n++) await server.send('GET', '/livez', { headers: { connection: 'close' } })
  const seen = await Promise.all(Array.from({ length: 6 }, count))
  assert.deepEqual(
    seen.map((now) => now - before),
    [20, 20, 20, 20, 20, 20],
  )
})

test('the development clock moves in all workers', async () => {
  const before = await server.now()
  await server.advance(86_400)
  const clocks = await Promise.all(Array.from({ length: 8 }, () => server.now()))
  for (const now of clocks) assert.ok(now - before >= 86_400_000 && now - before < 86_460_000, String(now - before))
  await server.json('/dev/clock', { reset: true })
  assert.equal((await server.send('GET', '/dev/clock')).body.offset_seconds, 0)
})
