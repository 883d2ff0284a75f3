import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { type Keyring, SealError } from '#ports/keyring.ts'
import { lengthPrefixed } from './digest.ts'
import { systemRandom } from './random.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const SEALED = /^v1\.([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]+)$/
const MAC = /^h1\.([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]{43})$/

interface RingKey {
  readonly id: string
  readonly sealing: KeyObject
  readonly codes: KeyObject
}

/**
 * A key ring over 256-bit master keys; the first seals, all open (S-34, S-36, S-37).
 *
 * Secrets are sealed with AES-256-GCM, a random 96-bit nonce and the full 128-bit tag. Random nonces bound one key to
 * 2³² values (SP 800-38D section 8.3), far beyond what a server of this kind seals between two rotations.
 * The nonce is always the operating system's, never a passed-in source: one repeat would give the key away.
 *
 * @throws RangeError for an empty ring, a key that is not 32 bytes, or the same key twice.
 */
export function createKeyring(masterKeys: readonly Uint8Array[]): Keyring {
  const keys = masterKeys.map(deriveKeys)
  const active = keys[0]
  if (active === undefined) throw new RangeError('a key ring needs at least one master key')
  const ring = new Map(keys.map((key) => [key.id, key]))
  if (ring.size !== keys.length) throw new RangeError('the same master key is listed twice')

  const open = (sealed: string, context: readonly string[]): Uint8Array => {
    const { keyId, body } = readSealed(sealed)
    const key = ring.get(keyId)
    if (key === undefined) throw new SealError('unknown-key', keyId)
    return decrypt(key, body, context)
  }

  return {
    activeKeyId: active.id,
    keyIds: keys.map((key) => key.id),
    seal: (plain, context) => encrypt(active, plain, context),
    open,
    openText: (sealed, context) => Buffer.from(open(sealed, context)).toString('utf8'),
    needsReseal: (sealed) => readSealed(sealed).keyId !== active.id,
    mac(code, context, keyId = active.id) {
      const key = ring.get(keyId)
      if (key === undefined) throw new SealError('unknown-key', keyId)
      return `h1.${keyId}.${codeTag(key, code, context).toString('base64url')}`
    },
    macMatches(code, context, stored) {
      const match = MAC.exec(stored)
      const key = match === null ? undefined : ring.get(match[1] as string)
      if (match === null || key === undefined) return false
      return timingSafeEqual(codeTag(key, code, context), Buffer.from(match[2] as string, 'base64url'))
    },
  }
}

/**
 * Reads the master keys of a configuration: base64 or base64url, 32 bytes each, separated by commas, the sealing key
 * first (S-162).
 * @throws Error naming the position of a bad key, and never the key.
 */
export function parseMasterKeys(text: string): readonly Uint8Array[] {
  const items = text.split(',').map((item) => item.trim())
  const keys = items.map((item, index) => {
    const where = `master key ${index + 1} of ${items.length}`
    if (item === '') throw new Error(`${where} is empty`)
    if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(item)) throw new Error(`${where} is not base64`)
    const key = Buffer.from(item, 'base64')
    if (key.length !== KEY_BYTES) throw new Error(`${where} has ${key.length} bytes instead of ${KEY_BYTES}`)
    if (new Set(key).size < 8) throw new Error(`${where} is not random; make one with: openssl rand -base64 32`)
    return key
  })
  for (const [index, key] of keys.entries()) {
    const first = keys.findIndex((other) => timingSafeEqual(other, key))
    if (first !== index) throw new Error(`master key ${index + 1} repeats master key ${first + 1}`)
  }
  return keys
}

function deriveKeys(master: Uint8Array): RingKey {
  if (master.length !== KEY_BYTES) throw new RangeError(`a master key has ${KEY_BYTES} bytes`)
  const id = createHmac('sha256', master).update('polyfactor key id').digest().subarray(0, 8).toString('base64url')
  // Two uses, two keys: nothing learned about one helps with the other.
  const subKey = (use: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', master, '', `polyfactor ${use}`, KEY_BYTES)))
  return { id, sealing: subKey('sealing v1'), codes: subKey('codes v1') }
}

function readSealed(sealed: string): { readonly keyId: string; readonly body: Buffer } {
  const match = SEALED.exec(sealed)
  const body = Buffer.from(match?.[2] ?? '', 'base64url')
  if (match === null || body.length < NONCE_BYTES + TAG_BYTES) throw new SealError('malformed')
  return { keyId: match[1] as string, body }
}

function additionalData(key: RingKey, context: readonly string[]): Buffer {
  return lengthPrefixed(['v1', key.id, ...context])
}

function encrypt(key: RingKey, plain: string | Uint8Array, context: readonly string[]): string {
  const nonce = systemRandom.bytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key.sealing, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(additionalData(key, context))
  const ciphertext = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain)
  const body = Buffer.concat([nonce, ciphertext, cipher.final(), cipher.getAuthTag()])
  return `v1.${key.id}.${body.toString('base64url')}`
}

function decrypt(key: RingKey, body: Buffer, context: readonly string[]): Uint8Array {
  const nonce = body.subarray(0, NONCE_BYTES)
  const tag = body.subarray(body.length - TAG_BYTES)
  // Stating the tag length refuses the shorter tags that GCM would otherwise accept.
  const decipher = createDecipheriv('aes-256-gcm', key.sealing, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(additionalData(key, context))
  decipher.setAuthTag(tag)
  const plain = decipher.update(body.subarray(NONCE_BYTES, body.length - TAG_BYTES))
  try {
    decipher.final()
  } catch {
    throw new SealError('not-authentic')
  }
  return plain
}

function codeTag(key: RingKey, code: string, context: readonly string[]): Buffer {
  return createHmac('sha256', key.codes)
    .update(lengthPrefixed([code, ...context]))
    .digest()
}
