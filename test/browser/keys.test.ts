import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { startServer, type TestServer } from '../support/server.ts'
import { plugIn } from './support/authenticator.ts'
import { openChromium } from './support/chromium.ts'
import { emailOf, newPerson, type Person, passwordOf } from './support/person.ts'
import { openSpa, type Spa } from './support/spa.ts'

/** Keys as a person meets them: Chromium's own WebAuthn with a virtual authenticator, our pages, an unmodified SDK. */

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
          factors: ['password', 'totp', 'webauthn', 'recovery_code'],
          mfa: { mode: 'ALWAYS' },
          applications: [
            {
              client_id: 'spa',
              type: 'spa',
              name: 'Somebody’s application',
              redirect_uris: [spa.url],
              logout_uris: [`${spa.url}/bye`],
              allowed_origins: [spa.url],
              grant_types: ['authorization_code', 'refresh_token'],
            },
          ],
          users: ['ada', 'bob', 'cy', 'dee', 'eve', 'fay'].map((name) => ({
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

const passkeyAlone = { amr: ['pop', 'user', 'swk', 'mfa'], acr: 'phr' }
const told = ({ amr, acr }: Record<string, unknown>) => ({ amr, acr })

async function enrol(person: Person, name: string): Promise<void> {
  await person.signIn()
  await person.password(name)
  await person.sees('Protect your account')
  await person.press(/^Security key or passkey/)
  await person.press('Set up now')
  await keepCodes(person)
}

async function keepCodes(person: Person): Promise<void> {
  await person.sees('Save your recovery code')
  await person.page.getByLabel('I have saved it in a safe place').check()
  await person.press('Continue')
}

/** A browser that offers passkeys in no list, so that nothing answers before the button is pressed. */
const withoutList = ({ page }: Person) =>
  page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false)
  })

/** Set up with a passkey and signed out again; nobody at the device. */
async function withPasskey(name: string, { list = false } = {}) {
  const person = await newPerson(browser, server, spa)
  if (!list) await withoutList(person)
  const passkey = await plugIn(person, 'passkey')
  await enrol(person, name)
  await person.arrive()
  await person.logout()
  await passkey.hands(false)
  return { person, passkey }
}

for (const [kind, name, amr] of [
  ['passkey', 'ada', ['pwd', 'pop', 'user', 'swk', 'mfa']],
  ['key', 'bob', ['pwd', 'pop', 'user', 'mfa']],
] as const) {
  test(`a ${kind} is set up at the first login and asked for at the second, though somebody hesitates first`, async () => {
    await using person = await newPerson(browser, server, spa)
    const device = await plugIn(person, kind)
    await enrol(person, name)
    assert.deepEqual(told(await person.arrive()), { amr, acr: 'phr' })
    await person.logout()
    // Nobody touches it while the page offers it: whoever types is not disturbed.
    await device.hands(false)
    await person.signIn()
    await person.password(name)
    await person.sees('Verify it is you')
    // The first try is given up for another way, the second goes through.
    await person.press('Use key or passkey')
    await person.press('Try another way')
    await person.press(/^Security key or passkey/)
    await device.hands(true)
    await person.press('Use key or passkey')
    assert.deepEqual(told(await person.arrive()), { amr, acr: 'phr' })
  })
}

describe('signing in with a passkey', () => {
  test('by the button: nothing is typed, and the tokens say two factors', async () => {
    const { person, passkey } = await withPasskey('cy')
    await using _ = person
    await person.signIn()
    await person.sees('Sign in')
    await passkey.hands(true)
    await person.press('Sign in with a passkey')
    assert.deepEqual(told(await person.arrive()), passkeyAlone)
  })

  test('from the list the box opens, without any button', async () => {
    const { person, passkey } = await withPasskey('dee', { list: true })
    await using _ = person
    await passkey.hands(true)
    await person.signIn()
    assert.deepEqual(told(await person.arrive()), passkeyAlone)
  })

  test('a finger that is not the right one is told in plain words, and the next try goes through', async () => {
    const { person, passkey } = await withPasskey('eve')
    await using _ = person
    await person.signIn()
    await person.sees('Sign in')
    await passkey.hands(true)
    await passkey.verified(false)
    for (let tries = 0; tries < 2; tries++) {
      await person.press('Sign in with a passkey')
      await person.page.getByText('No passkey was used').waitFor()
    }
    await passkey.verified(true)
    await person.press('Sign in with a passkey')
    assert.deepEqual(told(await person.arrive()), passkeyAlone)
    // As a second factor: what the server refuses is asked anew at each try, in the same place.
    await passkey.hands(false)
    await person.logout()
    await person.signIn()
    await person.password('eve')
    await person.sees('Verify it is you')
    await passkey.hands(true)
    await passkey.broken(true)
    for (let tries = 0; tries < 2; tries++) {
      const refused = person.page.waitForResponse((it) => it.url().endsWith('/verify') && it.status() === 400)
      await person.press('Use key or passkey')
      await refused
      await person.page.getByText('This key was not accepted').waitFor()
    }
    await passkey.broken(false)
    await person.press('Use key or passkey')
    assert.equal((await person.arrive()).acr, 'phr')
  })

  test('one that was removed from the account is refused, and the password still works', async () => {
    await using person = await newPerson(browser, server, spa)
    await withoutList(person)
    const passkey = await plugIn(person, 'passkey')
    await person.signIn()
    await person.password('fay')
    await person.press(/^Authenticator app/)
    const secret = await person.secret()
    await person.type('Then enter the code the app shows', await server.totp(secret))
    await person.press('Confirm')
    await keepCodes(person)
    await person.arrive()

    // The account offers a passkey to whoever has none.
    await person.page.goto(`${server.publicUrl}/u/account`)
    await person.press('Create a passkey')
    await person.press('Set up now')
    await person.page.getByText('“Security key or passkey” was added.').waitFor()
    assert.equal(await passkey.count(), 1)
    assert.equal(await person.page.getByRole('button', { name: 'Create a passkey' }).count(), 0)
    await person.press('Remove: Security key or passkey')
    await person.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await person.page.getByText('“Security key or passkey” was removed.').waitFor()
    await person.press('Sign out')
    await person.sees('You are signed out')

    await passkey.hands(false)
    await person.signIn()
    await person.sees('Sign in')
    await passkey.hands(true)
    await person.press('Sign in with a passkey')
    await person.page.getByText('This passkey was not accepted').waitFor()
    await passkey.hands(false)
    await server.advance(31)
    await person.password('fay')
    await person.type('Code', await server.totp(secret))
    await person.press('Verify')
    assert.deepEqual((await person.arrive()).amr, ['pwd', 'otp', 'mfa'])
  })
})
