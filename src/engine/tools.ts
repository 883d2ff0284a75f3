import type { Authenticator } from '#model/authenticator.ts'
import type { Factor, FactorTools, Site } from '#ports/factor.ts'
import type { Caller, Parts } from './parts.ts'

/**
 * What a factor may use, with its keyed hash bound to one record of one user (S-34). `caller`: who begins something, so
 * that factors bound to an address know theirs.
 */
export function factorTools(
  parts: Parts,
  context: readonly string[],
  caller?: Pick<Caller, 'tenant' | 'base' | 'home'>,
): FactorTools {
  const site = caller && siteOf(caller)
  const home = caller?.home ?? caller?.base
  return {
    ...(site && { site }),
    ...(home !== undefined && { home }),
    random: parts.random,
    now: parts.clock.now(),
    mac: {
      make: (code) => parts.keyring.mac(code, context),
      matches: (code, stored) => parts.keyring.macMatches(code, context, stored),
    },
  }
}

/** The address keys are used at: the public one, or by the tenant's rule a domain above it. */
function siteOf({ base, tenant }: Pick<Caller, 'tenant' | 'base'>): Site | undefined {
  const url = base === undefined ? null : URL.parse(base)
  if (url === null) return undefined
  const { keys } = tenant
  return {
    rpId: keys?.rpId ?? url.hostname,
    origins: [url.origin, ...(keys?.origins ?? [])],
    ...(keys && { rule: keys }),
  }
}

/** Whether a factor can be asked from where the caller is: assertions are made at our own address only. */
export const canAskHere = ({ traits }: Factor, { base }: Pick<Caller, 'base'>): boolean =>
  traits.proof !== 'assertion' || base !== undefined

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
