import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { startServer, type TestServer } from '../support/server.ts'
import { openChromium } from './support/chromium.ts'
import { emailOf, newPerson, type Person, passwordOf } from './support/person.ts'
import { openSpa, type Spa } from './support/spa.ts'

/** Redirect login as a person meets it: an application with the unmodified SDK, our pages, a real browser. */

const phone = '+1 555 123 4567'
const multiFactor = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

let server: TestServer
let spa: Spa
let browser: Browser
before(async () => {
  spa = await openSpa()
  const user = (name: string) => ({ email: emailOf(name), email_verified: true, password: passwordOf(name) })
  const application = {
    type: 'spa' as const,
    name: 'Somebody’s application',
    redirect_uris: [spa.url],
    logout_uris: [`${spa.url}/bye`],
    allowed_origins: [spa.url],
    grant_types: ['authorization_code' as const, 'refresh_token' as const],
  }
  server = await startServer({
    config: () => ({
      tenants: [
        {
          id: 'demo',
          name: 'Northwind',
          domains: ['localhost', '127.0.0.1'],
          factors: ['password', 'totp', 'sms', 'voice', 'email', 'recovery_code'],
          mfa: { mode: 'OFF' },
          applications: [
            { client_id: 'spa', ...application, mfa: { mode: 'ALWAYS' } },
            { client_id: 'relaxed', ...application },
          ],
          users: ['ada', 'bob', 'cy', 'dee', 'eve', 'fay', 'gil'].map(user),
        },
      ],
    }),
  })
  browser = await openChromium()
})
after(async () => {
  await browser?.close()
  await server?.stop()
  await spa?.close()
})

const later = () => server.advance(31)

async function keepCodes(person: Person): Promise<string> {
  await person.sees('Save your recovery code')
  const [code] = await person.page.locator('.codes code').allTextContents()
  await person.press('Continue')
  await person.page.getByText('Save the code first').waitFor()
  await person.page.getByLabel('I have saved it in a safe place').check()
  await person.press('Continue')
  return code ?? assert.fail('no code was shown')
}

describe('an authenticator app, from the first login to the lost phone', () => {
  let ada: Person
  let secret: string
  let recovery: string
  before(async () => {
    ada = await newPerson(browser, server, spa)
  })
  after(() => ada.close())

  test('is set up at the first login, with a code to save', async () => {
    await ada.signIn()
    await ada.sees('Sign in')
    await ada.type('E-mail or user name', emailOf('ada'))
    await ada.press('Continue')
    await ada.type('Password', 'something else')
    await ada.press('Sign in')
    await ada.page.getByText('is not right').waitFor()
    await ada.type('Password', passwordOf('ada'))
    await ada.press('Sign in')
    await ada.sees('Protect your account')
    await ada.press(/^Authenticator app/)
    await ada.page.getByRole('img', { name: 'QR code' }).waitFor()
    secret = await ada.secret()
    await ada.type('Then enter the code the app shows', await server.totp(secret))
    await ada.press('Confirm')
    recovery = await keepCodes(ada)
    const user = await ada.arrive()
    assert.equal(user.email, emailOf('ada'))
    assert.deepEqual(user.amr, ['pwd', 'otp', 'mfa'])
  })

  test('gives tokens silently, by a frame', async () => {
    assert.match((await ada.silently()) ?? '', /.{20}/)
  })

  test('is asked for after a logout, and a wrong code is told at the box', async () => {
    await ada.logout()
    await later()
    await ada.signIn()
    await ada.password('ada')
    await ada.sees('Verify it is you')
    const code = await server.totp(secret)
    await ada.type(
      'Code',
      code.replace(/.$/, (it) => String((Number(it) + 1) % 10)),
    )
    await ada.press('Verify')
    await ada.page.getByText('That code is not right').waitFor()
    assert.equal(await ada.page.getByLabel('Code', { exact: true }).getAttribute('aria-invalid'), 'true')
    await ada.type('Code', code)
    await ada.press('Verify')
    assert.deepEqual((await ada.arrive()).amr, ['pwd', 'otp', 'mfa'])
  })

  test('is done without when the phone is lost, by the saved code, which is replaced', async () => {
    await ada.logout()
    await ada.signIn()
    await ada.password('ada')
    await ada.press(/Use a recovery code/)
    await ada.type('Recovery code', recovery)
    await ada.press('Verify')
    const next = await keepCodes(ada)
    assert.notEqual(next, recovery)
    assert.ok(await ada.arrive())
  })
})

describe('codes by message', () => {
  test('a text message: number with its country, wait before another, second login', async () => {
    await using bob = await newPerson(browser, server, spa)
    await bob.signIn()
    await bob.password('bob')
    await bob.press(/^Text message/)
    await bob.type('Phone number', phone)
    await bob.press('Send code')
    await bob.page.getByText('You can ask again in').waitFor()
    await bob.type('Code', await server.lastCode({ channel: 'sms' }))
    await bob.press('Confirm')
    await keepCodes(bob)
    await bob.arrive()
    await bob.logout()
    await bob.signIn()
    await bob.password('bob')
    await bob.page.getByText('We will send a code to').waitFor()
    assert.ok(!(await bob.page.content()).includes('5551234'), 'S-83: the number is masked')
    await bob.press('Send code')
    await bob.page.getByLabel('Code', { exact: true }).waitFor()
    await bob.type('Code', await server.lastCode({ channel: 'sms' }))
    await bob.press('Verify')
    assert.deepEqual((await bob.arrive()).amr, ['pwd', 'otp', 'sms', 'mfa', 'mca'])
  })

  for (const [way, name, field, button, channel] of [
    [/^E-mail/, 'cy', { label: 'E-mail', text: emailOf('cy') }, 'Send code', 'email'],
    [/^Phone call/, 'dee', { label: 'Phone number', text: '+1 555 123 9876' }, 'Call me', 'voice'],
  ] as const) {
    test(`${channel}: enrolled at the first login, asked for at the second`, async () => {
      await using person = await newPerson(browser, server, spa)
      await person.signIn()
      await person.password(name)
      await person.press(way)
      await person.type(field.label, field.text)
      await person.press(button)
      await person.page.getByLabel('Code', { exact: true }).waitFor()
      await person.type('Code', await server.lastCode({ channel }))
      await person.press('Confirm')
      await keepCodes(person)
      assert.equal((await person.arrive()).email, emailOf(name))
      await person.logout()
      await person.signIn()
      await person.password(name)
      await person.sees('Verify it is you')
      assert.ok(!(await person.page.content()).includes(field.text.replaceAll(' ', '')), 'S-83: it is masked')
      await person.press(button)
      await person.page.getByLabel('Code', { exact: true }).waitFor()
      await person.type('Code', await server.lastCode({ channel }))
      await person.press('Verify')
      assert.equal((await person.arrive()).email, emailOf(name))
    })
  }
})

describe('Manage security', () => {
  test('adds, renames and removes a factor, each after a fresh proof, and signs out', async () => {
    await using eve = await newPerson(browser, server, spa)
    await eve.page.goto(`${server.publicUrl}/u/account`)
    await eve.sees('Manage security')
    await eve.press('Sign in')
    await eve.password('eve')
    await eve.page.getByText('You have none yet').waitFor()
    await eve.press('Add a way to verify it is you')
    await eve.press(/^Authenticator app/)
    const secret = await eve.secret()
    await eve.type('Then enter the code the app shows', await server.totp(secret))
    await eve.press('Confirm')
    await keepCodes(eve)
    await eve.page.getByText('“Authenticator app” was added.').waitFor()

    await eve.press('Add a way to verify it is you')
    await eve.press(/^Text message/)
    await eve.type('Phone number', phone)
    await eve.press('Send code')
    await eve.page.getByLabel('Code', { exact: true }).waitFor()
    await eve.type('Code', await server.lastCode({ channel: 'sms' }))
    await eve.press('Confirm')
    await eve.page.getByText('“Text message” was added.').waitFor()

    await eve.press('Rename “Text message”')
    await eve.type('Name', 'Blue phone')
    await eve.press('Save')
    await eve.page.getByText('Blue phone').first().waitFor()

    // The proof grows old: it is asked for again, and the page goes on with what was begun.
    await server.advance(600)
    await eve.page.reload()
    await eve.press('Remove: Blue phone')
    await eve.page.waitForURL(/\/u\/login\//)
    await eve.press('Try another way')
    await eve.press(/^Authenticator app/)
    await eve.type('Code', await server.totp(secret))
    await eve.press('Verify')
    await eve.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await eve.page.getByText('“Blue phone” was removed.').waitFor()

    await eve.press('Sign out')
    await eve.sees('You are signed out')
  })
})

describe('without script', () => {
  test('a person signs in and sets up an app by plain forms', async () => {
    await using fay = await newPerson(browser, server, spa, { script: false })
    const params = new URLSearchParams({
      client_id: 'spa',
      response_type: 'code',
      redirect_uri: spa.url,
      scope: 'openid',
      state: 'x',
      code_challenge: '7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM',
      code_challenge_method: 'S256',
    })
    await fay.page.goto(`${server.publicUrl}/authorize?${params}`)
    await fay.type('E-mail or user name', emailOf('fay'))
    await fay.press('Continue')
    await fay.type('Password', 'wrong')
    await fay.press('Sign in')
    await fay.page.locator('[role=alert]').waitFor()
    await fay.type('Password', passwordOf('fay'))
    await fay.press('Sign in')
    await fay.press('Authenticator app')
    const secret = (await fay.page.locator('.secret code').textContent()) ?? ''
    await fay.type('Code', await server.totp(secret))
    await fay.press('Confirm')
    assert.equal(await fay.page.locator('.codes code').count(), 1)
    await fay.press('Continue')
    await fay.page.waitForURL((url) => url.origin === spa.url && url.search.includes('code='))
  })
})

describe('step-up', () => {
  test('an application that asks for two factors gets them, though its own rule is none', async () => {
    await using gil = await newPerson(browser, server, spa, { clientId: 'relaxed' })
    await gil.signIn()
    await gil.password('gil')
    assert.deepEqual((await gil.arrive()).amr, ['pwd'])
    await gil.signIn({ acr_values: multiFactor })
    await gil.sees('Protect your account')
    await gil.press(/^Authenticator app/)
    await gil.type('Then enter the code the app shows', await server.totp(await gil.secret()))
    await gil.press('Confirm')
    await keepCodes(gil)
    const user = await gil.arrive()
    assert.deepEqual([user.amr, user.acr], [['pwd', 'otp', 'mfa'], multiFactor])
  })
})
