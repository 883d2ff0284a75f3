/**
 * The key that makes this browser a trusted device: P-256, its private half not extractable and kept in IndexedDB, so that
 * a copied cookie is worth nothing elsewhere (docs/hosted-api.md, "Remember this device").
 */

const database = 'polyfactor'
const shelf = 'device'

export interface PublicJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(shelf)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function use<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opened = await open()
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = work(opened.transaction(shelf, mode).objectStore(shelf))
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  } finally {
    opened.close()
  }
}

/** Makes and keeps a new key; its public half. Undefined where the browser keeps no keys (some private windows). */
export async function newDeviceKey(): Promise<PublicJwk | undefined> {
  try {
    const pair = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
    const { x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
    await use('readwrite', (store) => store.put(pair.privateKey, 'key'))
    return x === undefined || y === undefined ? undefined : { kty: 'EC', crv: 'P-256', x, y }
  } catch {
    return undefined
  }
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
const part = (value: object): string => base64url(new TextEncoder().encode(JSON.stringify(value)))

/** A compact JWS over the server's nonce; undefined when this browser has no key. */
export async function signNonce(nonce: string): Promise<string | undefined> {
  try {
    const key = await use<CryptoKey | undefined>('readonly', (store) => store.get('key'))
    if (key === undefined) return undefined
    const text = `${part({ alg: 'ES256', typ: 'device+jwt' })}.${part({ nonce })}`
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, new TextEncoder().encode(text))
    return `${text}.${base64url(new Uint8Array(signature))}`
  } catch {
    return undefined
  }
}
