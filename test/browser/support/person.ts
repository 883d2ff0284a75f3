import assert from 'node:assert/strict'
import type { Auth0Client, Auth0ClientOptions, User } from '@auth0/auth0-spa-js'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { TestServer } from '../../support/server.ts'
import type { Spa } from './spa.ts'

/** TESTS ONLY: somebody at a browser: reads what the page says, types, presses. */
export interface Person {
  readonly page: Page
  readonly context: BrowserContext
  /** Opens the application and asks it to sign in; ends at our page. */
  signIn(params?: Record<string, string>): Promise<void>
  /** Who they are and their password. */
  password(name: string): Promise<void>
  type(label: string | RegExp, text: string): Promise<void>
  press(name: string | RegExp): Promise<void>
  sees(heading: string | RegExp): Promise<void>
  /** Back at the application: what the SDK has made of it. */
  arrive(): Promise<User & Record<string, unknown>>
  /** `getTokenSilently` past every cache: by a frame. */
  silently(params?: Record<string, string>): Promise<string | undefined>
  logout(): Promise<void>
  /** Opens a set-up key for typing and reads it. */
  secret(): Promise<string>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export const passwordOf = (name: string): string => `the quite long password of ${name}`
export const emailOf = (name: string): string => `${name}@example.com`

interface InPage {
  readonly ready?: boolean
  readonly client: Auth0Client
  open_(options: Auth0ClientOptions): void
}

export async function newPerson(
  browser: Browser,
  server: TestServer,
  spa: Spa,
  { script = true, clientId = 'spa' } = {},
): Promise<Person> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    javaScriptEnabled: script,
    reducedMotion: 'reduce',
    locale: 'en-US',
  })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const options = { domain: server.domain, clientId, authorizationParams: { redirect_uri: spa.url } }
  const openApp = async (address = spa.url) => {
    if (!page.url().startsWith(spa.url) || address !== spa.url) await page.goto(address)
    await page.waitForFunction(() => (globalThis as unknown as InPage).ready === true)
    await page.evaluate((it) => (globalThis as unknown as InPage).open_(it), options)
  }
  const person: Person = {
    [Symbol.asyncDispose]: () => person.close(),
    page,
    context,
    async signIn(params = {}) {
      await openApp()
      await page.evaluate(
        (authorizationParams) =>
          void (globalThis as unknown as InPage).client.loginWithRedirect({ authorizationParams }),
        params,
      )
      await page.waitForURL((url) => url.origin !== spa.url || url.search.includes('code='))
    },
    async password(name) {
      await person.type('E-mail or user name', emailOf(name))
      await person.press('Continue')
      await person.type('Password', passwordOf(name))
      await person.press('Sign in')
    },
    type: (label, text) => page.getByLabel(label, { exact: typeof label === 'string' }).fill(text),
    press: (name) => page.getByRole('button', { name, exact: typeof name === 'string' }).click(),
    sees: (heading) => page.getByRole('heading', { name: heading, level: 1 }).waitFor(),
    async arrive() {
      await page.waitForURL((url) => url.origin === spa.url && /[?&](code|error)=/.test(url.search))
      await page.waitForFunction(() => (globalThis as unknown as InPage).ready === true)
      await page.evaluate((it) => (globalThis as unknown as InPage).open_(it), options)
      const user = await page.evaluate(async () => {
        const { client } = globalThis as unknown as InPage
        await client.handleRedirectCallback()
        history.replaceState(null, '', '/')
        const claims = await client.getIdTokenClaims()
        return { ...(await client.getUser()), amr: claims?.amr, acr: claims?.acr }
      })
      assert.ok(user)
      return user
    },
    silently: (params = {}) =>
      page.evaluate(
        (authorizationParams) =>
          (globalThis as unknown as InPage).client.getTokenSilently({ cacheMode: 'off', authorizationParams }),
        params,
      ),
    async logout() {
      await page.evaluate(
        (returnTo) => void (globalThis as unknown as InPage).client.logout({ logoutParams: { returnTo } }),
        `${spa.url}/bye`,
      )
      await page.waitForURL(`${spa.url}/bye`)
    },
    async secret() {
      await page.locator('summary').click()
      const text = await page.locator('.secret code').textContent()
      return (text ?? '').replaceAll(' ', '')
    },
    close: () => context.close(),
  }
  return person
}
