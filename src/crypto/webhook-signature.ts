import { createHmac } from 'node:crypto'

/**
 * HMAC-SHA-256 of a webhook's content in base64, by a secret that was shared with whoever receives it. A secret of the
 * form `whsec_<base64>` stands for its bytes (Standard Webhooks specification); any other for its characters.
 */
export function webhookSignature(secret: string, content: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
  return createHmac('sha256', key).update(content).digest('base64')
}
