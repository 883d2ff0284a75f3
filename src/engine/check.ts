import type { UserId } from '#model/ids.ts'
import type { Refusal } from '#model/outcome.ts'
import type { Assurance, Proof } from '#model/proof.ts'
import type { Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import { accountRefs, judgeNow, outcomeOf } from './admit.ts'
import { assure, withRisk } from './assurance.ts'
import { limits } from './limits.ts'
import { lastMfaHere } from './marks.ts'
import type { Caller, Parts } from './parts.ts'
import { held } from './policy/ways.ts'
import { assess, levelOf } from './risk/assess.ts'
import { decisionWrites } from './risk/decisions.ts'

export interface CheckRequest {
  readonly caller: Caller
  readonly user: UserId
  /** What a session rests on, the first factor first. */
  readonly proofs: readonly Proof[]
  readonly wish: Wish
}

/** What a session is worth for a wish: enough; or the first factor anew, or another one; or nothing could be enough. */
export type Checked =
  | { readonly is: 'enough'; readonly user: User; readonly assurance: Assurance }
  | { readonly is: 'first-again' | 'more'; readonly user: User }
  | { readonly is: 'refused'; readonly refusal: Refusal }

/**
 * Asks policy about a session that already stands, without opening a ticket: whoever issues on it
 * asks here at that moment (S-56). Changes to factors need, of an account that has none, the first factor at most 300 s
 * old (S-63).
 */
export async function check(parts: Parts, { caller, user, proofs, wish }: CheckRequest): Promise<Checked> {
  const found = await parts.store.change(accountRefs(caller, user), (account) => ({ result: account }))
  const account = found.user
  if (account === undefined) return { is: 'refused', refusal: { no: 'ticket-unknown' } }
  if (account.blocked) return { is: 'refused', refusal: { no: 'blocked-user' } }
  const first = proofs[0]
  if (first === undefined || (account.passwordChangedAt ?? 0) > first.at) return { is: 'first-again', user: account }
  const { authenticators, device } = found
  const old = parts.clock.now() - first.at > limits.freshProof * 1_000
  if (wish.managesFactors === true && old && held(authenticators, parts.factors).length === 0) {
    return { is: 'first-again', user: account }
  }
  const assessed = await assess(parts, caller, user, proofs)
  const risk = levelOf(assessed)
  const judged = judgeNow(
    parts,
    { caller, user: account, authenticators, proofs, wish, device, risk },
    lastMfaHere(found.mark),
  )
  // Where more is wanted, the flow that asks for it is rated itself.
  if (assessed !== undefined && (judged.met || 'refuse' in judged)) {
    const { writes } = decisionWrites(parts, caller, user, assessed, outcomeOf(judged))
    await parts.store.change({}, () => ({ result: undefined, writes }))
  }
  if (judged.met) {
    const assurance = withRisk(assure(proofs, parts.factors), risk !== undefined)
    return { is: 'enough', user: account, assurance }
  }
  return 'refuse' in judged ? { is: 'refused', refusal: judged.refuse } : { is: 'more', user: account }
}
