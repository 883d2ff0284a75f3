import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type Auth0World, base, openAuth0World } from '../support/auth0.ts'
import { type Browser, openBrowser, redeem } from '../support/browser.ts'

/** What a browser without script can do: every step is a plain form of the page, answered with the page (S-136, S-137). */

let at: Auth0World
let person: Browser
beforeEach(async () => {
  at = await openAuth0World({ tenant: { mfa: undefined } })
  person = openBrowser(at)
})

/** The forms of the page as it is drawn without script. */
async function drawn(path = `/u/login/${person.flow}`) {
  const { text, status } = await person.get(path)
  const plain = /<noscript>([\s\S]*)<\/noscript>/.exec(text)?.[1] ?? assert.fail(`${status} ${text.slice(0, 200)}`)
  const forms = [...plain.matchAll(/<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/g)]
  /** Fills the form that goes to an action, and sends it with the browser's own headers. */
  const send = async (action: string, given: Record<string, string>) => {
    const [, to = '', inside = ''] =
      forms.find((it) => it[1]?.endsWith(`/${action}`)) ?? assert.fail(`no ${action}: ${plain}`)
    const hidden = [...inside.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)]
    for (const name of Object.keys(given)) assert.ok(inside.includes(`name="${name}"`), `${action} has no ${name}`)
    const body = { ...Object.fromEntries(hidden.map((it) => [it[1], it[2]])), ...given }
    const reply = await person.form(to, body, { origin: 'null', 'sec-fetch-site': 'same-origin' })
    assert.equal(reply.status, 303, reply.text)
    return String(reply.headers.location)
  }
  return { plain, send }
}

test('S-137: somebody opens an account and is signed in, by forms alone', async () => {
  await person.authorize()
  const refused = await (await drawn()).send('sign-up', { email: 'new@example.com', password: 'short' })
  const again = await drawn(refused)
  assert.match(again.plain, /role="alert">This password is too short/)
  await again.send('sign-up', { email: 'new@example.com', password: 'a quite long password indeed' })
  const id = decodeJwt((await redeem(at, await person.finish())).body.id_token)
  assert.equal(id.email, 'new@example.com')
})

test('S-137: without sign-ups there is no form for one', async () => {
  await at.setTenant({ signUp: { enabled: false, attributes: [] } })
  await person.authorize()
  assert.doesNotMatch((await drawn()).plain, /sign-up/)
})

test('S-137, S-84: somebody who forgot the password is mailed a link, and sets a new one by its form', async () => {
  await at.addUser('ada', { email: 'ada@example.com', emailVerified: true })
  await person.authorize()
  const told = await drawn(await (await drawn()).send('forgot-password', { email: 'ada@example.com' }))
  assert.match(told.plain, /role="status">[^<]*ada@example\.com/)
  const mail = (await at.outbox()).find((it) => it.purpose === 'password-reset')
  const link = /https:\S+/.exec(mail?.text ?? '')?.[0] ?? assert.fail('no mail')
  const weak = await (await drawn(link.slice(base.length))).send('reset-password', { password: 'password123' })
  const page = await drawn(weak)
  assert.match(page.plain, /role="alert">This password is known to thieves/)
  const done = await page.send('reset-password', { password: 'another quite long secret' })
  assert.match((await drawn(done)).plain, /Your password is changed/)
  await person.authorize()
  const login = { login: 'ada@example.com', password: 'another quite long secret' }
  assert.equal((await person.act('password', login)).body.step, 'done')
})
