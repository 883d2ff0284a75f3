import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Browser, openCidaasWorld, type Reply } from '../support/cidaas.ts'

/** The forms of a page, as a browser without scripts would fill and send them. */
function forms(page: Reply) {
  const decoded = (text: string) => text.replace(/&#(\d+);/g, (_all, code) => String.fromCharCode(Number(code)))
  return [...page.text.matchAll(/<form method="(\w+)" action="([^"]+)">(.*?)<\/form>/gs)].map(
    ([, method, action = '', inner = '']) => ({
      method,
      action,
      label: />([^<>]+)<\/button>/.exec(inner)?.[1] ?? '',
      fields: Object.fromEntries(
        [...inner.matchAll(/name="([^"]+)"(?:[^>]*? value="([^"]*)")?/g)].map(([, name, value]) => [
          name,
          decoded(value ?? ''),
        ]),
      ) as Record<string, string>,
    }),
  )
}

const press = (browser: Browser, page: Reply, label: string, typed: Record<string, string> = {}) => {
  const form = forms(page).find((it) => it.label.startsWith(label)) ?? assert.fail(`no "${label}" in ${page.text}`)
  return browser.form(form.action, { ...form.fields, ...typed })
}

async function open() {
  const world = await openCidaasWorld({ tenant: { pages: {} } })
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  await world.enrolAddress(ada, 'sms', '+15555550101')
  const browser = world.browser()
  const login = await browser.get(`/user-ui/login?requestId=${await world.requestId()}&view_type=login`)
  return { world, app, browser, login }
}

/** Follows redirects, as long as they stay here. */
async function follow(browser: Browser, reply: Reply): Promise<Reply> {
  if (reply.status !== 302 || reply.location.hostname !== 'localhost' || reply.location.port !== '3443') return reply
  return await follow(browser, await browser.get(reply.location.pathname + reply.location.search))
}

const password = 'the quite long password of ada'
const name = { username: 'ada@example.com', password }

describe('pages for tenants that have none of their own, without a script', () => {
  test('password, then a code by text message, then back to the application', async () => {
    const { world, browser, login } = await open()
    const wrong = await follow(browser, await press(browser, login, 'Sign in', { ...name, password: 'wrong' }))
    assert.match(wrong.text, /role="alert">Sign-in failed/)
    assert.match(wrong.text, /value="ada&#64;example|value="ada@example\.com"/)
    const choose = await follow(browser, await press(browser, wrong, 'Sign in', name))
    assert.deepEqual(
      forms(choose).map((it) => it.label),
      ['Code from an authenticator app', 'Text message +*********01', 'Telephone call +*********01', 'Saved code'],
    )
    const code = await press(browser, choose, 'Text message')
    assert.match(code.text, /A code was sent to \+\*{9}01/)
    const again = await press(browser, code, 'Continue', { pass_code: '000000' })
    assert.match(again.text, /role="alert">The code is wrong/)
    const done = await press(browser, again, 'Continue', { pass_code: await world.lastCode() })
    assert.equal(done.status, 307, 'the browser itself goes on')
    const landed = await browser.form(done.location.pathname, {})
    assert.match(landed.location.href, /^http:\/\/localhost:5173\/callback#code=/)
  })

  test('another way, and an authenticator app', async () => {
    const { app, browser, login } = await open()
    const choose = await follow(browser, await press(browser, login, 'Sign in', name))
    const first = await press(browser, choose, 'Text message')
    const other = await press(browser, first, 'Another way')
    const code = await press(browser, other, 'Code from an authenticator app')
    assert.equal((await press(browser, code, 'Continue', { pass_code: app.code() })).status, 307)
  })

  test('every condition has its page: address, password, terms, scopes, claims, group, in one login', async () => {
    const world = await openCidaasWorld({ tenant: { pages: {} } })
    await world.setApplication('app', {
      mfa: { mode: 'OFF' },
      needsVerifiedEmail: true,
      consents: [{ id: 'terms', version: '1', name: 'Terms <1>', url: 'https://app.example/terms' }],
      asksForScopes: true,
      groupSelection: {},
    })
    const groups = ['north', 'south'].map((id) => ({ id, roles: [] }))
    await world.addUser('ada', { emailVerified: false, mustChangePassword: true, groups })
    const browser = world.browser()
    const requestId = await world.requestId({ claim: '["birthdate"]' })
    const login = await browser.get(`/user-ui/login?requestId=${requestId}&view_type=login`)
    const go = async (page: Reply, label: string, typed?: Record<string, string>) =>
      await follow(browser, await press(browser, page, label, typed))
    const address = await go(login, 'Sign in', name)
    assert.match(address.text, /e-mail address of your account/)
    const code = await go(address, 'Send the code')
    const wrong = await go(code, 'Continue', { code: '000000' })
    assert.match(wrong.text, /role="alert">The code is wrong/)
    const change = await go(wrong, 'Continue', { code: await world.lastCode() })
    const fresh = 'an entirely different and long one'
    const differs = await go(change, 'Continue', { old_password: password, new_password: fresh, confirm_password: 'x' })
    assert.match(differs.text, /role="alert">The two new passwords differ/)
    const typed = { old_password: password, new_password: fresh, confirm_password: fresh }
    const terms = await go(differs, 'Continue', typed)
    assert.match(terms.text, /<a href="https:\/\/app\.example\/terms" rel="noreferrer">Terms &#60;1&#62;<\/a>/)
    const scopes = await go(terms, 'Agree')
    assert.match(scopes.text, /<li>email<\/li>/)
    const claims = await go(scopes, 'Allow')
    assert.match(claims.text, /<li>birthdate<\/li>/)
    const group = await go(claims, 'Allow')
    const bad = await go(group, 'Continue', { group_id: 'east' })
    assert.match(bad.text, /role="alert">There is no such group/)
    const landed = await press(browser, bad, 'Continue', { group_id: 'south' })
    assert.match(landed.location.href, /^http:\/\/localhost:5173\/callback#code=/)
    assert.equal((await world.redeem(landed)).status, 200)
    for (const page of [address, code, change, terms, scopes, group]) {
      assert.doesNotMatch(page.text, /<script/)
      assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
    }
  })

  test('docs/decisions/0004: a page of a condition, sent from another browser, ends in nothing', async () => {
    const world = await openCidaasWorld({ tenant: { pages: {} } })
    await world.setApplication('app', { mfa: { mode: 'OFF' }, consents: [{ id: 'terms', version: '1', name: 'T' }] })
    await world.addUser('ada')
    const browser = world.browser()
    const login = await browser.get(`/user-ui/login?requestId=${await world.requestId()}&view_type=login`)
    const terms = await follow(browser, await press(browser, login, 'Sign in', name))
    const reply = await press(world.browser(), terms, 'Agree')
    assert.equal(reply.location.pathname, '/identity/error')
    const gone = await world.browser().get('/identity/consent_preview?track_id=x&requestId=y')
    assert.equal(gone.status, 400)
  })

  test('S-131: nothing is loaded or framed, and forms end at the application or here', async () => {
    const { login } = await open()
    const policy = String(login.headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.match(policy, /form-action 'self' http:\/\/localhost:5173;/)
    assert.doesNotMatch(login.text, /<script/)
    assert.match(login.text, /<label>Password<br><input [^>]*autocomplete="current-password"/)
  })

  test('what a query brings is shown as text, and a page there is none of says so', async () => {
    const { browser } = await open()
    const error = await browser.get('/identity/error?error_code=7&error_description=%3Cscript%3Ealert(1)%3C/script%3E')
    assert.equal(error.status, 400)
    assert.doesNotMatch(error.text, /<script>/)
    const none = await browser.get('/identity/%3Cb%3Egroup_selection')
    assert.deepEqual([none.status, none.text.includes('<b>')], [501, false])
    assert.equal((await browser.get('/identity/mfa_required?track_id=x')).status, 400)
    assert.equal((await browser.get('/user-ui/login')).status, 400)
  })
})
