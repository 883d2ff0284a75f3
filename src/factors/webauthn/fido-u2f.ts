import { convertCOSEtoPKCS, toHash, verifySignature } from '@simplewebauthn/server/helpers'
import type { AuthenticatorData } from './authenticator-data.ts'

/** SubjectPublicKeyInfo of an uncompressed P-256 key, up to the key (RFC 5480): the only kind these certificates have. */
const p256 = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
const es256 = -7

/** Whether nothing is said of the model. */
export const isNameless = (aaguid: Uint8Array): boolean => aaguid.every((byte) => byte === 0)

/**
 * Verifies a statement of format `fido-u2f` (W3C Web Authentication Level 3, section 8.6). Its signature covers domain,
 * client data, credential id and public key, and nothing else of the authenticator data: not the model, not the flags.
 * Done here since the library refuses the specification's own example, for a rule that section 8.6 does not have.
 */
export async function isSignedByU2f(
  statement: ReadonlyMap<string, unknown>,
  { rpIdHash, credentialID, credentialPublicKey }: AuthenticatorData,
  clientData: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const signature = statement.get('sig')
  const chain = statement.get('x5c')
  if (!(signature instanceof Uint8Array) || !Array.isArray(chain) || chain.length !== 1) return false
  const certificate: unknown = chain[0]
  if (!(certificate instanceof Uint8Array) || !Buffer.from(certificate).includes(p256)) return false
  if (credentialID === undefined || credentialPublicKey === undefined) return false
  const key = convertCOSEtoPKCS(credentialPublicKey)
  if (key.length !== 65) return false
  const signed = Buffer.concat([Buffer.of(0), rpIdHash, await toHash(clientData), credentialID, key])
  try {
    return await verifySignature({
      signature: new Uint8Array(signature),
      data: new Uint8Array(signed),
      x509Certificate: new Uint8Array(certificate),
      hashAlgorithm: es256,
    })
  } catch {
    return false
  }
}
