import { createPrivateKey, generateKeyPair, hash, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'

/** The algorithms tokens are signed with; all asymmetric, and each key has exactly one (S-42). */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA'
export const signingAlgorithms: readonly SigningAlgorithm[] = ['RS256', 'ES256', 'EdDSA']

/** The public part of a key as a key set shows it (RFC 7517). */
export interface PublicJwk {
  readonly kty: string
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly use: 'sig'
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

/** A whole key; only ever stored sealed (S-36). */
export interface PrivateJwk extends PublicJwk {
  readonly d: string
  readonly p?: string
  readonly q?: string
  readonly dp?: string
  readonly dq?: string
  readonly qi?: string
}

/** A fresh key in the forms it is stored and published in. */
export interface GeneratedKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly privateJwk: PrivateJwk
  readonly publicJwk: PublicJwk
}

/** A key ready to sign with; keep it, because reading a JWK costs more than a signature. */
export interface SigningKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly publicJwk: PublicJwk
  readonly privateKey: KeyObject
}

type RawJwk = Readonly<Record<string, unknown>>

interface AlgorithmRow {
  readonly kty: string
  readonly crv?: string
  /** Members of the public key, in the order of the thumbprint (RFC 7638 section 3.2). */
  readonly members: readonly string[]
  readonly digest: 'sha256' | null
  readonly generate: () => Promise<KeyObject>
}

const newPair = promisify(generateKeyPair)

const rows: Readonly<Record<SigningAlgorithm, AlgorithmRow>> = {
  RS256: {
    kty: 'RSA',
    members: ['e', 'kty', 'n'],
    digest: 'sha256',
    generate: async () => (await newPair('rsa', { modulusLength: 2048 })).privateKey,
  },
  ES256: {
    kty: 'EC',
    crv: 'P-256',
    members: ['crv', 'kty', 'x', 'y'],
    digest: 'sha256',
    generate: async () => (await newPair('ec', { namedCurve: 'P-256' })).privateKey,
  },
  EdDSA: {
    kty: 'OKP',
    crv: 'Ed25519',
    members: ['crv', 'kty', 'x'],
    digest: null,
    generate: async () => (await newPair('ed25519')).privateKey,
  },
}

/**
 * A new key from the system's random source: RSA of 2048 bits, P-256 or Ed25519.
 * Its id is the RFC 7638 thumbprint, so a key keeps its id wherever it is read.
 */
export async function generateSigningKey(alg: SigningAlgorithm): Promise<GeneratedKey> {
  const raw = (await rows[alg].generate()).export({ format: 'jwk' }) as RawJwk
  const publicJwk = publicPart(raw, alg)
  const privateJwk = { ...raw, kid: publicJwk.kid, alg, use: 'sig' } as unknown as PrivateJwk
  return { kid: publicJwk.kid, alg, privateJwk, publicJwk }
}

/**
 * Reads a private key so that it can sign. The `alg` of the JWK decides; a missing `kid` becomes the thumbprint.
 * @throws Error when the JWK is none of the three kinds; its text shows nothing of the key.
 */
export function importSigningKey(jwk: RawJwk | PrivateJwk): SigningKey {
  const raw = jwk as RawJwk
  const alg = signingAlgorithms.find((name) => name === raw.alg)
  if (alg === undefined) throw new Error(`a signing key needs alg ${signingAlgorithms.join(', ')}`)
  const row = rows[alg]
  if (raw.kty !== row.kty || raw.crv !== row.crv) throw new Error(`the signing key is not of the kind ${alg} needs`)
  const privateKey = readPrivateKey(raw)
  const bits = privateKey.asymmetricKeyDetails?.modulusLength
  if (bits !== undefined && bits < 2048) throw new Error(`an RSA signing key needs 2048 bits, this one has ${bits}`)
  const publicJwk = publicPart(raw, alg)
  return { kid: publicJwk.kid, alg, publicJwk, privateKey }
}

/** The RFC 7638 thumbprint of a key, SHA-256 in base64url. */
export function jwkThumbprint(jwk: RawJwk, alg: SigningAlgorithm): string {
  const required = Object.fromEntries(rows[alg].members.map((name) => [name, jwk[name]]))
  return hash('sha256', JSON.stringify(required), 'base64url')
}

/** Header members beyond `alg` and `kid`, such as `typ`; those two always come from the key (S-42). */
export type JwtHeader = Readonly<Record<string, unknown>>
export type JwtPayload = Readonly<Record<string, unknown>>

/**
 * A signed token in compact form (RFC 7515 section 3.1), made at once in the calling thread: some 25 µs with ES256 or
 * EdDSA, but over ten times that with RS256, for which `signJwtAsync` exists.
 */
export function signJwt(key: SigningKey, header: JwtHeader, payload: JwtPayload): string {
  const input = signingInput(key, header, payload)
  return `${input}.${sign(rows[key.alg].digest, Buffer.from(input), keyInput(key)).toString('base64url')}`
}

/**
 * As `signJwt`, but an RS256 signature is made in the thread pool and lets other requests run meanwhile. It queues
 * there behind password hashes; ES256 and EdDSA are signed at once, as the way to the pool costs more than they do.
 */
export function signJwtAsync(key: SigningKey, header: JwtHeader, payload: JwtPayload): Promise<string> {
  if (key.alg !== 'RS256') return Promise.resolve(signJwt(key, header, payload))
  const input = signingInput(key, header, payload)
  return new Promise((resolve, reject) => {
    sign(rows[key.alg].digest, Buffer.from(input), keyInput(key), (error, signature) => {
      if (error) reject(error)
      else resolve(`${input}.${signature.toString('base64url')}`)
    })
  })
}

function signingInput(key: SigningKey, header: JwtHeader, payload: JwtPayload): string {
  return `${base64urlJson({ ...header, alg: key.alg, kid: key.kid })}.${base64urlJson(payload)}`
}

function base64urlJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** JWS wants r and s side by side; OpenSSL would wrap them in DER (RFC 7518 section 3.4). */
function keyInput(key: SigningKey) {
  return { key: key.privateKey, dsaEncoding: 'ieee-p1363' as const }
}

function readPrivateKey(jwk: RawJwk): KeyObject {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' })
  } catch {
    // The runtime's own message may quote members of the key.
    throw new Error('the signing key cannot be read')
  }
}

/** Built member by member: a private member cannot slip through (S-43). */
function publicPart(jwk: RawJwk, alg: SigningAlgorithm): PublicJwk {
  const members = Object.fromEntries(rows[alg].members.map((name) => [name, jwk[name]]))
  const kid = typeof jwk.kid === 'string' ? jwk.kid : jwkThumbprint(jwk, alg)
  return { ...members, kid, alg, use: 'sig' } as unknown as PublicJwk
}
