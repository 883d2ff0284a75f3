import type { Authenticator } from '#model/authenticator.ts'
import type { Refusal } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Factor } from '#ports/factor.ts'
import { asciiLower } from '../addresses.ts'
import { password } from '../assurance.ts'

type Factors = ReadonlyMap<string, Factor>

/** A factor that is known and switched on in the tenant. */
export function enabled(tenant: Tenant, factors: Factors, kind: string): Factor | undefined {
  return tenant.factors.includes(kind) ? factors.get(kind) : undefined
}

/** The channel a proof by this authenticator uses up: two ways to one phone are one channel. */
export function channelOf(authenticator: Pick<Authenticator, 'id' | 'factor' | 'target'>, factors: Factors): string {
  const reach = factors.get(authenticator.factor)?.traits.reach
  if (reach === undefined || authenticator.target === undefined) return `authenticator:${authenticator.id}`
  // One mailbox is one channel, however its address is written (AC-38).
  return `${reach}:${reach === 'email' ? asciiLower(authenticator.target) : authenticator.target}`
}

/** All enabled kinds that can challenge this authenticator: its own, and those with the same reach. */
export function waysOf(authenticator: Authenticator, tenant: Tenant, factors: Factors): readonly Factor[] {
  const own = factors.get(authenticator.factor)
  if (own === undefined) return []
  return [...factors.values()].filter(
    (factor) =>
      tenant.factors.includes(factor.kind) &&
      (factor.kind === own.kind || (own.traits.reach !== undefined && factor.traits.reach === own.traits.reach)),
  )
}

/** Confirmed and not disabled. */
export function confirmed(authenticators: readonly Authenticator[]): readonly Authenticator[] {
  return authenticators.filter((it) => it.state === 'confirmed')
}

/** Confirmed authenticators that stand by themselves, saved codes excluded. */
export function standing(authenticators: readonly Authenticator[], factors: Factors): readonly Authenticator[] {
  return confirmed(authenticators).filter((it) => factors.get(it.factor)?.traits.independent === true)
}

/**
 * What an account has that is a factor of its own: confirmed ones, and those disabled for having been guessed at. Only
 * this decides whether an account has a factor at all, so that a hundred wrong guesses do not take the factor away.
 */
export function held(authenticators: readonly Authenticator[], factors: Factors): readonly Authenticator[] {
  return authenticators.filter((it) => it.state !== 'pending' && factors.get(it.factor)?.traits.independent === true)
}

/** Whether a proof by this kind reaches the best class the account has: an e-mail code does not beside a real factor. */
export function reachesBest(kind: string, authenticators: readonly Authenticator[], factors: Factors): boolean {
  if (factors.get(kind)?.traits.assurance !== 'none') return true
  return held(authenticators, factors).every((it) => factors.get(it.factor)?.traits.assurance === 'none')
}

/** Kinds the user can be challenged with now, over channels no proof has used. Saved codes only beside another. */
export function challengeable(
  tenant: Tenant,
  authenticators: readonly Authenticator[],
  proofs: readonly Proof[],
  factors: Factors,
): readonly Factor[] {
  const used = new Set(proofs.filter((it) => it.factor !== password).map((it) => it.channel))
  const found = new Set<Factor>()
  for (const authenticator of confirmed(authenticators)) {
    if (used.has(channelOf(authenticator, factors))) continue
    for (const factor of waysOf(authenticator, tenant, factors)) found.add(factor)
  }
  return [...found].sort((a, b) => a.traits.rank - b.traits.rank)
}

/**
 * Texts and calls are restricted: where the tenant says so they are enrolled only beside a factor that does not hang on
 * the telephone network (S-72). The refusal, if they may not.
 */
export function restrictedAlone(
  tenant: Tenant,
  factor: Factor,
  authenticators: readonly Authenticator[],
  factors: Factors,
): Refusal | undefined {
  if (tenant.phone.needsAlternative !== true || factor.traits.reach !== 'phone') return undefined
  const other = standing(authenticators, factors).some((it) => {
    const traits = factors.get(it.factor)?.traits
    return traits?.assurance === 'possession' && traits.reach !== 'phone'
  })
  return other ? undefined : { no: 'factor-off', factor: factor.kind }
}

/** Kinds a user without a second factor could enrol by asking; answers to questions are nobody's second factor. */
export function enrollable(tenant: Tenant, factors: Factors): readonly Factor[] {
  return [...factors.values()]
    .filter((it) => tenant.factors.includes(it.kind) && it.traits.enrollable && it.traits.proof !== 'knowledge')
    .sort((a, b) => a.traits.rank - b.traits.rank)
}
