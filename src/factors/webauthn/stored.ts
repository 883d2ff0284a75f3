import * as z from 'zod'

/** What the server keeps of a ceremony it has begun: everything its answer is held against (S-89, S-90). */
const ceremony = {
  /** 32 random bytes, base64url. */
  challenge: z.string(),
  rpId: z.string(),
  origins: z.array(z.string()),
  /** The key has to make sure of its user. */
  verify: z.boolean(),
}

/** What kind of key was wished for (`KeyWish`); of keys that came without a wish, what their browser has said. */
const wish = {
  discoverable: z.boolean().optional(),
  attachment: z.enum(['platform', 'cross-platform']).optional(),
}

/** What is remembered of a key that is not registered yet. */
export const pending = z.object(wish)

export const createState = z.object({
  ...ceremony,
  ...wish,
  ceremony: z.literal('create'),
  handle: z.string(),
  attested: z.boolean(),
  roots: z.array(z.string()),
  models: z.array(z.string()).optional(),
})

export const getState = z.object({
  ...ceremony,
  ceremony: z.literal('get'),
  /** Ids of the credentials that may answer; absent: whoever holds one that can be discovered. */
  allowed: z.array(z.string()).optional(),
})

/** What is remembered of a registered key (W3C Web Authentication Level 3, section 4, "credential record"). */
export const credential = z.object({
  handle: z.string(),
  rpId: z.string(),
  id: z.string(),
  /** COSE key, base64url. */
  publicKey: z.string(),
  counter: z.number(),
  transports: z.array(z.string()),
  aaguid: z.string(),
  /** It may be copied between devices; fixed at registration. */
  backupEligible: z.boolean(),
  backedUp: z.boolean(),
  /** It has once made sure of its user. */
  uvInitialized: z.boolean(),
  /** Its maker vouches for it, by a chain to a root the tenant trusts. */
  attested: z.boolean(),
  ...wish,
})

export type CreateState = z.infer<typeof createState>
export type GetState = z.infer<typeof getState>
export type Credential = z.infer<typeof credential>

/** The credential of a confirmed authenticator; undefined while it is pending. */
export function credentialOf(memory: unknown): Credential | undefined {
  const parsed = credential.safeParse(memory)
  return parsed.success ? parsed.data : undefined
}
