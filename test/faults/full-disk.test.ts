import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { conformance, emailOf, grant, passwordOf, secretOf, someone } from '../journeys/support.ts'
import { type Answered, startServer, type TestServer } from '../support/server.ts'

/**
 * The disk under the database is full in the middle of logins and enrolments, and then has space again (AC-32, S-169). The
 * disk is a small one in memory, which only root may mount.
 */

const credentials = { client_id: 'web', client_secret: secretOf('web') }
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const disk = mkdtempSync(join(tmpdir(), 'polyfactor-disk-'))
const filler = join(disk, 'filler')
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', disk]).status === 0

let server: TestServer
before(async () => {
  if (!mounted) return
  const ada = someone('ada', { authenticators: [{ factor: 'totp', secret }] })
  const env = { DATABASE_URL: `sqlite:${join(disk, 'store.db')}` }
  server = await startServer({ config: conformance([ada, someone('bob')]), env })
})
after(async () => {
  await server?.stop()
  if (mounted) spawnSync('umount', [disk])
  rmSync(disk, { recursive: true, force: true })
})

/** Takes all space but what the last page of the log may still use. */
function fill(): void {
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(filler, Buffer.alloc(bavail * bsize))
}
const free = () => rmSync(filler)

const token = (body: Record<string, string>) => server.form('/oauth/token', { ...credentials, ...body })
const login = (name: string) =>
  token({ grant_type: 'password', username: emailOf(name), password: passwordOf(name), scope: 'openid' })
async function mfaToken(name: string): Promise<string> {
  const reply = await login(name)
  assert.equal(reply.body.error, 'mfa_required', reply.text)
  return reply.body.mfa_token
}

function count(sql: string): number {
  const db = new DatabaseSync(join(disk, 'store.db'), { readOnly: true })
  try {
    return Number(db.prepare(`SELECT count(*) AS count FROM ${sql}`).get()?.count)
  } finally {
    db.close()
  }
}

/** Asks until there is no room left even for that; answers the first refusal. */
async function untilRefused(ask: () => Promise<Answered>): Promise<Answered> {
  for (let n = 0; n < 400; n++) {
    const reply = await ask()
    if (reply.status === 503) return reply
  }
  return assert.fail('there was always room')
}

describe('a full disk', { skip: mounted ? false : 'a small disk can only be mounted by root' }, () => {
  test('refuses what has to be written by 503, half does nothing, and heals by itself (AC-32, S-169)', async () => {
    const ada = await mfaToken('ada')
    const bob = await mfaToken('bob')
    const otp = await server.totp(secret)
    fill()
    const refused = await untilRefused(() => token({ grant_type: grant.otp, mfa_token: ada, otp: '000000' }))
    assert.ok(refused.headers.get('retry-after'), 'a refusal that says when to come back')
    const authenticators = count('authenticators')
    const granted = count(`events WHERE doc ->> 'type' = 'login.granted'`)

    for (const attempt of [
      () => login('ada'),
      () => token({ grant_type: grant.otp, mfa_token: ada, otp }),
      () => server.json('/mfa/associate', { authenticator_types: ['otp'], mfa_token: bob }),
    ]) {
      const { status, text } = await attempt()
      assert.equal(status, 503, text)
    }
    assert.equal(count('authenticators'), authenticators, 'no half-done enrolment')
    assert.equal(count(`events WHERE doc ->> 'type' = 'login.granted'`), granted, 'no half-done login')
    assert.equal((await server.send('GET', '/livez')).status, 200)
    const read = await server.send('GET', '/mfa/authenticators', { headers: { authorization: `Bearer ${ada}` } })
    assert.equal(read.status, 200, 'what only reads is answered')
    assert.equal((await server.send('GET', '/.well-known/jwks.json')).status, 200)

    free()
    const until = performance.now() + 5_000
    while ((await server.send('GET', '/readyz')).status !== 200) assert.ok(performance.now() < until, 'it did not heal')
    // Wrong codes that found room were counted; a day later nothing is left of them.
    await server.advance(86_400)
    const done = await token({
      grant_type: grant.otp,
      mfa_token: await mfaToken('ada'),
      otp: await server.totp(secret),
    })
    assert.equal(done.status, 200, done.text)
    const enrolled = await server.json('/mfa/associate', {
      authenticator_types: ['otp'],
      mfa_token: await mfaToken('bob'),
    })
    assert.equal(enrolled.status, 200, enrolled.text)
  })
})
