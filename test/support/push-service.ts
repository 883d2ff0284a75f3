import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { compactVerify, importJWK } from 'jose'

/** What a browser was woken with. */
export interface Woken {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Decrypted. */
  readonly body: string
}

export interface Subscribed {
  readonly endpoint: string
  readonly keys: { readonly p256dh: string; readonly auth: string }
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'base64url'))
const words = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text))
const joined = (...all: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.concat(all))

async function hkdf(
  salt: BufferSource,
  secret: BufferSource,
  info: BufferSource,
  length: number,
): Promise<ArrayBuffer> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  return await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, length * 8)
}

/**
 * TESTS ONLY: a push service with one browser behind it. It checks the sender's signature (RFC 8292) and decrypts what it is
 * given, step by step as RFC 8291 section 3.4 and RFC 8188 section 2 say, with nothing of the library that encrypts.
 */
export async function openPushService(host = 'fcm.googleapis.com') {
  const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits'])
  const own = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const auth = crypto.getRandomValues(new Uint8Array(16))
  const woken: Woken[] = []
  const faults: unknown[] = []
  let status = 201

  async function decrypt(message: Uint8Array): Promise<string> {
    const salt = Uint8Array.from(message.subarray(0, 16))
    const recordSize = new DataView(message.buffer, message.byteOffset).getUint32(16)
    const idLength = message[20] ?? 0
    const sender = Uint8Array.from(message.subarray(21, 21 + idLength))
    const sealed = Uint8Array.from(message.subarray(21 + idLength))
    assert.equal(idLength, 65)
    assert(message.length <= 4_096 && sealed.length <= recordSize)
    const theirs = await crypto.subtle.importKey('raw', sender, { name: 'ECDH', namedCurve: 'P-256' }, false, [])
    const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, pair.privateKey, 256)
    const secret = await hkdf(auth, shared, joined(words('WebPush: info\0'), own, sender), 32)
    const cek = await hkdf(salt, secret, words('Content-Encoding: aes128gcm\0'), 16)
    const iv = await hkdf(salt, secret, words('Content-Encoding: nonce\0'), 12)
    const key = await crypto.subtle.importKey('raw', cek, 'AES-GCM', false, ['decrypt'])
    const plain = new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed))
    const end = plain.lastIndexOf(2)
    assert(
      plain.subarray(end + 1).every((it) => it === 0),
      'padding is zeroes after the last record’s mark',
    )
    return new TextDecoder().decode(plain.subarray(0, end))
  }

  /** `vapid t=<jwt>, k=<key>`: signed for this service by the key it shows. */
  async function checkSender(header = ''): Promise<void> {
    const [, token = '', key = ''] = /^vapid t=([^,]+), k=([A-Za-z0-9_-]+)$/.exec(header) ?? []
    const point = bytes(key)
    const [x, y] = [point.subarray(1, 33), point.subarray(33, 65)].map((it) => Buffer.from(it).toString('base64url'))
    const jwk = await importJWK({ kty: 'EC', crv: 'P-256', x, y }, 'ES256')
    const { payload } = await compactVerify(token, jwk)
    const claims = JSON.parse(new TextDecoder().decode(payload))
    assert.equal(claims.aud, `https://${host}`)
    assert.match(claims.sub, /^mailto:/)
    assert(claims.exp - Date.now() / 1_000 <= 86_400)
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    try {
      assert.equal(request.headers['content-encoding'], 'aes128gcm')
      await checkSender(request.headers.authorization)
      woken.push({
        path: request.url ?? '',
        headers: request.headers,
        body: await decrypt(Uint8Array.from(Buffer.concat(chunks))),
      })
    } catch (error) {
      faults.push(error)
    }
    response.writeHead(status).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    /** For `delivery.push`. */
    address: `webpush:?subject=mailto:ops@example.com&endpoint=http://127.0.0.1:${port}`,
    subscription: {
      endpoint: `https://${host}/send/one`,
      keys: { p256dh: Buffer.from(own).toString('base64url'), auth: Buffer.from(auth).toString('base64url') },
    } satisfies Subscribed,
    woken,
    faults,
    /** What it answers from now on. */
    answers: (next: number) => {
      status = next
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
