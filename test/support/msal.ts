import assert from 'node:assert/strict'
import type { CustomAuthPublicClientApplication as App } from '@azure/msal-browser/custom-auth'
import { JSDOM } from 'jsdom'

/** One request the SDK made. */
export interface Seen {
  /** Path after the tenant. */
  readonly path: string
  readonly query: string
  readonly params: URLSearchParams
  readonly headers: Headers
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
  readonly body: any
}

/**
 * TESTS ONLY: what the unmodified SDK takes a browser for. jsdom for window and storage, the runtime's own fetch and
 * WebCrypto; every request is written down.
 */
export async function openBrowser() {
  const dom = new JSDOM('<!doctype html>', { url: 'https://app.example/' })
  const { window } = dom
  const seen: Seen[] = []
  let tamper: ((seen: Seen) => Response | undefined) | undefined
  let rewrite: ((path: string, params: URLSearchParams) => void) | undefined
  const watched: typeof fetch = async (input, init) => {
    const url = new URL(String(input))
    const sent = new URLSearchParams(String(init?.body ?? ''))
    rewrite?.(url.pathname, sent)
    const isForm = new Headers(init?.headers).get('content-type')?.includes('form') === true
    const body = isForm ? { body: sent.toString() } : {}
    const reply = await fetchBefore(input, {
      ...init,
      ...body,
      headers: { origin: 'https://app.example', ...headersOf(init) },
    })
    const text = await reply.text()
    const one: Seen = {
      path: url.pathname.replace(/^.*(?=\/(oauth2|register|signup|resetpassword)\/)/, ''),
      query: url.search,
      params: new URLSearchParams(String(init?.body ?? '')),
      headers: new Headers(init?.headers),
      status: reply.status,
      body: text.startsWith('{') ? JSON.parse(text) : text,
    }
    seen.push(one)
    const other = tamper?.(one)
    return other ?? new Response(text === '' ? null : text, { status: reply.status, headers: reply.headers })
  }
  const fetchBefore = globalThis.fetch
  const define = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  Object.assign(window, { fetch: watched, Headers, TextEncoder, TextDecoder, Response, Request })
  Object.defineProperty(window, 'crypto', { value: globalThis.crypto, configurable: true })
  define('window', window)
  define('document', window.document)
  define('location', window.location)
  define('navigator', window.navigator)
  define('localStorage', window.localStorage)
  define('sessionStorage', window.sessionStorage)
  define('fetch', watched)
  // The runtime's channels keep a process alive until they are closed.
  const channels: BroadcastChannel[] = []
  const Channel = globalThis.BroadcastChannel
  define(
    'BroadcastChannel',
    class extends Channel {
      constructor(name: string) {
        super(name)
        channels.push(this)
      }
    },
  )
  const msal = await import('@azure/msal-browser/custom-auth')
  return {
    msal,
    seen,
    /** Paths of the requests since the last call. */
    paths: () => seen.splice(0).map((it) => it.path),
    /** Gives the SDK another answer than the server's, for what only a broken server says. */
    tamper(with_: typeof tamper) {
      tamper = with_
    },
    /** Sends other parameters than the SDK would, for errors its own checks keep from the wire. */
    rewrite(with_: typeof rewrite) {
      rewrite = with_
    },
    clear() {
      window.sessionStorage.clear()
      window.localStorage.clear()
      seen.length = 0
    },
    close() {
      for (const it of channels) it.close()
      window.close()
    },
    create: (config: Parameters<typeof App.create>[0]) => msal.CustomAuthPublicClientApplication.create(config),
  }
}

const headersOf = (init: RequestInit | undefined) => Object.fromEntries(new Headers(init?.headers))

export type Browser = Awaited<ReturnType<typeof openBrowser>>

/** `=>` of entra.md §7: the state a result is in, with its error in the text where it is another one. */
// biome-ignore lint/suspicious/noExplicitAny: results of any of the SDK's classes
export function assertState(result: any, stateType: string): void {
  const { state, error } = result
  const why = error ? `${error.errorData?.error} ${error.errorData?.errorDescription ?? error.errorData?.message}` : ''
  assert.equal(state?.stateType ?? state?.constructor?.name, stateType, why)
}

export const nativeClient = '6d1f7c4e-0b1f-4f0a-9c3d-2f6f5c1b7a10'
export const attributesClient = '6d1f7c4e-0b1f-4f0a-9c3d-2f6f5c1b7a20'

// biome-ignore lint/suspicious/noExplicitAny: which class a state is of is what the tests assert at run time
export type Loose = any

/** C0 of entra.md §7: a client that can do everything, with its calls going to the server's plain http address. */
export function c0(server: { readonly httpUrl: string }, over: Loose = {}): Loose {
  const { customAuth, auth, ...rest } = over
  return {
    auth: {
      clientId: nativeClient,
      authority: 'https://demo.ciamlogin.com/demo.onmicrosoft.com',
      knownAuthorities: ['demo.ciamlogin.com'],
      ...auth,
    },
    cache: { cacheLocation: 'sessionStorage' },
    customAuth: {
      challengeTypes: ['password', 'oob', 'redirect'],
      capabilities: ['mfa_required', 'registration_required'],
      authApiProxyUrl: `${server.httpUrl}/demo.onmicrosoft.com`,
      ...customAuth,
    },
    ...rest,
  }
}

/** A code that is certainly wrong. */
export const notThe = (code: string): string => code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))
