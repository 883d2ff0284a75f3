import 'reflect-metadata'
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, webcrypto } from 'node:crypto'
import { BasicConstraintsExtension, cryptoProvider, X509CertificateGenerator } from '@peculiar/x509'
import { isoCBOR } from '@simplewebauthn/server/helpers'

/** Flags of authenticator data (W3C Web Authentication Level 3, section 6.1). */
export const flag = { up: 0x01, uv: 0x04, be: 0x08, bs: 0x10, at: 0x40, ed: 0x80 } as const

type Json = Readonly<Record<string, unknown>>

/** What a test may have told differently, before it is signed unless it says otherwise. */
export interface Told {
  readonly type?: string
  readonly challenge?: string
  readonly origin?: string
  readonly crossOrigin?: unknown
  readonly topOrigin?: string
  readonly rpId?: string
  readonly flags?: number
  readonly counter?: number
  /** Instead of a new one. */
  readonly credentialId?: string
  /** Members of the COSE key, instead of the real one. */
  readonly cose?: readonly (readonly [number, unknown])[]
  /** Bytes after the authenticator data. */
  readonly tail?: Uint8Array
  /** After signing: members of the answer's `response`. */
  readonly response?: Json
  /** After signing: members of the answer itself. */
  readonly answer?: Json
}

export interface DeviceOptions {
  readonly origin?: string
  readonly flags?: number
  readonly algorithm?: keyof typeof algorithms
  /** How it vouches for its keys. */
  readonly attestation?: 'none' | 'self' | Maker
  readonly aaguid?: string
  /** false: the counter stays 0, as with most passkeys. */
  readonly counts?: boolean
}

export interface Answer {
  readonly id: string
  readonly rawId: string
  readonly type: string
  readonly clientExtensionResults: Json
  readonly response: Readonly<Record<string, string>>
}

/** TESTS ONLY: an authenticator and its browser in software; it answers whatever it is told to. */
export interface Device {
  create(publicKey: unknown, told?: Told): Answer
  get(publicKey: unknown, told?: Told): Answer
}

interface Held {
  readonly id: string
  readonly key: KeyObject
  readonly handle: string
  counter: number
}

const ec = (curve: string, crv: number, alg: number, digest: string) => ({
  alg,
  digest,
  make: () => generateKeyPairSync('ec', { namedCurve: curve }),
  cose: (jwk: Json) => [
    [1, 2],
    [3, alg],
    [-1, crv],
    [-2, bytes(jwk.x)],
    [-3, bytes(jwk.y)],
  ],
})

const algorithms = {
  ES256: ec('P-256', 1, -7, 'sha256'),
  ES384: ec('P-384', 2, -35, 'sha384'),
  ES512: ec('P-521', 3, -36, 'sha512'),
  RS256: {
    alg: -257,
    digest: 'sha256',
    make: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
    cose: (jwk: Json) => [
      [1, 3],
      [3, -257],
      [-1, bytes(jwk.n)],
      [-2, bytes(jwk.e)],
    ],
  },
  EdDSA: {
    alg: -8,
    digest: undefined,
    make: () => generateKeyPairSync('ed25519'),
    cose: (jwk: Json) => [
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(jwk.x)],
    ],
  },
} as const

const bytes = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(String(text), 'base64url'))
const text = (data: Uint8Array): string => Buffer.from(data).toString('base64url')
const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest()

export function createDevice(options: DeviceOptions = {}): Device {
  const { origin = 'https://login.example.com', attestation = 'none', aaguid = '0'.repeat(32), counts = true } = options
  const usual = options.flags ?? flag.up | flag.uv
  const algorithm = algorithms[options.algorithm ?? 'ES256']
  const held: Held[] = []

  const clientData = (type: string, challenge: string, told: Told): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: told.type ?? type,
        challenge: told.challenge ?? challenge,
        origin: told.origin ?? origin,
        crossOrigin: 'crossOrigin' in told ? told.crossOrigin : false,
        ...(told.topOrigin === undefined ? {} : { topOrigin: told.topOrigin }),
      }),
    )

  const authData = (rpId: string, flags: number, counter: number, told: Told, attested: Uint8Array): Buffer => {
    const fixed = Buffer.alloc(5)
    fixed[0] = told.flags ?? flags
    fixed.writeUInt32BE(told.counter ?? counter, 1)
    return Buffer.concat([sha256(told.rpId ?? rpId), fixed, attested, told.tail ?? new Uint8Array()])
  }

  return {
    create(input, told = {}) {
      const publicKey = input as { rp: { id: string }; user: { id: string }; challenge: string }
      const { privateKey, publicKey: open } = algorithm.make()
      const id = told.credentialId === undefined ? randomBytes(32) : bytes(told.credentialId)
      const cose = isoCBOR.encode(
        new Map((told.cose ?? algorithm.cose(open.export({ format: 'jwk' }) as Json)) as never),
      )
      const length = Buffer.alloc(2)
      length.writeUInt16BE(id.length)
      const attested = Buffer.concat([Buffer.from(aaguid, 'hex'), length, id, cose])
      const data = authData(publicKey.rp.id, usual | flag.at, 0, told, attested)
      const clientDataJSON = clientData('webauthn.create', publicKey.challenge, told)
      const signed = Buffer.concat([data, sha256(clientDataJSON)])
      const statement = new Map<string, unknown>()
      if (attestation === 'self') {
        statement.set('alg', algorithm.alg).set('sig', new Uint8Array(sign(algorithm.digest, signed, privateKey)))
      } else if (attestation !== 'none') {
        statement.set('alg', -7).set('sig', attestation.sign(signed)).set('x5c', [attestation.certificate])
      }
      const object = isoCBOR.encode(
        new Map<string, unknown>([
          ['fmt', attestation === 'none' ? 'none' : 'packed'],
          ['attStmt', statement],
          ['authData', new Uint8Array(data)],
        ]) as never,
      )
      held.push({ id: text(id), key: privateKey, handle: publicKey.user.id, counter: 0 })
      return answerOf(text(id), told, { clientDataJSON: text(clientDataJSON), attestationObject: text(object) })
    },

    get(input, told = {}) {
      const publicKey = input as { rpId: string; challenge: string; allowCredentials: readonly { id: string }[] }
      const wanted = publicKey.allowCredentials.map((it) => it.id)
      const it = held.findLast((one) => wanted.length === 0 || wanted.includes(one.id))
      if (it === undefined) throw new Error('this device has none of the keys that are asked for')
      if (counts) it.counter += 1
      const data = authData(publicKey.rpId, usual, it.counter, told, new Uint8Array())
      const clientDataJSON = clientData('webauthn.get', publicKey.challenge, told)
      const signature = sign(algorithm.digest, Buffer.concat([data, sha256(clientDataJSON)]), it.key)
      return answerOf(it.id, told, {
        clientDataJSON: text(clientDataJSON),
        authenticatorData: text(data),
        signature: text(signature),
        userHandle: it.handle,
      })
    },
  }
}

function answerOf(id: string, told: Told, response: Json): Answer {
  const whole = { ...response, ...told.response }
  return {
    ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
    response: whole as Answer['response'],
    ...told.answer,
  }
}

/** A maker of keys, who vouches for them. */
export interface Maker {
  /** PEM. */
  readonly root: string
  readonly certificate: Uint8Array
  sign(data: Uint8Array): Uint8Array
}

export async function createMaker(name = 'Maker'): Promise<Maker> {
  cryptoProvider.set(webcrypto as Crypto)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const make = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const [ca, leaf] = [await make(), await make()]
  const notBefore = new Date(Date.now() - 86_400_000)
  const notAfter = new Date(Date.now() + 86_400_000)
  const dates = { notBefore, notAfter, signingAlgorithm: algorithm }
  const issuer = `C=DE, O=${name}, CN=${name} root`
  const root = await X509CertificateGenerator.createSelfSigned({
    ...dates,
    serialNumber: '01',
    name: issuer,
    keys: ca as CryptoKeyPair,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  })
  const certificate = await X509CertificateGenerator.create({
    ...dates,
    serialNumber: '02',
    issuer,
    subject: `C=DE, O=${name}, OU=Authenticator Attestation, CN=${name} batch`,
    publicKey: leaf.publicKey as CryptoKey,
    signingKey: ca.privateKey as CryptoKey,
    extensions: [new BasicConstraintsExtension(false, undefined, true)],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', leaf.privateKey))
  const pem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----`
  return {
    root: root.toString('pem'),
    certificate: new Uint8Array(certificate.rawData),
    sign: (data) => new Uint8Array(sign('sha256', data, pem)),
  }
}
