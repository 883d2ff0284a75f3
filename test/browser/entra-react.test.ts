import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { build } from 'vite'
import { nativeTenant, someone } from '../journeys/entra-support.ts'
import { emailOf, passwordOf } from '../journeys/support.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openChromium } from './support/chromium.ts'
import { viewAs } from './support/view.ts'

/** The sample single-page application as it is, built and served, against the real server: every flow of its README. */

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
}
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const clientId = 'demo-native'
const phone = '+1 555-555-0161'

let folder: string
let site: Server
let server: TestServer
let chrome: Browser
let context: BrowserContext
let page: Page
let origin: string

/** The built files, but for the address of the server. */
function serve(path: string): { readonly type: string; readonly body: string | Buffer } | undefined {
  if (path === '/config.json') {
    const config = { clientId, authority: `${server.publicUrl}/demo`, api: `${server.httpUrl}/demo` }
    return { type: 'application/json', body: JSON.stringify(config) }
  }
  const name = { '/': 'index.html', '/callback': 'callback.html' }[path] ?? path.slice(1)
  try {
    return { type: types[extname(name)] ?? 'text/html', body: readFileSync(join(folder, name)) }
  } catch {
    return undefined
  }
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'polyfactor-sample-'))
  const configFile = fileURLToPath(new URL('../../examples/entra-react/vite.config.ts', import.meta.url))
  await build({ configFile, logLevel: 'error', build: { outDir: folder, chunkSizeWarningLimit: 2_000 } })
  site = createServer((request, response) => {
    const found = serve(new URL(request.url ?? '/', 'http://site').pathname)
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': found?.type ?? 'text/plain' })
    response.end(found?.body)
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  origin = `http://localhost:${(site.address() as AddressInfo).port}`
  const application = {
    client_id: clientId,
    type: 'native' as const,
    native_auth: true,
    allowed_origins: [origin],
    redirect_uris: [`${origin}/callback`],
    grant_types: ['authorization_code' as const, 'refresh_token' as const],
  }
  const users = [
    someone('ada', { mfa_enabled: true }),
    someone('bob'),
    someone('mia', { authenticators: [{ factor: 'sms', phone_number: '+15555550162' }] }),
    someone('tom', { authenticators: [{ factor: 'totp', secret }] }),
  ]
  server = await startServer({ config: nativeTenant(users, { applications: [application] }) })
  chrome = await openChromium()
})
after(async () => {
  await chrome?.close()
  await server?.stop()
  site?.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  await context?.close()
  // The server's certificate is of an authority of its own.
  context = await chrome.newContext({
    ignoreHTTPSErrors: true,
    locale: 'en-US',
    viewport: { width: 1000, height: 760 },
  })
  await context.addInitScript({ content: axe })
  page = await context.newPage()
  await page.goto(origin)
})

/** Everything wrong with the page as it stands, in words; also dark, and on a small phone. */
async function assertAccessible(name: string): Promise<void> {
  for (const [colorScheme, width] of [
    ['light', 1000],
    ['dark', 320],
  ] as const) {
    await viewAs(page, colorScheme, width, 760)
    const { found, wide } = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run: (root: unknown) => Promise<AxeResults> } }
      const { violations } = await axe.run(document)
      const root = document.documentElement
      return {
        found: violations.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.html}`)),
        wide: root.scrollWidth - root.clientWidth,
      }
    })
    assert.deepEqual(found, [], `${name}, ${colorScheme}`)
    assert.ok(wide <= 0, `${name} is ${wide} px wider than a window of ${width}`)
    const shots = process.env.SCREENSHOTS
    if (shots !== undefined) await page.screenshot({ path: join(shots, `entra-react-${name}.${colorScheme}.png`) })
  }
  await viewAs(page, 'light', 1000, 760)
}

const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
const fill = (label: string, value: string) => page.getByLabel(label, { exact: true }).fill(value)
const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor()
const alert = (text: RegExp) => page.getByRole('alert').filter({ hasText: text }).waitFor()

async function begin(name: string): Promise<void> {
  await fill('E-mail address', emailOf(name))
  await press('Continue')
}
async function signIn(name: string): Promise<void> {
  await begin(name)
  await heading('Enter your password')
  await fill('Password', passwordOf(name))
  await press('Sign in')
}
async function enter(filter: { to?: string; channel?: string }, button = 'Continue'): Promise<void> {
  await page.getByLabel('Code', { exact: true }).waitFor()
  await fill('Code', await server.lastCode(filter))
  await press(button)
}

describe('the sample application', () => {
  test('forced registration with both kinds of blocked number, sign-in with the new factor, and the list of methods', async () => {
    await heading('Sign in')
    await assertAccessible('sign-in')
    await begin('nobody')
    await alert(/no account/)
    await signIn('ada')
    await heading('Protect your account')
    await page.getByLabel('A phone number').check()
    await fill('Phone number', '+1 555 666 0100')
    await press('Send a code')
    await alert(/because of its reputation/)
    await assertAccessible('blocked')
    await fill('Phone number', '+49 1512 3456789')
    await press('Send a code')
    await alert(/does not send codes to this country/)
    await fill('Phone number', '12')
    await press('Send a code')
    await alert(/cannot be used/)
    await fill('Phone number', phone)
    await press('Send a code')
    await enter({ channel: 'sms' }, 'Confirm')
    await heading('Welcome')
    await press('Manage security')
    await page.getByText('+*********61').waitFor()
    await assertAccessible('security')
    await page.reload()
    await heading('Welcome')
    await press('Sign out')
    await signIn('ada')
    await heading('Confirm that it is you')
    await assertAccessible('choose')
    await press('Send a code')
    await page.getByText('+*********61').waitFor()
    const code = await server.lastCode({ channel: 'sms' })
    await fill(
      'Code',
      code.replace(/^./, (digit) => String((Number(digit) + 1) % 10)),
    )
    await press('Continue')
    await alert(/not the code/)
    await fill('Code', code)
    await press('Continue')
    await heading('Welcome')
  })

  test('Manage security adds an e-mail address at once after signing in, without a word about it elsewhere', async () => {
    await signIn('bob')
    await heading('Welcome')
    await press('Manage security')
    await press('Add a method')
    await heading('Add a method')
    await page.getByLabel('A phone number').check()
    for (const [number, words] of [
      ['+1 555 666 0100', /because of its reputation/],
      ['+49 1512 3456789', /does not send codes to this country/],
    ] as const) {
      await fill('Phone number', number)
      await press('Send a code')
      await alert(words)
    }
    await page.getByLabel('An e-mail address').check()
    await fill('E-mail address', 'bob.two@example.com')
    await press('Send a code')
    await assertAccessible('code')
    await enter({ to: 'bob.two@example.com' }, 'Confirm')
    await heading('Manage security')
    await page.getByText('The method was added.').waitFor()
    await page.getByText('b***@example.com').waitFor()
    assert.equal((await server.outbox({ to: emailOf('bob') })).filter((it) => it.purpose === 'notice').length, 1)
  })

  test('Manage security asks for a sign-in once more when the last was long ago, with the second factor', async () => {
    await signIn('mia')
    await press('Send a code')
    await enter({ channel: 'sms' })
    await heading('Welcome')
    await server.advance(301)
    await press('Manage security')
    await press('Add a method')
    await heading('Confirm that it is you')
    await assertAccessible('confirm')
    await fill('Password', 'not this one')
    await press('Continue')
    await alert(/do not belong together/)
    await fill('Password', passwordOf('mia'))
    await press('Continue')
    await press('Send a code')
    await enter({ channel: 'sms' })
    await heading('Add a method')
    await page.getByLabel('An e-mail address').check()
    await fill('E-mail address', 'mia.two@example.com')
    await press('Send a code')
    await enter({ to: 'mia.two@example.com' }, 'Confirm')
    await page.getByText('m***@example.com').waitFor()
  })

  test('and by the SDK’s own states where the person has no second factor yet', async () => {
    await server.admin('POST', '/tenants/demo/users', { email: emailOf('hal'), password: passwordOf('hal') })
    await signIn('hal')
    await heading('Welcome')
    await server.advance(301)
    await press('Manage security')
    await press('Add a method')
    await fill('Password', passwordOf('hal'))
    await press('Continue')
    await heading('Add a method')
    await page.getByLabel('A phone number').check()
    await fill('Phone number', '+15555550163')
    await press('Send a code')
    await enter({ channel: 'sms' }, 'Confirm')
    await page.getByText('+*********63').waitFor()
  })

  test('sign-up step by step, and a password reset, each ending signed in', async () => {
    await press('Create an account')
    await heading('Create an account')
    await begin('new')
    await heading('Enter the code')
    await press('Send a new code')
    await page.getByText('There is a new code').waitFor()
    await enter({ to: emailOf('new') })
    await heading('Choose a password')
    await fill('New password', 'short')
    await press('Continue')
    await alert(/too short/)
    await fill('New password', passwordOf('new'))
    await assertAccessible('new-password')
    await press('Continue')
    await heading('Done')
    await press('Continue')
    await heading('Welcome')
    await press('Sign out')
    await press('Forgot your password?')
    await fill('E-mail address', emailOf('new'))
    await press('Send a code')
    await enter({ to: emailOf('new') })
    await fill('New password', 'a new and long enough password')
    await press('Change password')
    await heading('Done')
    await press('Continue')
    await heading('Welcome')
  })

  test('a factor without words here: the hosted pages in a window, and back signed in', async () => {
    await signIn('tom')
    await alert(/only the sign-in page has/)
    const opened = context.waitForEvent('page')
    await press('Open the sign-in page')
    const window = await opened
    await window.getByLabel('E-mail or user name').fill(emailOf('tom'))
    await window.getByRole('button', { name: 'Continue', exact: true }).click()
    await window.getByLabel('Password', { exact: true }).fill(passwordOf('tom'))
    await window.getByRole('button', { name: 'Sign in', exact: true }).click()
    await window.getByLabel('Code', { exact: true }).fill(await server.totp(secret))
    await window.getByRole('button', { name: /^(Continue|Verify|Sign in)$/ }).click()
    await heading('Welcome')
    await press('Manage security')
    await page.getByText('Authenticator app').waitFor()
  })
})
