import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { base } from '#test/support/auth0.ts'
import { type Apis, openApis } from './testing/apis.ts'

const said = "We've just sent you an email to reset your password."
const fresh = 'another quite long secret'
const off = { tenant: { mfa: { mode: 'OFF' } } } as const

const ask = (it: Apis, email: string, more: object = {}) =>
  it.post('/dbconnections/change_password', { client_id: 'web', email, connection: 'users', ...more })

/** The link of the newest reset mail, as a path. */
async function linkOf(it: Apis): Promise<string> {
  const mail = (await it.outbox()).filter((one) => one.purpose === 'password-reset').at(-1)
  const link = /https:\/\/\S+/.exec(mail?.text ?? '')?.[0] ?? assert.fail('no link was mailed')
  assert.ok(link.startsWith(`${base}/u/reset-password?ticket=`), link)
  return link.slice(base.length)
}

const ticketOf = (link: string): string => link.slice(link.indexOf('=') + 1)

/** Sends the form of the page; where it leads, and the status of what is there (S-136). */
async function submit(it: Apis, ticket: string, password: string) {
  const sent = await it.form('/u/reset-password', { ticket, password })
  assert.equal(sent.status, 303, sent.text)
  const shown = await it.get(String(sent.headers.location))
  return { ...shown, done: /\?done=$/.test(String(sent.headers.location)) }
}

describe('change_password', () => {
  test('one answer for everybody: known, unknown, blocked, without a password (S-102)', async () => {
    const it = await openApis(off)
    const ada = await it.addUser('ada')
    await it.addUser('bob', { passwordHash: undefined })
    await it.put('users', { ...(await it.user((await it.addUser('eve')).id)), blocked: true })
    const answers = []
    for (const name of ['ada', 'nobody', 'bob', 'eve']) {
      const reply = await ask(it, `${name}@example.com`)
      const { 'x-request-id': _id, date: _date, ...headers } = reply.headers
      answers.push({ status: reply.status, text: reply.text, headers })
    }
    assert.deepEqual([answers[0]?.status, answers[0]?.text], [200, said])
    for (const one of answers) assert.deepEqual(one, answers[0])
    const mails = (await it.outbox()).filter((one) => one.purpose === 'password-reset')
    assert.deepEqual(
      mails.map((one) => one.to),
      [ada.email],
    )
  })

  test('a request that cannot be read is told what is wrong with it, not with the user', async () => {
    const it = await openApis(off)
    const bad = [
      await it.post('/dbconnections/change_password', {}),
      await ask(it, '', {}),
      await ask(it, 'ada@example.com', { connection: 'other' }),
      await ask(it, 'ada@example.com', { client_id: 'unknown' }),
    ]
    for (const reply of bad) assert.deepEqual([reply.status, reply.body.code], [400, 'invalid_body'])
  })

  test('mail goes to the stored address in its own spelling, and look-alikes reach nobody (AC-38, S-158)', async () => {
    const it = await openApis(off)
    await it.addUser('ada', { email: 'Ada@example.com' })
    const odd = [
      '\u0430da@example.com',
      'ada@example.com.',
      'ada＠example.com',
      '"ada"@example.com',
      'ada+x@example.com',
    ]
    for (const typed of odd) assert.equal((await ask(it, typed)).text, said)
    assert.deepEqual(await it.outbox(), [])
    await ask(it, 'ADA@EXAMPLE.COM')
    assert.deepEqual(
      (await it.outbox()).map((one) => one.to),
      ['Ada@example.com'],
    )
  })

  test('too many mails are not sent, and the answer does not change (S-106)', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    for (let count = 0; count < 25; count++) assert.equal((await ask(it, 'ada@example.com')).text, said)
    assert.equal((await it.outbox()).length, 20)
  })

  test('the host of the link comes from configuration (AC-23, S-84)', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    const body = { client_id: 'web', email: 'ada@example.com', connection: 'users' }
    const forged = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
    await it.post('/dbconnections/change_password', body, forged)
    assert.equal((await it.outbox())[0]?.text.includes('evil'), false)
    await linkOf(it)
  })
})

describe('the reset link', () => {
  test('GET and HEAD use nothing up, POST works once (S-84)', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    await ask(it, 'ada@example.com')
    const link = await linkOf(it)
    for (let round = 0; round < 2; round++) {
      const shown = await it.get(link)
      assert.equal(shown.status, 200)
      assert.match(shown.text, /<form method="post" action="\/u\/reset-password">/)
      assert.equal((await it.server.app.inject({ method: 'HEAD', url: link })).statusCode, 200)
    }
    const done = await submit(it, ticketOf(link), fresh)
    assert.equal(done.status, 200, done.text)
    assert.deepEqual([done.done, (await submit(it, ticketOf(link), 'a third quite long secret')).status], [true, 404])
    assert.equal((await it.get(link)).status, 404)
    assert.equal((await it.password('ada', { password: fresh })).status, 200)
    assert.equal((await it.password('ada')).status, 403)
    const notice = (await it.outbox()).filter((one) => one.text.includes('password of your account was changed'))
    assert.equal(notice.length, 1)
  })

  test('of 20 at once exactly one sets the password (S-27, S-28)', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    await ask(it, 'ada@example.com')
    const ticket = ticketOf(await linkOf(it))
    const tries = Array.from({ length: 20 }, (_, at) => submit(it, ticket, `${fresh} number ${at}`))
    const wins = (await Promise.all(tries)).map((reply, at) => ({ done: reply.done, at })).filter((one) => one.done)
    assert.equal(wins.length, 1)
    assert.equal((await it.password('ada', { password: `${fresh} number ${wins[0]?.at}` })).status, 200)
  })

  test('factors stay and are asked for; sessions, families and other links end (AC-13, S-68)', async () => {
    const it = await openApis()
    const ada = await it.addUser('ada')
    await it.enrolSms('ada')
    await it.setTenant({ mfa: { mode: 'OFF' } })
    const before = await it.password('ada')
    const running = await it.password('ada', { audience: `${base}/mfa/` })
    await ask(it, 'ada@example.com')
    const first = await linkOf(it)
    await ask(it, 'ada@example.com')
    const second = await linkOf(it)
    const factors = await it.authenticators(ada)
    it.clock.advance(2)
    assert.equal((await submit(it, ticketOf(second), fresh)).status, 200)
    assert.deepEqual(await it.authenticators(ada), factors)
    assert.equal((await it.get(first)).status, 404)
    const refresh = { grant_type: 'refresh_token', refresh_token: before.body.refresh_token }
    assert.equal((await it.token(refresh)).body.error, 'invalid_grant')
    const { mfa_token } = running.body
    const client = { client_id: 'web', client_secret: 'web-secret' }
    assert.equal(
      (await it.post('/mfa/challenge', { mfa_token, ...client })).body.error_description,
      'Malformed mfa_token',
    )
    await it.setTenant({ mfa: { mode: 'ALWAYS' } })
    const login = await it.password('ada', { password: fresh })
    assert.deepEqual([login.status, login.body.error], [403, 'mfa_required'])
  })

  test('a refused password does not spend it, and is told why', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    await ask(it, 'ada@example.com')
    const ticket = ticketOf(await linkOf(it))
    const refused = [
      [await submit(it, ticket, 'short'), /role="alert">This password is too short/],
      [await submit(it, ticket, 'password123'), /role="alert">This password is known to thieves/],
      [await submit(it, ticket, ''), /role="alert">/],
    ] as const
    for (const [reply, text] of refused) {
      assert.deepEqual([reply.done, reply.status], [false, 200])
      assert.match(reply.text, text)
    }
    assert.equal((await submit(it, ticket, fresh)).done, true)
  })

  test('it ends after an hour, with the address it was for, and with a block', async () => {
    const it = await openApis(off)
    const ada = await it.addUser('ada')
    await ask(it, 'ada@example.com')
    const old = await linkOf(it)
    it.clock.advance(3_600)
    assert.equal((await submit(it, ticketOf(old), fresh)).status, 404)
    await ask(it, 'ada@example.com')
    const ticket = ticketOf(await linkOf(it))
    const user = await it.user(ada.id)
    await it.put('users', { ...user, email: 'new@example.com', emailKey: 'new@example.com' })
    assert.equal((await submit(it, ticket, fresh)).status, 404)
    await it.put('users', { ...user, blocked: true })
    assert.equal((await submit(it, ticket, fresh)).status, 404)
    await it.put('users', user)
    assert.equal((await submit(it, ticket, fresh)).status, 200)
  })

  test('only its digest is stored (S-35)', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    await ask(it, 'ada@example.com')
    const ticket = ticketOf(await linkOf(it))
    assert.equal(ticket.length, 43)
    const rows = await Promise.all(
      (['artifacts', 'events', 'messages', 'users'] as const).map((table) => it.store.list(table, it.tenant.id)),
    )
    assert.equal(JSON.stringify(rows).includes(ticket), false)
  })

  test('the page runs nothing, loads nothing, is not framed, and writes what it is given as text', async () => {
    const it = await openApis(off)
    await it.addUser('ada')
    await ask(it, 'ada@example.com')
    const shown = await it.get(await linkOf(it))
    const policy = String(shown.headers['content-security-policy'])
    assert.match(policy, /^default-src 'none'; script-src 'nonce-[\w-]+' 'strict-dynamic'; style-src 'self'/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.equal(/<script>|style=|javascript:|http:| on[a-z]+="/i.test(shown.text), false)
    assert.equal(shown.headers['referrer-policy'], 'no-referrer')
    assert.equal(shown.headers['cache-control'], 'no-store')
    const odd = await it.get('/u/reset-password?ticket=%22%3E%3Cscript%3Ealert(1)&error=%3Cscript%3Ealert(2)')
    assert.equal(odd.status, 404)
    assert.equal(odd.text.includes('<script>alert'), false)
    assert.equal((await it.get('/u/reset-password')).status, 404)
    assert.equal((await it.post('/u/reset-password', { ticket: 'x' })).status, 415)
    assert.equal((await it.send('DELETE', '/u/reset-password')).status, 405)
  })
})
