import type { Authenticator } from '#model/authenticator.ts'
import type { FactorTools } from '#ports/factor.ts'
import type { Parts } from './parts.ts'

/** What a factor may use, with its keyed hash bound to one record of one user (S-34). */
export function factorTools(parts: Parts, context: readonly string[]): FactorTools {
  return {
    random: parts.random,
    now: parts.clock.now(),
    mac: {
      make: (code) => parts.keyring.mac(code, context),
      matches: (code, stored) => parts.keyring.macMatches(code, context, stored),
    },
  }
}

/** The context under which an authenticator's secret is sealed. */
export const sealContext = (it: Pick<Authenticator, 'tenant' | 'user' | 'id'>): readonly string[] => [
  'authenticator',
  it.tenant,
  it.user,
  it.id,
]

/** The secret of an authenticator in the clear; undefined when its factor keeps none. */
export function openSecret(parts: Parts, it: Authenticator): Uint8Array | undefined {
  return it.sealed === undefined ? undefined : parts.keyring.open(it.sealed, sealContext(it))
}
