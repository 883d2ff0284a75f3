import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { insert } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { asTenant, challenge } from '#test/contracts/store-rows.ts'
import { conformance, emailOf, grant, passwordOf, secretOf, someone } from '../journeys/support.ts'
import { startServer, type TestServer } from '../support/server.ts'

/**
 * A database full of expired challenges is cleared while people sign in (AC-37, S-170). `FAULTS=long`: 100,000 of them, and
 * requests beside the clearing are compared with requests after it.
 */

const long = process.env.FAULTS === 'long'
const expired = long ? 100_000 : 10_000
const credentials = { client_id: 'web', client_secret: secretOf('web') }
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const folder = mkdtempSync(join(tmpdir(), 'polyfactor-clearing-'))
const path = join(folder, 'store.db')

let server: TestServer
before(async () => {
  const store = await openStore(`sqlite:${path}`)
  const demo = asTenant('demo')
  for (let from = 0; from < expired; from += 1_000) {
    const writes = Array.from({ length: 1_000 }, (_, n) =>
      insert('challenges', challenge(demo, `old-${from + n}`, { createdAt: 1, codeExpiresAt: 2, expiresAt: 3 })),
    )
    await store.change({}, () => ({ result: undefined, writes }))
  }
  await store.close()
  const ada = someone('ada', { authenticators: [{ factor: 'totp', secret }] })
  server = await startServer({ config: conformance([ada]), env: { DATABASE_URL: `sqlite:${path}` } })
})
after(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function left(): number {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    return Number(db.prepare(`SELECT count(*) AS count FROM challenges WHERE id LIKE 'old-%'`).get()?.count)
  } finally {
    db.close()
  }
}

/** ms of one request that reads, decides and writes, but hashes no password. */
async function guess(mfa_token: string): Promise<number> {
  const began = performance.now()
  const { status, text } = await server.json('/mfa/challenge', { ...credentials, mfa_token, challenge_type: 'otp' })
  assert.equal(status, 200, text)
  return performance.now() - began
}

async function login(): Promise<string> {
  const body = { grant_type: 'password', username: emailOf('ada'), password: passwordOf('ada') }
  const reply = await server.form('/oauth/token', { ...credentials, ...body })
  assert.equal(reply.body.error, 'mfa_required', reply.text)
  return reply.body.mfa_token
}

const p99 = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0

describe('a database full of what has expired', () => {
  test(`${expired} expired challenges are gone within a minute, beside logins that go on (AC-37)`, async () => {
    const began = performance.now()
    const size = statSync(path).size
    const meanwhile: number[] = []
    let mfa_token = await login()
    while (left() > 0) {
      assert.ok(performance.now() - began < 60_000, `${left()} are left after a minute`)
      for (let n = 0; n < 20; n++) meanwhile.push(await guess(mfa_token))
    }
    assert.ok(meanwhile.length > 0)
    assert.ok(statSync(path).size <= size * 1.1, 'the file has grown')
    mfa_token = await login()
    const otp = await server.totp(secret)
    const done = await server.form('/oauth/token', { ...credentials, grant_type: grant.otp, mfa_token, otp })
    assert.equal(done.status, 200, done.text)
    if (!long) return
    mfa_token = await login()
    const afterwards: number[] = []
    for (let n = 0; n < meanwhile.length; n++) afterwards.push(await guess(mfa_token))
    assert.ok(p99(meanwhile) <= 2 * p99(afterwards), `p99 ${p99(meanwhile)} ms beside ${p99(afterwards)} ms`)
  })
})
