/**
 * The keys of this device: P-256, made here, their private halves not extractable and kept in IndexedDB. What the server
 * believes is what they sign (docs/push.md).
 */

const database = 'polyfactor-authenticator'
const shelf = 'accounts'

/** One account that trusts this device. */
export interface Account {
  /** Name of the key: its thumbprint (RFC 7638). */
  readonly kid: string
  readonly key: CryptoKey
  /** How the account is called. */
  readonly account: string
  readonly tenant: string
  /** Epoch ms. */
  readonly addedAt: number
}

/** A key that no account trusts yet. */
export interface NewKey {
  readonly kid: string
  readonly key: CryptoKey
  readonly jwk: { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(shelf, { keyPath: 'kid' })
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function use<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opened = await open()
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = opened.transaction(shelf, mode)
      const request = work(transaction.objectStore(shelf))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    opened.close()
  }
}

export const readAccounts = (): Promise<readonly Account[]> => use('readonly', (store) => store.getAll())
export const keepAccount = (account: Account): Promise<unknown> => use('readwrite', (store) => store.put(account))
export const dropAccount = (kid: string): Promise<unknown> => use('readwrite', (store) => store.delete(kid))

/** @throws where the browser makes no keys */
export async function newKey(): Promise<NewKey> {
  const pair = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const { x = '', y = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  const thumb = await crypto.subtle.digest('SHA-256', bytes(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y })))
  return { kid: base64url(thumb), key: pair.privateKey, jwk: { kty: 'EC', crv: 'P-256', x, y } }
}

/** A compact JWS over what this device says, by one of its keys. */
export async function sign({ kid, key }: Pick<Account, 'kid' | 'key'>, says: object): Promise<string> {
  const text = `${part({ alg: 'ES256', typ: 'authenticator-statement+jwt', kid })}.${part(says)}`
  return `${text}.${base64url(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, bytes(text)))}`
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const part = (value: object): string => base64url(bytes(JSON.stringify(value)))

const base64url = (data: ArrayBuffer | Uint8Array): string =>
  btoa(String.fromCharCode(...new Uint8Array(data)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
