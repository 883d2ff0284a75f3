import { z } from 'zod'

/** What challenges of devices keep. Numbers and secrets are kept as keyed hashes (S-34). */

export const enrolState = z.strictObject({ ceremony: z.literal('enrol'), mac: z.string() })

export const occasion = z.strictObject({
  application: z.string(),
  place: z.string(),
  /** Epoch ms. */
  at: z.number(),
})

export const askState = z.strictObject({
  ceremony: z.literal('ask'),
  /** 256 random bits (S-88 asks for 64). */
  nonce: z.string(),
  mac: z.string(),
  occasion,
})

/** Where a device can be alerted, as browsers give it (W3C Push API, `PushSubscription.toJSON()`). */
export const subscription = z.object({
  endpoint: z.url({ protocol: /^https$/ }).max(2_048),
  keys: z.object({
    p256dh: z.string().regex(/^[A-Za-z0-9_-]{86,88}$/),
    auth: z.string().regex(/^[A-Za-z0-9_-]{21,24}$/),
  }),
})
export type Subscription = z.infer<typeof subscription>

/** A subscription as it is sealed: it names a browser, and whoever has it can wake that (S-36). */
export const writeSubscription = (it: Subscription): Uint8Array => new TextEncoder().encode(JSON.stringify(it))

/** Empty bytes, or anything that is none: there is no subscription. */
export function readSubscription(secret: Uint8Array | undefined): Subscription | undefined {
  if (secret === undefined || secret.length === 0) return undefined
  try {
    return subscription.parse(JSON.parse(new TextDecoder().decode(secret)))
  } catch {
    return undefined
  }
}
