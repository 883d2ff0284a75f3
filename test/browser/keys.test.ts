import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, CDPSession } from 'playwright-core'
import { startServer, type TestServer } from '../support/server.ts'
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
          users: ['ada', 'bob'].map((name) => ({
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

/** A passkey in the machine itself, or a key on the desk that only feels a touch. */
const kinds = {
  passkey: { transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  key: { transport: 'usb', hasResidentKey: false, hasUserVerification: false, isUserVerified: false },
} as const

async function plugIn({ context, page }: Person, kind: keyof typeof kinds): Promise<CDPSession> {
  const cdp = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const options = { protocol: 'ctap2', automaticPresenceSimulation: true, ...kinds[kind] } as const
  await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
  return cdp
}

async function enrol(person: Person, name: string): Promise<void> {
  await person.signIn()
  await person.password(name)
  await person.sees('Protect your account')
  await person.press(/security key|passkey/i)
  await person.press('Set up now')
  await person.sees('Save your recovery code')
  await person.page.getByLabel('I have saved it in a safe place').check()
  await person.press('Continue')
}

for (const [kind, amr, acr] of [
  ['passkey', ['pwd', 'pop', 'user', 'swk', 'mfa'], 'phr'],
  ['key', ['pwd', 'pop', 'user', 'mfa'], 'phr'],
] as const) {
  test(`a ${kind} is set up at the first login and asked for at the second`, async () => {
    await using person = await newPerson(browser, server, spa)
    await plugIn(person, kind)
    const name = kind === 'passkey' ? 'ada' : 'bob'
    await enrol(person, name)
    const first = await person.arrive()
    assert.deepEqual([first.amr, first.acr], [amr, acr])
    await person.logout()
    await person.signIn()
    await person.password(name)
    await person.sees('Verify it is you')
    await person.page
      .getByRole('button', { name: /security key|passkey/i })
      .first()
      .click()
    const again = await person.arrive()
    assert.deepEqual([again.amr, again.acr], [amr, acr])
  })
}
