import type { TenantId } from '#model/ids.ts'
import type { Webhook, WebhookSecret } from '#model/webhook.ts'
import type { Parts } from '../parts.ts'

/** How long the old secret goes on signing beside the new one, ms. */
export const secretOverlap = 24 * 3_600_000
/** Of them one call carries signatures by at most so many. */
const mostSecrets = 3

/** The context under which the secrets of a webhook are sealed. */
export const webhookContext = (tenant: TenantId, id: string): readonly string[] => ['webhook', tenant, id]

/** A fresh secret as receivers' libraries take it: `whsec_` and 32 bytes in base64 (Standard Webhooks). */
export const newWebhookSecret = ({ random }: Pick<Parts, 'random'>): string =>
  `whsec_${Buffer.from(random.bytes(32)).toString('base64')}`

export function sealWebhookSecret(
  { keyring, clock }: Pick<Parts, 'keyring' | 'clock'>,
  tenant: TenantId,
  id: string,
  secret: string,
): WebhookSecret {
  return { sealed: keyring.seal(secret, webhookContext(tenant, id)), createdAt: clock.now() }
}

/** The webhook with a new secret; the one before signs beside it for a day, so that the receiver can follow. */
export function withSecret(it: Webhook, secret: WebhookSecret, now: number): Webhook {
  const old = it.secrets
    .filter(({ endsAt }) => endsAt === undefined || endsAt > now)
    .map((one) => ({ ...one, endsAt: one.endsAt ?? now + secretOverlap }))
  return { ...it, secrets: [secret, ...old].slice(0, mostSecrets) }
}

/** The secrets a call is signed with now. */
export function secretsOf({ keyring }: Pick<Parts, 'keyring'>, it: Webhook, now: number): readonly string[] {
  return it.secrets
    .filter(({ endsAt }) => endsAt === undefined || endsAt > now)
    .map(({ sealed }) => keyring.openText(sealed, webhookContext(it.tenant, it.id)))
}
