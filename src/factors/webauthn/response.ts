import * as z from 'zod'
import { tokenDigest } from '#crypto/digest.ts'

/** Base64url without padding, at most so many characters, of a length that can be one. */
const base64url = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[A-Za-z0-9_-]+$/)
    .refine((text) => text.length % 4 !== 1)

/** A credential id has at most 1,023 bytes (S-92). */
const credentialId = base64url(1_364)
/** 64 KiB (S-95). */
const big = base64url(87_382)
const clientData = base64url(8_192)

const common = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  authenticatorAttachment: z.string().max(32).nullish(),
  clientExtensionResults: z.record(z.string(), z.unknown()).optional(),
}

const transports = z.array(z.string().max(32)).max(16)

/** `RegistrationResponseJSON` (W3C Web Authentication Level 3, section 5.1): what a browser gives for a new key. */
export const creation = z
  .object({
    ...common,
    response: z.object({
      clientDataJSON: clientData,
      attestationObject: big,
      transports: transports.optional().catch(undefined),
    }),
  })
  .refine((it) => it.id === it.rawId)

/** `AuthenticationResponseJSON` (the same section): what a browser gives for the use of a key. */
export const assertion = z
  .object({
    ...common,
    response: z.object({
      clientDataJSON: clientData,
      authenticatorData: big,
      signature: base64url(2_048),
      /** At most 64 bytes. */
      userHandle: base64url(86).nullish(),
    }),
  })
  .refine((it) => it.id === it.rawId)

export type Creation = z.infer<typeof creation>
export type Assertion = z.infer<typeof assertion>

/** The proof of a form without script is JSON in a text; anything else is taken as it is. Never throws. */
export function unwrap(proof: unknown): unknown {
  if (typeof proof !== 'string' || proof.length > 200_000) return proof
  try {
    return JSON.parse(proof)
  } catch {
    return undefined
  }
}

/** The name a credential is found by in its tenant: a digest, since ids are longer than an index likes. */
export const keyOfCredential = (id: string): string => tokenDigest(id)

/** The name in a proof, unproved; undefined: there is none. */
export function keyOf(proof: unknown): string | undefined {
  const parsed = z.object({ id: credentialId }).safeParse(unwrap(proof))
  return parsed.success ? keyOfCredential(parsed.data.id) : undefined
}

export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, 'base64url'))
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
