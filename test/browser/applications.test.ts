import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Auth0Client } from '@auth0/auth0-spa-js'
import { emailOf, type Person, passwordOf } from './support/person.ts'
import { openPlace, type Place, setUpApp } from './support/place.ts'

/** The unmodified SDK beyond plain sign-in, and pages of people who mean harm, in a browser that keeps the rules of the web. */

const multiFactor = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

let place: Place
/** Another site than ours: 127.0.0.1 is not localhost. */
let evil: Server
let evilUrl: string
before(async () => {
  place = await openPlace(['ada', 'bob', 'cy', 'dee'])
  evil = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Win a prize</title>')
  })
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
  evilUrl = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`
})
after(async () => {
  await place?.close()
  evil?.close()
})

interface InPage {
  readonly client: Auth0Client
}

describe('the SDK for single pages', () => {
  test('a silent request for more than the session has is refused as MFA needed, and the redirect that follows asks for it', async () => {
    await using ada = await place.person({ clientId: 'relaxed' })
    await ada.signIn()
    await ada.password('ada')
    await ada.arrive()
    await assert.rejects(ada.silently({ acr_values: multiFactor }), /Multifactor authentication required/)
    await ada.signIn({ acr_values: multiFactor })
    await ada.press(/^Authenticator app/)
    const secret = await ada.secret()
    await ada.type('Then enter the code the app shows', await place.server.totp(secret))
    await ada.press('Confirm')
    await ada.page.getByLabel('I have saved it in a safe place').check()
    await ada.press('Continue')
    assert.equal((await ada.arrive()).acr, multiFactor)
    assert.ok(await ada.silently({ acr_values: multiFactor }))
    await ada.logout()
    await ada.page.goto(place.spa.url)
  })

  test('a popup signs in, answers the window that opened it, and closes', async () => {
    await using bob = await place.person({ clientId: 'relaxed' })
    const { page } = bob
    await page.goto(place.spa.url)
    await page.waitForFunction(() => 'open_' in globalThis)
    const opened = page.context().waitForEvent('page')
    const done = page.evaluate(
      async ({ domain, redirect_uri }) => {
        const it = globalThis as unknown as InPage & { open_(options: object): void }
        it.open_({ domain, clientId: 'relaxed', authorizationParams: { redirect_uri } })
        await it.client.loginWithPopup()
        return await it.client.getUser()
      },
      { domain: place.server.domain, redirect_uri: place.spa.url },
    )
    const popup = await opened
    const closed = popup.waitForEvent('close')
    await popup.getByLabel('E-mail or user name').fill(emailOf('bob'))
    await popup.getByRole('button', { name: 'Continue', exact: true }).click()
    await popup.getByLabel('Password', { exact: true }).fill(passwordOf('bob'))
    await popup.getByRole('button', { name: 'Sign in', exact: true }).click()
    assert.equal((await done)?.email, emailOf('bob'))
    await closed
  })
})

/** What a page of another site can make a browser send: forms, and requests without a preflight. */
async function attack(person: Person, targets: readonly (readonly [path: string, body: Record<string, string>])[]) {
  const tab = await person.context.newPage()
  const answers: number[] = []
  tab.on('response', (it) => it.url().startsWith(place.server.publicUrl) && answers.push(it.status()))
  for (const [path, body] of targets) {
    const action = `${place.server.publicUrl}${path}`
    await tab.goto(evilUrl)
    await tab.evaluate(
      ([url, fields]) =>
        fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams(fields) }).then(
          () => undefined,
          () => undefined,
        ),
      [action, body] as const,
    )
    const gone = tab.waitForURL(action)
    await tab.evaluate(
      ([url, fields]) => {
        const form = Object.assign(document.createElement('form'), { method: 'post', action: url })
        for (const [name, value] of Object.entries(fields)) {
          form.append(Object.assign(document.createElement('input'), { name, value }))
        }
        document.body.append(form)
        form.submit()
      },
      [action, body] as const,
    )
    await gone
  }
  await tab.close()
  return answers
}

describe('pages of other sites', () => {
  test('AC-20: forms of another site remove no factor, end no session, and sign nobody in', async () => {
    const { server } = place
    await using cy = await place.person()
    await setUpApp(place, cy, 'cy')
    await cy.arrive()
    await cy.page.goto(`${server.publicUrl}/u/account`)
    await cy.sees('Manage security')
    const before = await cy.page.evaluate(async () => (await fetch('/u/api/account')).json())
    const [factor] = before.factors
    const answers = await attack(cy, [
      [`/u/api/account/factors/${factor.id}?_method=DELETE`, { _method: 'DELETE', csrf: 'guess' }],
      ['/u/api/account/factors', { factor: 'sms', target: '+15551234567' }],
      ['/u/api/account/sessions/end-others', {}],
      ['/u/api/account/sign-out', {}],
      ['/u/api/account/password', { password: 'a sentence of the thief' }],
      ['/u/api/account/sign-in', { fresh: 'true' }],
    ])
    // What was sent by script was blocked before the page saw an answer; the forms show what was said.
    assert.equal(answers.length, 6)
    for (const status of answers) assert.ok(status >= 400, `${status}`)
    const after = await cy.page.evaluate(async () => (await fetch('/u/api/account')).json())
    assert.deepEqual([after.factors, after.sessions.length], [before.factors, before.sessions.length])

    // "Log in as me": a flow of the thief's own, driven in the browser of somebody else.
    await using dee = await place.person({ clientId: 'relaxed' })
    await dee.signIn()
    const flow = dee.page.url().split('/').at(-1) ?? ''
    const own = { login: emailOf('cy'), password: passwordOf('cy') }
    const refused = await attack(dee, [
      [`/u/api/flows/${flow}/password`, own],
      [`/u/api/flows/${flow}/sign-up`, { email: 'x@example.com', password: passwordOf('x') }],
    ])
    for (const status of refused) assert.ok(status >= 400, `${status}`)
    await dee.page.reload()
    await dee.sees('Sign in')
    await dee.password('dee')
    assert.equal((await dee.arrive()).email, emailOf('dee'))
  })

  test('AC-21: no page is drawn inside another site’s, signed in or not', async () => {
    const { server } = place
    await using dee = await place.person({ clientId: 'relaxed' })
    await dee.signIn({ prompt: 'consent' })
    const login = dee.page.url()
    await dee.password('dee')
    await dee.sees(/asks for access/)
    const pages = [login, '/u/account', '/activate', '/oidc/logout', '/u/signed-out', '/u/new-password?ticket=x']
    const tab = await dee.context.newPage()
    const blocked: string[] = []
    tab.on('console', (it) => /frame-ancestors|X-Frame-Options/i.test(it.text()) && blocked.push(it.text()))
    await tab.goto(evilUrl)
    for (const page of pages) {
      const url = new URL(page, server.publicUrl).href
      const answered = tab.waitForResponse((it) => it.url() === url)
      await tab.evaluate((src) => {
        document.body.append(Object.assign(document.createElement('iframe'), { src, style: 'opacity: 0.01' }))
      }, url)
      await answered
    }
    assert.equal(tab.frames().length, pages.length + 1)
    while (blocked.length < pages.length) await tab.waitForEvent('console', { timeout: 5_000 })
    await tab.close()
    // The one that was asked, in a window of its own, goes on.
    await dee.press('Allow')
    assert.ok(await dee.arrive())
  })
})
