import type { Refusal } from '#model/outcome.ts'
import type { Requirement } from '#model/ticket.ts'
import type { Factor } from '#ports/factor.ts'
import { password } from '../assurance.ts'
import { steps } from './acts/index.ts'
import { askedFor } from './asked-for.ts'
import { isDormant } from './dormant.ts'
import { freshForChanges } from './fresh-for-changes.ts'
import { secondFactor } from './second-factor.ts'
import type { Condition, Need, Situation } from './situation.ts'
import { challengeable, channelOf, confirmed, enrollable, held, reachesBest } from './ways.ts'

/** The conditions a token must meet, in the order they are asked. */
export const conditions: readonly Condition[] = [secondFactor, askedFor, freshForChanges]

export type Judgement =
  | { readonly met: true }
  | { readonly met: false; readonly require: Requirement }
  | { readonly met: false; readonly refuse: Refusal }

/** Judges a situation: met, or what must be proved or enrolled next. Pure; every path to a token comes through here. */
export function judge(situation: Situation, among: readonly Condition[] = conditions): Judgement {
  if (situation.risk === 'high' && situation.tenant.risk?.onHigh === 'refuse') {
    return { met: false, refuse: { no: 'risk-too-high' } }
  }
  for (const condition of among) {
    const need = condition(situation)
    if (need === undefined || satisfied(need, situation)) continue
    if (need.onlyIfEnrolled && held(situation.authenticators, situation.factors).length === 0) {
      if (isDormant(situation)) return { met: false, refuse: { no: 'no-factor-available' } }
      continue
    }
    return next(need, situation)
  }
  return owed(situation)
}

/** What is left to do once everything is proved. A login begins it; a token that is renewed waits for the next one. */
function owed(situation: Situation): Judgement {
  const { wish } = situation
  if (wish.refreshToken !== undefined) return { met: true }
  for (const step of steps) {
    const act = step(situation)
    if (act === undefined) continue
    if (wish.acts?.includes(act) !== true) return { met: false, refuse: { no: 'policy-unavailable' } }
    return { met: false, require: { enrol: [], act } }
  }
  return { met: true }
}

/** Whether some proof of this flow answers the need: another than the first factor, or one that is two by itself. */
function satisfied(need: Need, situation: Situation): boolean {
  const first = situation.proofs[0]
  return situation.proofs.some((proof) => {
    // A first factor that has made sure of its user is two in one (assurance.md §1).
    const alone = proof.userVerified === true
    if (!alone && (proof === first || proof.channel === first?.channel)) return false
    if (proof.factor === password) return false
    const traits = situation.factors.get(proof.factor)?.traits
    if (traits === undefined) return false
    if (traits.proof === 'lookup') return need.notByLookup !== true && recent(need, proof.at, situation.now)
    return fits(need, proof.factor, situation) && recent(need, proof.at, situation.now)
  })
}

/** Whether a kind that is no saved code answers the need. */
const fits = (need: Need, kind: string, { authenticators, factors }: Situation): boolean =>
  (need.kinds?.includes(kind) ?? true) &&
  (need.notByKnowledge !== true || factors.get(kind)?.traits.proof !== 'knowledge') &&
  (need.best !== true || reachesBest(kind, authenticators, factors))

const recent = (need: Need, at: number, now: number) => need.within === undefined || now - at <= need.within * 1_000

/**
 * The way forward: a challenge by a kind that satisfies the need; else, one of the user's other factors must be proved
 * before anything can be enrolled (S-61); else an enrolment, unless the account was asleep (S-67).
 */
function next(need: Need, situation: Situation): Judgement {
  const { tenant, authenticators, factors } = situation
  const stale = situation.proofs.filter((it) => recent(need, it.at, situation.now))
  const now = challengeable(tenant, authenticators, stale, factors)
  const lookups = now.filter((it) => it.traits.proof === 'lookup' && need.notByLookup !== true)
  const fitting = now.filter((it) => it.traits.proof !== 'lookup' && fits(need, it.kind, situation))
  if (fitting.length > 0) return { met: false, require: { challenge: kinds([...fitting, ...lookups]) } }
  if (need.onlyHeld === true) return { met: false, refuse: { no: 'risk-too-high' } }
  const others = now.filter((it) => it.traits.proof !== 'lookup')
  if (others.length > 0 && !provedOne(situation)) {
    return { met: false, require: { challenge: kinds([...others, ...lookups]) } }
  }
  const open = enrollable(tenant, factors).filter(
    (it) => (need.kinds?.includes(it.kind) ?? true) && !echoes(it, situation),
  )
  if (held(authenticators, factors).length > 0 && !provedOne(situation)) {
    return lookups.length > 0
      ? { met: false, require: { challenge: kinds(lookups) } }
      : { met: false, refuse: { no: 'no-factor-available' } }
  }
  if (open.length === 0 || isDormant(situation)) return { met: false, refuse: { no: 'no-factor-available' } }
  return { met: false, require: { enrol: kinds(open) } }
}

/** A mailbox beside a mailbox: no second factor where the first one was a code by e-mail. */
const echoes = ({ traits }: Factor, { proofs, factors }: Situation): boolean =>
  traits.assurance === 'none' && factors.get(proofs[0]?.factor ?? '')?.traits.reach === traits.reach

const kinds = (factors: readonly { readonly kind: string }[]) => factors.map((it) => it.kind)

/**
 * Whether an authenticator of the user was proved in this flow, so that another may be added to it: one of the best
 * class the account has (S-62), and not a saved code (S-46).
 */
export function provedOne(situation: Pick<Situation, 'proofs' | 'authenticators' | 'factors'>): boolean {
  const channels = new Set(confirmed(situation.authenticators).map((it) => channelOf(it, situation.factors)))
  return situation.proofs.some(
    (it) =>
      it.factor !== password &&
      channels.has(it.channel) &&
      situation.factors.get(it.factor)?.traits.proof !== 'lookup' &&
      reachesBest(it.factor, situation.authenticators, situation.factors),
  )
}
