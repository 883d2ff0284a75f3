import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { createEnrolmentTicket } from '#engine/enrolment-tickets.ts'
import { systemAudit } from '#engine/events.ts'
import type { User } from '#model/user.ts'
import { type Auth0World, base, openAuth0World } from '../support/auth0.ts'
import { type Browser, openBrowser } from '../support/browser.ts'

/** An administrator's invitation to set up a second factor, from the link to the first login with it (S-69). */

let at: Auth0World
let ada: User
let person: Browser
beforeEach(async () => {
  at = await openAuth0World({ tenant: { mfa: undefined } })
  ada = await at.addUser('ada', { email: 'ada@example.com', emailVerified: true })
  person = openBrowser(at)
})

async function invite(kinds?: readonly string[], lifetime = 86_400): Promise<string> {
  const made = await createEnrolmentTicket(at.parts, {
    ...{ tenant: at.tenant, user: ada.id, lifetime },
    ...(kinds && { kinds }),
    mailLink: (handle) => `${base}/enrollment?ticket_id=${handle}`,
    event: () => systemAudit(at.parts, at.tenant.id, 'admin.change', { user: ada.id }),
  })
  return made.yes ?? assert.fail(made.no)
}

const page = (ticket: string) => person.get(`/enrollment?ticket_id=${ticket}`)

/** Presses the button of the page; the flow it leads to. */
async function accept(ticket: string, browser = person) {
  const reply = await browser.form('/enrollment', { ticket_id: ticket })
  browser.flow =
    String(reply.headers.location ?? '')
      .split('/')
      .pop() ?? ''
  return reply
}

test('the link is looked at for nothing, the button works once, and the factor counts from then on (S-69, S-84)', async () => {
  const ticket = await invite()
  for (let round = 0; round < 2; round++) {
    const shown = await page(ticket)
    assert.equal(shown.status, 200)
    assert.match(shown.text, /<form method="post" action="\/enrollment">/)
    assert.match(String(shown.headers['content-security-policy']), /default-src 'none'; style-src 'self'/)
  }
  const begun = await accept(ticket)
  assert.equal(begun.status, 303, begun.text)
  const state = (await person.state()).body
  assert.equal(state.step, 'enrol', JSON.stringify(state))
  const { secret } = (await person.act('enrol', { factor: 'totp' })).body.enrolling.show
  const codes = await person.act('confirm', { proof: at.totpCode(secret) })
  assert.equal(codes.body.step, 'recovery-codes', codes.text)
  const done = await person.act('saved')
  assert.deepEqual([done.body.step, done.body.location], ['done', '/u/account'])
  assert.equal((await accept(ticket, openBrowser(at))).status, 404, 'a replay is refused')
  assert.equal((await page(ticket)).status, 404)
  at.clock.advance(60)
  const login = await openBrowser(at).signIn('ada')
  assert.equal(login.body.step, 'challenge', 'the next login asks for it')
  const told = (await at.outbox()).filter((it) => it.purpose === 'notice')
  assert.equal(told.length, 1, 'the user is told')
})

describe('an invitation', () => {
  test('signs nobody in: what was enrolled opens neither the account nor an application', async () => {
    await accept(await invite())
    await person.state()
    const { secret } = (await person.act('enrol', { factor: 'totp' })).body.enrolling.show
    await person.act('confirm', { proof: at.totpCode(secret) })
    await person.act('saved')
    assert.equal((await person.get('/u/api/account')).status, 401)
    const entered = await person.get(`/u/account/enter/${person.flow}`)
    assert.equal((await person.get('/u/api/account')).status, 401)
    assert.equal(entered.headers.location, '/u/account')
    const sessions = (await at.store.list('artifacts', at.tenant.id, { limit: 100 })).filter((it) =>
      /Session$/.test(it.model),
    )
    assert.deepEqual(sessions, [])
  })

  test('offers the kinds it was made for and no others', async () => {
    await accept(await invite(['sms']))
    const { offers } = (await person.state()).body
    assert.deepEqual(
      offers.map((it: { factor: string }) => it.factor),
      ['sms'],
    )
  })

  test('adds nothing beside a factor there is: that is proved first, in the account (S-61)', async () => {
    const ticket = await invite()
    await at.enrolAddress(ada, 'sms', '+15551234567')
    const sent = await accept(ticket)
    assert.deepEqual([sent.status, sent.headers.location], [303, '/u/account'])
    assert.equal((await page(ticket)).status, 200, 'and it is not spent')
  })

  test('does not become a sign-in when its flow has run out or is begun again', async () => {
    await accept(await invite())
    await person.state()
    assert.equal((await person.act('restart')).body.step, 'enrol')
    at.clock.advance(601)
    assert.equal((await person.state()).body.step, 'stuck')
    const login = { login: 'ada@example.com', password: 'the quite long password of ada' }
    assert.equal((await person.act('password', login)).status, 409)
    await person.act('restart')
    assert.equal((await person.state()).body.step, 'stuck')
  })

  test('is refused from other sites, when too old, to a blocked user, and under another host’s name (AC-23)', async () => {
    const ticket = await invite()
    const elsewhere = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    assert.equal((await person.form('/enrollment', { ticket_id: ticket }, elsewhere)).status, 403)
    const [mail] = (await at.outbox()).filter((it) => it.text.includes(ticket))
    assert.ok(mail?.text.includes(`${base}/enrollment?ticket_id=${ticket}`))
    await at.put('users', { ...(await at.user(ada.id)), blocked: true })
    assert.equal((await accept(ticket)).status, 404)
    await at.put('users', { ...(await at.user(ada.id)), blocked: false })
    at.clock.advance(86_400)
    assert.equal((await accept(ticket)).status, 404)
  })

  test('of 50 who press the button at once one goes on (S-28)', async () => {
    const ticket = await invite()
    const all = await Promise.all(Array.from({ length: 50 }, () => accept(ticket, openBrowser(at))))
    assert.equal(all.filter((it) => it.status === 303).length, 1)
  })
})
