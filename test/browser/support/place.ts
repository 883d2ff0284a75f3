import type { Browser } from 'playwright-core'
import type { ConfigInput } from '#config/schema.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { openChromium } from './chromium.ts'
import { emailOf, newPerson, type Person, passwordOf } from './person.ts'
import { openSpa, type Spa } from './spa.ts'

type Tenant = NonNullable<ConfigInput['tenants']>[number]

/** TESTS ONLY: a server with a tenant, somebody's application and a browser; one for all tests of a file. */
export interface Place {
  readonly server: TestServer
  readonly spa: Spa
  readonly browser: Browser
  /** A new browser window with nobody signed in. */
  person(options?: Parameters<typeof newPerson>[3]): Promise<Person>
  close(): Promise<void>
}

const application = (spa: Spa) => ({
  type: 'spa' as const,
  name: 'Somebody’s application',
  redirect_uris: [spa.url],
  logout_uris: [`${spa.url}/bye`],
  allowed_origins: [spa.url],
  grant_types: ['authorization_code' as const, 'refresh_token' as const],
})

/** `spa` asks for a second factor each time, `relaxed` never. */
export async function openPlace(users: readonly string[], tenant: Partial<Tenant> = {}): Promise<Place> {
  const spa = await openSpa()
  const server = await started(spa, users, tenant)
  const browser = await openChromium()
  return {
    server,
    spa,
    browser,
    person: (options) => newPerson(browser, server, spa, options),
    async close() {
      await browser.close()
      await server.stop()
      await spa.close()
    },
  }
}

function started(spa: Spa, users: readonly string[], tenant: Partial<Tenant>): Promise<TestServer> {
  const starting = startServer({
    config: () => ({
      tenants: [
        {
          id: 'demo',
          name: 'Northwind',
          domains: ['localhost', '127.0.0.1'],
          factors: ['password', 'totp', 'sms', 'voice', 'email', 'recovery_code'],
          mfa: { mode: 'OFF' },
          applications: [
            { client_id: 'spa', ...application(spa), mfa: { mode: 'ALWAYS' } },
            { client_id: 'relaxed', ...application(spa) },
          ],
          users: users.map((name) => ({ email: emailOf(name), email_verified: true, password: passwordOf(name) })),
          ...tenant,
        },
      ],
    }),
  })
  // An open port would keep a test alive that has failed already.
  starting.catch(() => spa.close())
  return starting
}

/** Reads the code that is shown once, says that it is kept, and goes on. */
export async function keepCode(person: Person): Promise<string> {
  await person.sees('Save your recovery code')
  const [code = ''] = await person.page.locator('.codes code').allTextContents()
  await person.page.getByLabel('I have saved it in a safe place').check()
  await person.press('Continue')
  return code
}

/** First login with a password, where an authenticator app is set up; its secret and the saved code. */
export async function setUpApp({ server }: Place, person: Person, name: string) {
  await person.signIn()
  await person.password(name)
  await person.sees('Protect your account')
  await person.press(/^Authenticator app/)
  const secret = await person.secret()
  await person.type('Then enter the code the app shows', await server.totp(secret))
  await person.press('Confirm')
  return { secret, recovery: await keepCode(person) }
}
