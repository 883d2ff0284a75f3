import { decodeCredentialPublicKey } from '@simplewebauthn/server/helpers'
import { shapes } from './algorithms.ts'

const alg = 3

/** Whether a COSE key is of an offered algorithm, on that algorithm's own curve and of its size (S-95). */
export function isOfferedKey(publicKey: Uint8Array<ArrayBuffer>): boolean {
  const members = membersOf(publicKey)
  const shape = shapes.get(Number(members?.get(alg)))
  if (members === undefined || shape === undefined) return false
  return Object.entries(shape).every(([label, wanted]) => {
    const member = members.get(Number(label))
    if (typeof wanted === 'number') return member === wanted
    return member instanceof Uint8Array && member.length >= wanted[0] && member.length <= wanted[1]
  })
}

function membersOf(publicKey: Uint8Array<ArrayBuffer>): ReadonlyMap<number, unknown> | undefined {
  try {
    const decoded: unknown = decodeCredentialPublicKey(publicKey)
    return decoded instanceof Map ? decoded : undefined
  } catch {
    return undefined
  }
}
