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
