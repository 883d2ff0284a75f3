import { createHmac, hash } from 'node:crypto'
import { sameSecret } from './digest.ts'

/**
 * HMAC-SHA-256 of a webhook's content in base64, by a secret that was shared with whoever receives it. A secret of the
 * form `whsec_<base64>` stands for its bytes (Standard Webhooks specification); any other for its characters.
 */
export function webhookSignature(secret: string, content: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
  return createHmac('sha256', key).update(content).digest('base64')
}

/** The signature of a callback: HMAC-SHA-1 over its address and its fields in the order of their names. */
export function twilioSignature(token: string, url: string, fields: Readonly<Record<string, string>>): string {
  const content = Object.keys(fields)
    .sort()
    .reduce((text, name) => `${text}${name}${fields[name]}`, url)
  return createHmac('sha1', token).update(content).digest('base64')
}

/** The claims of a JWT signed by HMAC-SHA-256 with a shared secret; undefined when it is not. */
export function sharedSecretJwt(jwt: string, secret: string): Readonly<Record<string, unknown>> | undefined {
  const [header = '', payload = '', signature = '', ...rest] = jwt.split('.')
  const right = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
  if (rest.length > 0 || !sameSecret(signature, right)) return undefined
  try {
    const said = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    return said.alg === 'HS256' ? JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) : undefined
  } catch {
    return undefined
  }
}

/** SHA-256 of a body in hex, as signed callbacks name it. */
export const bodyHash = (text: string): string => hash('sha256', text, 'hex')
