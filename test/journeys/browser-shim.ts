import type { Answer, Device } from '../support/webauthn.ts'

/** One request the SDK made, with what came back. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: string
  readonly status: number
}

/** Storage as a browser has it: its keys are its own enumerable members. */
class KeyStorage {
  [key: string]: unknown
}
Object.defineProperties(KeyStorage.prototype, {
  getItem: {
    value(this: KeyStorage, key: string) {
      return this[key] ?? null
    },
  },
  setItem: {
    value(this: KeyStorage, key: string, text: string) {
      this[key] = String(text)
    },
  },
  removeItem: {
    value(this: KeyStorage, key: string) {
      delete this[key]
    },
  },
})

/**
 * TESTS ONLY: as much of a browser as the single-page SDK touches outside frames and popups (auth0.md §8.0). Put it up
 * before the SDK is imported. The list of requests grows as they are answered.
 */
export function putUpBrowser(origin: string): Seen[] {
  const seen: Seen[] = []
  const realFetch = globalThis.fetch
  const watching: typeof fetch = async (input, init) => {
    const answer = await realFetch(input, init)
    seen.push({
      method: init?.method ?? 'GET',
      url: String(input),
      headers: new Headers(init?.headers),
      body: String(init?.body ?? ''),
      status: answer.status,
    })
    return answer
  }
  const location = { origin, href: `${origin}/`, protocol: new URL(origin).protocol, search: '', assign() {} }
  const document = { cookie: '' }
  const storage = { localStorage: new KeyStorage(), sessionStorage: new KeyStorage() }
  const window = {
    ...storage,
    document,
    location,
    crypto: globalThis.crypto,
    fetch: watching,
    btoa,
    atob,
    history: { replaceState() {} },
    addEventListener() {},
    removeEventListener() {},
  }
  const all = { ...storage, document, location, window, fetch: watching }
  for (const [name, value] of Object.entries(all)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  }
  return seen
}

/**
 * TESTS ONLY: `navigator.credentials` of a browser whose authenticator is this one. Bytes go in and out as buffers, as
 * in a browser, so that what the SDK does with them is seen.
 */
export function putUpKeys(device: Pick<Device, 'create' | 'get'>): void {
  const text = (bytes: unknown): string => Buffer.from(bytes as ArrayBuffer).toString('base64url')
  const buffer = (value: string | undefined) =>
    value === undefined ? null : new Uint8Array(Buffer.from(value, 'base64url')).buffer
  const credential = ({ id, response }: Answer) => ({
    id,
    rawId: buffer(id),
    type: 'public-key',
    authenticatorAttachment: null,
    getClientExtensionResults: () => ({}),
    response: Object.fromEntries(Object.entries(response).map(([name, value]) => [name, buffer(value)])),
  })
  const credentials = {
    async create({ publicKey }: { publicKey: { challenge: unknown; user: { id: unknown } } }) {
      const user = { ...publicKey.user, id: text(publicKey.user.id) }
      return credential(device.create({ ...publicKey, challenge: text(publicKey.challenge), user }))
    },
    async get({ publicKey }: { publicKey: { challenge: unknown } }) {
      return credential(device.get({ allowCredentials: [], ...publicKey, challenge: text(publicKey.challenge) }))
    },
  }
  const { window } = globalThis as unknown as { window: object }
  Object.assign(window, { PublicKeyCredential: Object })
  Object.defineProperty(globalThis, 'navigator', { value: { credentials }, configurable: true, writable: true })
}
