import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { startServer, type TestServer } from '../support/server.ts'
import { openChromium } from './support/chromium.ts'
import { emailOf, newPerson, type Person, passwordOf } from './support/person.ts'
import { soon } from './support/soon.ts'
import { openSpa, type Spa } from './support/spa.ts'

/** Push as people meet it: the login in one browser, the device in another, our pages in both, an unmodified SDK. */

let server: TestServer
let spa: Spa
let browser: Browser
before(async () => {
  spa = await openSpa()
  server = await startServer({
    config: () => ({
      tenants: [
        {
          id: 'demo',
          name: 'Northwind',
          domains: ['localhost', '127.0.0.1'],
          factors: ['password', 'totp', 'push', 'recovery_code'],
          mfa: { mode: 'ALWAYS' },
          applications: [
            {
              client_id: 'spa',
              type: 'spa',
              name: 'Northwind Travel',
              redirect_uris: [spa.url],
              logout_uris: [`${spa.url}/bye`],
              allowed_origins: [spa.url],
              grant_types: ['authorization_code', 'refresh_token'],
            },
          ],
          users: ['ada', 'bob', 'cy'].map((name) => ({
            email: emailOf(name),
            email_verified: true,
            password: passwordOf(name),
          })),
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

const amr = ['pwd', 'swk', 'mfa', 'mca']

/** Somebody's telephone: a browser of its own. */
interface Device {
  readonly page: Page
  readonly context: BrowserContext
  readonly errors: readonly string[]
  sees(heading: string | RegExp): Promise<void>
  reads(text: string | RegExp): Promise<void>
  press(name: string): Promise<void>
  type(number: string): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

async function newDevice(): Promise<Device> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    reducedMotion: 'reduce',
    locale: 'en-US',
    viewport: { width: 320, height: 640 },
    colorScheme: 'dark',
  })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && /policy|trusted/i.test(message.text())) errors.push(message.text())
  })
  return {
    page,
    context,
    errors,
    sees: (name) => page.getByRole('heading', { name, level: 1 }).waitFor(),
    reads: (text) => page.getByText(text).first().waitFor(),
    press: (name) => page.getByRole('button', { name, exact: true }).click(),
    type: (number) => page.getByLabel('Number on the sign-in page').fill(number),
    [Symbol.asyncDispose]: () => context.close(),
  }
}

/** First login: push is chosen, and the telephone opens the link of the QR code. */
async function enrol(person: Person, device: Device, name: string): Promise<void> {
  await person.signIn()
  await person.password(name)
  await person.sees('Protect your account')
  await person.press(/Approve on your phone/)
  await person.sees('Connect your device')
  const link = person.page.getByRole('link', { name: 'Open on this device' })
  await device.page.goto((await link.getAttribute('href')) ?? '')
  await device.sees('Use this device for Northwind?')
  await device.press('Use this device')
  await device.sees('Authenticator')
  await device.reads(`This device can now approve sign-ins of ${emailOf(name)}.`)
  assert(!device.page.url().includes('#'), 'the secret stays in no address')
  await person.sees('Save your recovery code')
  await person.page.getByLabel('I have saved it in a safe place').check()
  await person.press('Continue')
  assert.deepEqual((await person.arrive()).amr, amr)
  await person.logout()
}

/** Password, then a request to the telephone; the number to be typed there. */
async function ask(person: Person, name: string): Promise<string> {
  await person.signIn()
  await person.password(name)
  await person.sees('Verify it is you')
  await person.press('Send request')
  const number = await person.page.locator('.match-number').textContent()
  assert.match(number ?? '', /^\d{6}$/)
  return number ?? ''
}

test('a telephone is connected at the first login and lets the second one in, with the right number only', async () => {
  await using person = await newPerson(browser, server, spa)
  await using device = await newDevice()
  await enrol(person, device, 'ada')
  const number = await ask(person, 'ada')
  await device.sees('Somebody is signing in')
  await device.reads('Northwind Travel')
  await device.reads(/^127\.0\.0\.\*|^::\*/)
  const wrong = String((Number(number) + 1) % 1_000_000).padStart(6, '0')
  await device.type(wrong)
  await device.press('Approve')
  await device.reads('That is not the number. Look again at the page where you sign in.')
  await device.type('12')
  await device.press('Approve')
  await device.reads('That is not the number. Look again at the page where you sign in.')
  // By keyboard: the box, then Enter.
  await device.type(number)
  await device.page.keyboard.press('Enter')
  await device.sees('Authenticator')
  await device.reads('Approved. Go on where you sign in.')
  assert.deepEqual((await person.arrive()).amr, amr)
  assert.deepEqual(device.errors, [])
})

test('a denial is seen at the login, which may ask again or go another way; “this was not me” ends all requests', async () => {
  await using person = await newPerson(browser, server, spa)
  await using device = await newDevice()
  await enrol(person, device, 'bob')
  await ask(person, 'bob')
  await device.sees('Somebody is signing in')
  await device.press('Deny')
  await device.reads('Denied.')
  await person.page.getByText('The request was declined on your device.').waitFor()
  await person.press('Send request')
  await person.page.locator('.match-number').waitFor()
  await device.sees('Somebody is signing in')
  await device.press('This was not me')
  await device.reads(/Change your password now/)
  await person.page.getByText('The request was declined on your device.').waitFor()
  await person.press('Send request')
  await person.page.getByText(/switched off/).waitFor()
  await person.press('Lost your phone or key? Use a recovery code')
  await person.sees('Use a recovery code')
  const [notice] = await server.outbox({ to: emailOf('bob') })
  assert.match(notice?.text ?? '', /not yours/)
})

test('an account that removes the device is dead on it; a link that was used is refused', async () => {
  await using person = await newPerson(browser, server, spa)
  await using device = await newDevice()
  await enrol(person, device, 'cy')
  await device.press(`Remove: ${emailOf('cy')}`)
  await device.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await device.reads('This is your only second factor. Add another before you remove it.')
  await device.page.keyboard.press('Escape')
  const [cy] = (await server.admin('GET', `/tenants/demo/users?email=${encodeURIComponent(emailOf('cy'))}`)).body.items
  const reset = await server.admin('POST', `/tenants/demo/users/${cy.id}/authenticators/reset`, { reason: 'lost' })
  assert.equal(reset.status, 200, reset.text)
  await device.page.reload()
  await device.reads('This device was removed from the account.')
  await device.press(`Remove: ${emailOf('cy')}`)
  await device.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await device.reads(/^No account uses this device yet/)
  await device.page.goto(`${server.publicUrl}/u/authenticator#enrol=${'x'.repeat(43)}`)
  await device.page.reload()
  await device.press('Use this device')
  await device.reads(/^This link has expired or was used before/)
  assert.deepEqual(device.errors, [])
})

// Over plain http to the machine itself: a service worker is not fetched past a certificate the browser does not know.
test('the page is installable, and an alert reaches it by its service worker, which shows a notification', async () => {
  await using device = await newDevice()
  const { page, context } = device
  await context.grantPermissions(['notifications'], { origin: server.httpUrl })
  await page.goto(`${server.httpUrl}/u/authenticator`)
  await device.reads(/^No account uses this device yet/)
  assert(
    await soon(() =>
      page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated'),
    ),
    'its service worker starts',
  )
  const manifest = await page.evaluate(async () => {
    const { href } = document.querySelector('link[rel=manifest]') as HTMLLinkElement
    const registration = await navigator.serviceWorker.getRegistration()
    const scope = new URL(registration?.scope ?? '').pathname
    return { ...(await (await fetch(href)).json()), scope_: scope }
  })
  assert.deepEqual(
    [manifest.name, manifest.start_url, manifest.display, manifest.scope_],
    ['Northwind – Authenticator', '/u/authenticator', 'standalone', '/u/authenticator'],
  )
  const cdp = await context.newCDPSession(page)
  const registered = new Promise<string>((resolve) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      if (registrations[0] !== undefined) resolve(registrations[0].registrationId)
    })
  })
  await cdp.send('ServiceWorker.enable')
  const told = page.evaluate(
    () => new Promise((resolve) => navigator.serviceWorker.addEventListener('message', ({ data }) => resolve(data))),
  )
  await cdp.send('ServiceWorker.deliverPushMessage', {
    origin: server.httpUrl,
    registrationId: await registered,
    data: JSON.stringify({ title: 'Northwind', text: 'Open the authenticator.' }),
  })
  assert.equal(await told, 'alert')
  const shown = await soon(() =>
    page.evaluate(async () => {
      const [it] = (await (await navigator.serviceWorker.getRegistration())?.getNotifications()) ?? []
      return it && `${it.title}: ${it.body}`
    }),
  )
  assert.equal(shown, 'Northwind: Open the authenticator.')
  assert.deepEqual(device.errors, [])
})
