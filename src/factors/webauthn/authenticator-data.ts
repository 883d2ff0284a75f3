import { parseAuthenticatorData } from '@simplewebauthn/server/helpers'
import { tokenDigest } from '#crypto/digest.ts'
import { countCbor } from './cbor.ts'
import type { Fault } from './fault.ts'
import { textOf } from './response.ts'

export type AuthenticatorData = ReturnType<typeof parseAuthenticatorData>

/** Hash, flags and counter. */
const fixedBytes = 37
/** AAGUID and length of the credential id. */
const attestedBytes = 18
const longestCredentialId = 1_023

/** Reads authenticator data (section 6.1) within the bounds of S-95; undefined: it cannot be read. */
export function readAuthenticatorData(bytes: Uint8Array<ArrayBuffer>): AuthenticatorData | undefined {
  if (!isBounded(bytes)) return undefined
  try {
    return parseAuthenticatorData(bytes)
  } catch {
    return undefined
  }
}

/** What follows the fixed part is as many items of CBOR as the flags say: a key, extensions. */
function isBounded(bytes: Uint8Array): boolean {
  const flags = bytes[32]
  if (flags === undefined || bytes.length < fixedBytes) return false
  const attested = (flags & 0x40) !== 0
  const extended = (flags & 0x80) !== 0
  if (!attested) return countCbor(bytes.subarray(fixedBytes)) === Number(extended)
  const at = fixedBytes + attestedBytes
  if (bytes.length < at) return false
  const length = (bytes[at - 2] as number) * 256 + (bytes[at - 1] as number)
  if (length === 0 || length > longestCredentialId || bytes.length < at + length) return false
  return countCbor(bytes.subarray(at + length)) === 1 + Number(extended)
}

/** The checks both ceremonies share (section 7.1 steps 14 to 19, 7.2 steps 15 to 19): domain, presence, verification, backup. */
export function authenticatorFault(
  { rpIdHash, flags }: AuthenticatorData,
  { rpId, verify }: { readonly rpId: string; readonly verify: boolean },
): Fault | undefined {
  if (textOf(rpIdHash) !== tokenDigest(rpId)) return 'site'
  if (!flags.up) return 'presence'
  if (verify && !flags.uv) return 'verification'
  return flags.bs && !flags.be ? 'backup' : undefined
}
