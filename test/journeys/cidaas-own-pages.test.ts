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
