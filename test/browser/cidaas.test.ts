import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { s256 } from '#crypto/digest.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openChromium } from './support/chromium.ts'

/** cidaas' redirect login in a real browser: with our own pages, and with the sample's on a site of its own. */

const sample = new URL('../../examples/cidaas-hosted-pages/', import.meta.url)
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const password = 'the quite long password of ada'
const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  json: 'application/json',
}

let server: TestServer
let pages: Server
let browser: Browser
let site: string

/** The sample's files as they are, but for the address of the server; and the page an application lands on. */
async function serve(path: string): Promise<{ readonly type: string; readonly body: string }> {
  if (path === '/callback') return { type: 'text/html', body: '<!doctype html><title>Back</title><h1>Back</h1>' }
  const name = path === '/' ? 'index.html' : path.slice(1)
  if (name === 'config.json') return { type: 'application/json', body: JSON.stringify({ authority: server.publicUrl }) }
  const body = await readFile(new URL(name, sample), 'utf8').catch(() => '')
  return { type: types[name.split('.').at(-1) ?? ''] ?? 'text/plain', body }
}

before(async () => {
  pages = createServer((request, response) => {
    serve(new URL(request.url ?? '/', 'http://pages').pathname).then(({ type, body }) =>
      response.writeHead(body === '' ? 404 : 200, { 'content-type': type }).end(body),
    )
  })
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  // Another site than the server's: the browser counts 127.0.0.1 and localhost as strangers.
  site = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`
  const application = {
    type: 'spa' as const,
    redirect_uris: [`${site}/callback`],
    grant_types: ['authorization_code' as const],
    mfa: { mode: 'ALWAYS' as const },
  }
  const tenant = (id: string, domains: string[]) => ({
    id,
    domains,
    discovery: 'cidaas' as const,
    factors: ['password' as const, 'totp' as const, 'sms' as const, 'webauthn' as const, 'recovery_code' as const],
    applications: [
      { client_id: 'app', name: 'Somebody’s application', ...application },
      {
        client_id: 'careful',
        name: 'A careful application',
        ...application,
        mfa: { mode: 'OFF' as const },
        ask_for_scopes: true,
        consents: [{ id: 'terms', version: '1', name: 'Terms of use', url: 'https://app.example/terms' }],
      },
    ],
    users: ['ada', 'bea', 'cleo']
      .map((name) => ({
        email: `${name}@example.com`,
        password,
        authenticators: [
          { factor: 'totp' as const, secret },
          { factor: 'sms' as const, phone_number: '+15555550101' },
        ],
      }))
      .concat(['dora', 'emil'].map((name) => ({ email: `${name}@example.com`, password, authenticators: [] }))),
  })
  server = await startServer({ config: () => ({ tenants: [tenant('demo', ['localhost', '127.0.0.1'])] }) })
  browser = await openChromium()
})
after(async () => {
  await browser?.close()
  await server?.stop()
  await new Promise((resolve) => pages?.close(resolve))
})

const authorize = (over: Record<string, string> = {}): string =>
  `${server.publicUrl}/authz-srv/authz?${new URLSearchParams({
    client_id: 'app',
    redirect_uri: `${site}/callback`,
    response_type: 'code',
    scope: 'openid',
    state: 's',
    ...over,
    code_challenge: s256('v'.repeat(43)),
    code_challenge_method: 'S256',
  })}`

async function signIn(name: string, over: Record<string, string> = {}, known?: Page): Promise<Page> {
  const page = known ?? (await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage())
  await page.goto(authorize(over))
  await page.getByLabel('E-mail, phone or user name').fill(`${name}@example.com`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/track_id=/)
  return page
}

async function arrived(page: Page): Promise<void> {
  await page.waitForURL(`${site}/callback?**`)
  const { searchParams } = new URL(page.url())
  assert.ok(searchParams.get('code'))
  assert.equal(searchParams.get('state'), 's')
}

/** In the page: what a page of somebody's own does to set up a key in a login (cidaas.md §6.2). */
async function setUpKey({ authority, track }: { authority: string; track: string }) {
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    return await (await fetch(`${authority}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json()
  }
  const { origin } = location
  const path = '/verification-actions-srv/setup/FIDO2'
  const begun = await post(`${path}/initiation/${track}`, { domainURL: origin, allowedDomains: [origin] })
  if (!begun.success) return begun
  const { fido2_entity, exchange_id } = begun.data
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(fido2_entity.server_challenge)
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
  const done = await post(`${path}/verification`, {
    exchange_id,
    fido2_client_response: { client_response: credential.toJSON(), fidoRequestId: fido2_entity.fidoRequestId },
  })
  const form = Object.assign(document.createElement('form'), {
    method: 'post',
    action: `${authority}/login-srv/precheck/continue/${track}`,
  })
  document.body.append(form)
  if (done.success) setTimeout(() => form.submit())
  return done
}

const setPage = async (url: string | undefined) => {
  const pagesNow = url === undefined ? {} : { mfa_required: url }
  const changed = await server.admin('PATCH', '/tenants/demo', { pages: pagesNow })
  assert.equal(changed.status, 200, changed.text)
}

describe('cidaas in a real browser', () => {
  test('our own pages: an authenticator app, after a wrong code', async () => {
    await setPage(undefined)
    const page = await signIn('ada')
    await page.getByRole('button', { name: 'Code from an authenticator app' }).click()
    await page.getByRole('textbox', { name: 'Code' }).fill('000000')
    await page.getByRole('button', { name: 'Continue' }).click()
    assert.match((await page.getByRole('alert').textContent()) ?? '', /wrong/)
    await page.getByRole('textbox', { name: 'Code' }).fill(await server.totp(secret))
    await page.getByRole('button', { name: 'Continue' }).click()
    await arrived(page)
    await page.goto(authorize())
    await arrived(page)
    await page.context().close()
  })

  test('the sample’s page on another site: a text message, then the form post that carries the cookies', async () => {
    await setPage(`${site}/`)
    const page = await signIn('bea')
    assert.equal(new URL(page.url()).origin, site)
    await page.getByLabel(/Text message/).check()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('A code was sent to').waitFor()
    await page.getByRole('textbox', { name: 'Code' }).fill('000000')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('The code is wrong').waitFor()
    await page.getByRole('textbox', { name: 'Code' }).fill(await server.lastCode({ channel: 'sms' }))
    await page.getByRole('button', { name: 'Continue' }).click()
    await arrived(page)
    await page.context().close()
  })

  test('a key is set up by a page of somebody’s own, and asked for there at the next login', async () => {
    // Keys are used at addresses of the server's own domain only: there the sample is put in front of it.
    const home = `${server.publicUrl}/sample/`
    await setPage(home)
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    await context.route(`${home}**`, async (route) => {
      const { type, body } = await serve(new URL(route.request().url()).pathname.replace('/sample', ''))
      await route.fulfill({ contentType: type, body })
    })
    const page = await signIn('dora', {}, await context.newPage())
    assert.equal(new URL(page.url()).pathname, '/sample/')
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const options = { protocol: 'ctap2', transport: 'usb', automaticPresenceSimulation: true } as const
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
    const track = new URL(page.url()).searchParams.get('track_id') ?? ''
    const enrolled = await page.evaluate(setUpKey, { authority: server.publicUrl, track })
    assert.equal(enrolled.success, true, JSON.stringify(enrolled))
    await arrived(page)
    await context.clearCookies()
    await signIn('dora', {}, page)
    // What follows a redirect is not intercepted; the same address, opened, is.
    await page.goto(page.url())
    await page.getByLabel(/Security key or passkey/).check()
    await page.getByRole('button', { name: 'Continue' }).click()
    await arrived(page)
    await page.context().close()
  })

  test('pages of conditions of our own: terms, then what the application is told', async () => {
    await setPage(undefined)
    const page = await signIn('emil', { client_id: 'careful', scope: 'openid email' })
    assert.equal(
      await page.getByRole('link', { name: 'Terms of use' }).getAttribute('href'),
      'https://app.example/terms',
    )
    await page.getByRole('button', { name: 'Agree and continue' }).click()
    await page.getByText('wants to know').waitFor()
    await page.getByRole('button', { name: 'Allow' }).click()
    await arrived(page)
    await page.goto(authorize({ client_id: 'careful', scope: 'openid email' }))
    await arrived(page)
    await page.context().close()
  })

  test('docs/decisions/0004: the address of the page, opened in another browser, ends in nothing', async () => {
    await setPage(`${site}/`)
    const mine = await signIn('cleo')
    const thief = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
    await thief.goto(mine.url())
    await thief.getByLabel(/Code from an authenticator app/).check()
    await thief.getByRole('button', { name: 'Continue' }).click()
    await thief.getByRole('textbox', { name: 'Code' }).fill(await server.totp(secret))
    await thief.getByRole('button', { name: 'Continue' }).click()
    await thief.waitForURL(/\/identity\/error/)
    await Promise.all([mine.context().close(), thief.context().close()])
  })
})
