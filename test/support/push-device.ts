import { createPublicKey, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto'

/** A request as a device is told of it (docs/push.md). */
export interface TestRequest {
  readonly challenge: string
  readonly nonce: string
  readonly application: string
  readonly place: string
  readonly at: number
}

/** TESTS ONLY: a device with a key of its own, which signs statements as docs/push.md says. */
export interface PushDevice {
  /** Name of its key. */
  readonly kid: string
  /** Any statement. */
  say(act: string, says?: object, over?: { at?: number; aud?: string; kid?: string; typ?: string }): string
  /** Enrols with what a QR code shows. */
  enrol(uri: string, says?: object): string
  answer(request: TestRequest, decision: 'allow' | 'deny' | 'report', number?: unknown, over?: object): string
}

export const testHome = 'https://login.example.com'

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** `clock`: the device's own. */
export function newPushDevice({
  home = testHome,
  clock = Date.now,
}: {
  home?: string
  clock?: () => number
} = {}): PushDevice {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicJwk(privateKey)
  const kid = hash('sha256', JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }), 'base64url')
  const say: PushDevice['say'] = (act, says = {}, over = {}) => {
    const header = { alg: 'ES256', typ: over.typ ?? 'authenticator-statement+jwt', kid: over.kid ?? kid }
    const payload = { aud: over.aud ?? home, iat: over.at ?? clock(), act, ...says }
    const text = `${part(header)}.${part(payload)}`
    const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${text}.${signature.toString('base64url')}`
  }
  return {
    kid,
    say,
    enrol: (uri, says = {}) => say('enrol', { secret: secretIn(uri), jwk, name: 'Pixel 9', ...says }),
    answer({ challenge, nonce, application, place, at }, decision, number, over = {}) {
      const typed = number === undefined ? {} : { number: String(number) }
      return say('answer', { challenge, nonce, occasion: { application, place, at }, decision, ...typed, ...over })
    },
  }
}

/** The secret in the link of an enrolment. */
export const secretIn = (uri: string): string => /#enrol=(.+)$/.exec(uri)?.[1] ?? ''

function publicJwk(key: KeyObject) {
  const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { kty: 'EC', crv: 'P-256', x, y }
}
