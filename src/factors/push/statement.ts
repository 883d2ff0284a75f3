import { calculateJwkThumbprint, compactVerify, decodeJwt, decodeProtectedHeader, importJWK } from 'jose'
import { z } from 'zod'
import { tokenDigest } from '#crypto/digest.ts'
import type { Heard, Memory } from '#ports/factor.ts'

/** The `typ` of everything a device signs, so that nothing else its key might sign passes for it (RFC 8725 section 3.11). */
export const statementType = 'authenticator-statement+jwt'
/** No statement is longer; characters. */
export const longestStatement = 8_192

const jwk = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().length(43),
  y: z.string().length(43),
})
export type DeviceKey = z.infer<typeof jwk>

/** What is remembered of a device: its public key, and nothing that would let anybody sign (S-88). */
const deviceMemory = z.object({ jwk })

/** What every statement says, whatever else it does. */
const envelope = z.looseObject({
  /** The public address of the server it is meant for. */
  aud: z.string().max(512),
  /** Epoch ms. */
  iat: z.number(),
  act: z.string().max(32),
})

const enrolling = z.object({ act: z.literal('enrol'), secret: z.string().max(128), jwk })
const naming = z.looseObject({ challenge: z.string().max(128).optional() })

/** Where a device that is being enrolled finds its enrolment: by the digest of the secret it was shown (S-35). */
export const enrolmentKey = (secret: string): string => `enrol:${tokenDigest(secret)}`

/** The name of a device: the thumbprint of its key (RFC 7638). */
const deviceKeyOf = (key: DeviceKey): Promise<string> => calculateJwkThumbprint(key, 'sha256')

/** Whose statement it claims to be, and what it is about; nothing of it is proved. */
export function namesIn(statement: unknown): { readonly key?: string; readonly challenge?: string } {
  const text = textOf(statement)
  if (text === undefined) return {}
  try {
    const payload = decodeJwt(text)
    const started = enrolling.safeParse(payload)
    if (started.success) return { key: enrolmentKey(started.data.secret) }
    const { kid } = decodeProtectedHeader(text)
    const { challenge } = naming.parse(payload)
    return { ...(kid !== undefined && { key: kid }), ...(challenge !== undefined && { challenge }) }
  } catch {
    return {}
  }
}

/**
 * What a statement says, if the key in `memory` has signed it; without a memory, if the key it brings along has, as at an
 * enrolment. Only ES256, only our type. Undefined for anything else.
 */
export async function hear(statement: unknown, memory?: Memory): Promise<Heard | undefined> {
  const text = textOf(statement)
  if (text === undefined) return undefined
  try {
    const known = deviceMemory.safeParse(memory)
    const key = known.success ? known.data.jwk : memory === undefined ? enrolling.parse(decodeJwt(text)).jwk : undefined
    if (key === undefined) return undefined
    const { payload, protectedHeader } = await compactVerify(text, await importJWK(key, 'ES256'), {
      algorithms: ['ES256'],
    })
    const name = await deviceKeyOf(key)
    if (protectedHeader.typ !== statementType || protectedHeader.kid !== name) return undefined
    const { aud, iat, act, ...says } = envelope.parse(JSON.parse(new TextDecoder().decode(payload)))
    return { act, at: iat, audience: aud, key: name, says }
  } catch {
    // Not well-formed, not signed by this key, or not by a key at all: no statement.
    return undefined
  }
}

const textOf = (statement: unknown): string | undefined =>
  typeof statement === 'string' && statement.length <= longestStatement ? statement : undefined
