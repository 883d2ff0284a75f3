import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { native, nativeTenant } from '../../journeys/entra-support.ts'
import { attributesClient, type Loose, nativeClient } from '../../support/msal.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { openChromium } from './chromium.ts'

const bundle = (path: string) =>
  readFileSync(new URL(`../../../node_modules/@azure/msal-browser/lib/${path}`, import.meta.url))
const files: Readonly<Record<string, string | Buffer>> = {
  '/sdk.js': bundle('custom-auth-path/msal-custom-auth.js'),
  /** What runs at the redirect address of a popup: it hands the answer to the window that opened it. */
  '/bridge.js': bundle('redirect-bridge/msal-redirect-bridge.js'),
  '/back':
    '<!doctype html><script src="/bridge.js"></script><script>msalRedirectBridge.broadcastResponseToMainFrame()</script>',
}

/** TESTS ONLY: a page with the unmodified SDK on an origin of its own, and the server it talks to. */
export interface NativePage {
  readonly server: TestServer
  readonly page: Page
  readonly origin: string
  /** Runs in the page: `it` holds what earlier steps have kept. The result goes through JSON. */
  run(code: string, args?: Loose): Promise<Loose>
  /** The state a call leads to; the state and the data are kept as `it.state` and `it.data`, an error as `it.error`. */
  step(call: string, args?: Loose): Promise<Loose>
  /** Forgets what the page knows and makes `it.app` anew. */
  fresh(): Promise<void>
  /** Paths the page has posted to since last asked, after the tenant. */
  paths(): readonly string[]
  close(): Promise<void>
}

export async function openNativePage(
  users: Parameters<typeof nativeTenant>[0],
  over: Parameters<typeof nativeTenant>[1] = {},
): Promise<NativePage> {
  const site = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] as string
    response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/html')
    response.end(files[path] ?? '<!doctype html><script src="/sdk.js"></script>')
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const origin = `http://localhost:${(site.address() as AddressInfo).port}`
  const ours = { allowed_origins: [origin], redirect_uris: [`${origin}/back`] }
  const both = nativeTenant(users, { applications: [{ ...native(nativeClient), ...ours }], ...over })
  const server = await startServer({
    config() {
      const config = both()
      const [first, second, ...more] = config.tenants
      if (first === undefined || second === undefined) throw new Error('the tenant that asks for attributes is missing')
      const asking = { ...second, applications: [{ ...native(attributesClient), ...ours }] }
      return { ...config, tenants: [first, asking, ...more] }
    },
  })
  const chrome = await openChromium()
  // The server's certificate is of an authority of its own.
  const context = await chrome.newContext({ ignoreHTTPSErrors: true, locale: 'en-US' })
  const page = await context.newPage()
  let posted: string[] = []
  page.on('request', (request) => {
    const path = /\/(?:oauth2|register|signup|resetpassword)\/v[0-9.]+\/\w+$/.exec(new URL(request.url()).pathname)?.[0]
    if (request.method() === 'POST' && path !== undefined) posted.push(path)
  })
  await page.goto(origin)
  const run: NativePage['run'] = (code, args = {}) =>
    page.evaluate(
      ({ code, args }) => new Function('it', 'args', `return (async () => { ${code} })()`)((window as Loose).it, args),
      { code, args },
    )
  return {
    server,
    page,
    origin,
    run,
    step: (call, args = {}) =>
      run(
        `const got = await ${call}
         if (got.state?.stateType && !got.state.stateType.endsWith('FailedState')) it.state = got.state
         if (got.data) it.data = got.data
         it.error = got.error
         return got.state?.stateType`,
        args,
      ),
    paths() {
      const all = posted
      posted = []
      return all
    },
    async fresh() {
      await page.evaluate(
        async ({ clientId, url }) => {
          sessionStorage.clear()
          const it: Loose = {}
          it.msal = (window as Loose).msalCustomAuth
          it.create = (over: Loose = {}) =>
            it.msal.CustomAuthPublicClientApplication.create({
              cache: { cacheLocation: 'sessionStorage' },
              ...over,
              auth: { clientId, authority: 'https://demo.ciamlogin.com/demo.onmicrosoft.com', ...over.auth },
              customAuth: {
                challengeTypes: ['password', 'oob', 'redirect'],
                capabilities: ['mfa_required', 'registration_required'],
                authApiProxyUrl: `${url}/demo.onmicrosoft.com`,
                requestInterceptor: { addAdditionalHeaderFields: () => ({ 'x-anything': 'goes' }) },
                ...over.customAuth,
              },
            })
          it.app = await it.create()
          Object.assign(window, { it })
        },
        { clientId: nativeClient, url: server.httpUrl },
      )
      posted = []
    },
    async close() {
      await chrome.close()
      await server.stop()
      site.close()
    },
  }
}
