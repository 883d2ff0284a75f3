import { lengthPrefixed, tokenDigest } from '#crypto/digest.ts'
import type { UserId } from '#model/ids.ts'
import type { RiskDecision, RiskLevel } from '#model/risk.ts'
import type { Ticket } from '#model/ticket.ts'
import type { Write } from '#ports/store.ts'
import type { Caller, Parts } from '../parts.ts'
import { type Assessed, assess, levelOf } from './assess.ts'
import { decisionWrites } from './decisions.ts'
import { worse } from './judge.ts'
import { type Lesson, lessonOf } from './lesson.ts'

/** What a ticket keeps of the decision it was opened under, and who was asked; a digest, no address. */
export const carriedRisk = (
  caller: Caller,
  { verdict, observed }: Assessed,
  decision: string,
): NonNullable<Ticket['risk']> => ({
  ...(!observed && { level: verdict.level }),
  decision,
  from: fromOf(caller),
})

const fromOf = ({ address, userAgent }: Caller): string =>
  tokenDigest(lengthPrefixed([address, userAgent]).toString('latin1'))

/** Risk at a later step of a flow. */
export interface FlowRisk {
  /** Undefined: the rule that holds does not look at risk. */
  readonly level?: RiskLevel
  readonly lesson: Lesson
  /** The row of a decision that was made for this step. */
  readonly writes: (outcome: RiskDecision['outcome']) => readonly Write[]
}

/**
 * The level a flow was opened under holds on for who opened it. Whoever goes on from another address, or with another
 * agent, is rated anew, and the worse of the two counts.
 */
export async function riskOfFlow(
  parts: Parts,
  caller: Caller,
  ticket: Pick<Ticket, 'user' | 'proofs' | 'risk'>,
): Promise<FlowRisk> {
  const { user, proofs, risk } = ticket
  const lesson = lessonOf(parts, caller, user, risk?.decision)
  if (risk !== undefined && risk.from === fromOf(caller))
    return { ...(risk.level && { level: risk.level }), lesson, writes: () => [] }
  const assessed = await assess(parts, caller, user, proofs)
  const now = levelOf(assessed)
  const level = now && risk?.level ? worse(now, risk.level) : now
  const writes: FlowRisk['writes'] = (outcome) =>
    assessed === undefined ? [] : decisionWrites(parts, caller, user as UserId, assessed, outcome).writes
  return { ...(level && { level }), lesson, writes }
}
