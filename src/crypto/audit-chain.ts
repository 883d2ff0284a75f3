import { createPublicKey, hash, verify } from 'node:crypto'
import { type JwtPayload, type SigningKey, signJwt } from './signing.ts'

/** Says what a signed head is, so that it passes for no token. */
const headType = 'polyfactor-audit-head+jwt'

/**
 * JSON with the members of every object in the order of their names and without blanks (RFC 8785 for values that JSON
 * itself can hold): one text for one value, whatever wrote it.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map((it) => canonicalJson(it)).join(',')}]`
  let text = ''
  for (const name of Object.keys(value).sort()) {
    const it = (value as Record<string, unknown>)[name]
    if (it !== undefined) text += `${text === '' ? '' : ','}${quoted(name)}:${canonicalJson(it)}`
  }
  return `{${text}}`
}

/** Printable ASCII without quote and backslash, as most names and values are, stands for itself. */
const quoted = (text: string) => (/^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text))

/** SHA-256 of the canonical JSON of an event, in base64url. */
export function eventDigest(event: object): string {
  return hash('sha256', canonicalJson(event), 'base64url')
}

/** What the first row of a tenant's chain follows. */
export function chainStart(tenant: string): string {
  return hash('sha256', `polyfactor audit\n${tenant}`, 'base64url')
}

/** The chain hash of a row: over that of the row before it, its number, and the digest of its event. */
export function linkHash(previous: string, seq: number, digest: string): string {
  return hash('sha256', `${previous}\n${seq}\n${digest}`, 'base64url')
}

/** A statement about the chain, signed with the audit key (Ed25519); compact JWS. */
export function signHead(key: SigningKey, payload: JwtPayload): string {
  return signJwt(key, { typ: headType }, payload)
}

/** What a signed head says, if one of the keys has signed it; undefined for anything else. */
export function readHead(
  jws: string,
  keys: readonly Readonly<Record<string, unknown>>[],
): Readonly<Record<string, unknown>> | undefined {
  const [header = '', payload = '', signature = '', ...rest] = jws.split('.')
  try {
    const { alg, typ, kid } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    const jwk = keys.find((it) => it.kid === kid && it.kty === 'OKP' && it.crv === 'Ed25519')
    if (rest.length > 0 || alg !== 'EdDSA' || typ !== headType || jwk === undefined) return undefined
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: String(jwk.x) }, format: 'jwk' })
    const good = verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))
    return good ? JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) : undefined
  } catch {
    return undefined
  }
}
