import type { Assurance, Proof } from '#model/proof.ts'
import type { Factor } from '#ports/factor.ts'

/** Own ladder of assurance.md §2. */
export const acr = {
  aal1: 'urn:polyfactor:acr:aal1',
  aal2: 'urn:polyfactor:acr:aal2',
  /** Phishing-resistant, and the same with a key in hardware (OpenID EAP ACR values). */
  phr: 'phr',
  phrh: 'phrh',
} as const

/** The first factor everybody has; it belongs to the user and is no authenticator. */
export const password = 'password'

/** Whether a proof counts as a factor beside the others: a channel never counts twice, and e-mail never counts. */
function strongClass(proof: Proof, factors: ReadonlyMap<string, Factor>): string | undefined {
  if (proof.factor === password) return 'knowledge'
  const traits = factors.get(proof.factor)?.traits
  return traits === undefined || traits.assurance === 'none' ? undefined : traits.assurance
}

/** Proofs without those whose channel an earlier one has already used. */
export function distinct(proofs: readonly Proof[]): readonly Proof[] {
  const latest = new Map<string, Proof>()
  for (const proof of proofs) latest.set(proof.channel, proof)
  return [...latest.values()]
}

/**
 * What the proofs of a flow amount to: `amr` by RFC 8176, `acr` on the ladder, `auth_time` of the oldest proof the
 * level rests on (assurance.md §2). Computed, never set.
 */
export function assure(proofs: readonly Proof[], factors: ReadonlyMap<string, Factor>): Assurance {
  const counted = distinct(proofs)
  const amr = new Set<string>()
  const classes = new Map<string, Proof>()
  let secondChannel = false
  for (const proof of counted) {
    const traits = factors.get(proof.factor)?.traits
    for (const value of proof.factor === password ? ['pwd'] : (proof.amr ?? traits?.amr ?? [])) amr.add(value)
    const strong = strongClass(proof, factors)
    if (strong === undefined) continue
    if (!classes.has(strong)) classes.set(strong, proof)
    secondChannel ||= traits?.secondChannel === true
  }
  const best = strongest(counted, factors)
  const mfa = (classes.has('knowledge') && classes.size > 1) || best?.userVerified === true
  if (mfa) amr.add('mfa')
  if (mfa && secondChannel) amr.add('mca')
  const resting = best?.userVerified === true ? [best] : mfa ? [...classes.values()] : counted
  const oldest = Math.min(...resting.map((proof) => proof.at))
  return {
    amr: [...amr],
    acr: level(mfa, best),
    authTime: Number.isFinite(oldest) ? Math.floor(oldest / 1_000) : 0,
    mfa,
  }
}

/** Where risk was looked at and nothing more was asked, `amr` says so; no level comes of it (assurance.md §2). */
export const withRisk = (assurance: Assurance, rated: boolean): Assurance =>
  rated && !assurance.mfa ? { ...assurance, amr: [...assurance.amr, 'rba'] } : assurance

/** The phishing-resistant proof that counts most: made with the user verified, then by hardware, then the newest. */
function strongest(proofs: readonly Proof[], factors: ReadonlyMap<string, Factor>): Proof | undefined {
  const worth = (it: Proof) => Number(it.userVerified === true) * 2 + Number(it.hardware === true)
  return proofs
    .filter((it) => factors.get(it.factor)?.traits.phishingResistant === true)
    .sort((a, b) => worth(b) - worth(a) || b.at - a.at)[0]
}

/** A level needs two factors first; a phishing-resistant one among them, or being both of them, raises it. */
function level(mfa: boolean, best: Proof | undefined): string {
  if (!mfa) return acr.aal1
  if (best === undefined) return acr.aal2
  return best.hardware === true ? acr.phrh : acr.phr
}
