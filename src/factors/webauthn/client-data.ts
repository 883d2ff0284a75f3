import * as z from 'zod'
import type { Fault } from './fault.ts'
import { bytesOf } from './response.ts'

const schema = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.unknown().optional(),
})

export interface Expected {
  readonly challenge: string
  readonly origins: readonly string[]
}

/**
 * Holds what the browser says of a ceremony against what was begun (section 7.1 steps 6 to 11, 7.2 steps 9 to 14):
 * type, challenge, exact origin, and no frame of another site around it, since our pages are framed by nobody (S-131).
 */
export function clientDataFault(
  encoded: string,
  type: 'webauthn.create' | 'webauthn.get',
  { challenge, origins }: Expected,
): Fault | undefined {
  const data = schema.safeParse(decode(encoded)).data
  if (data === undefined) return 'unreadable'
  if (data.type !== type) return 'type'
  if (data.challenge !== challenge) return 'challenge'
  if (!origins.includes(data.origin)) return 'origin'
  return data.crossOrigin === true || data.topOrigin !== undefined ? 'framed' : undefined
}

function decode(encoded: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(encoded)))
  } catch {
    return undefined
  }
}
