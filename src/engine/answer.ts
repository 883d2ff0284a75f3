import type { Authenticator } from '#model/authenticator.ts'
import type { Challenge } from '#model/challenge.ts'
import type { ChallengeId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import type { Verdict } from '#ports/factor.ts'
import { type Decision, type Found, type Refs, row, rows, seen } from '#ports/store.ts'
import { accountRefs } from './admit.ts'
import { mayAnswer, prepare } from './answer/attempt.ts'
import { astray, declined, waiting, wrong } from './answer/refused.ts'
import type { Account, Answered, AnswerRequest, Attempt, Examined } from './answer/request.ts'
import { succeed } from './answer/right.ts'
import { addressBudgetRef, codeBudgetRef } from './attempt-budgets.ts'
import { challengeId, macContext } from './challenges.ts'
import { flowId, flowUser } from './flow.ts'
import { noticeRef } from './notices.ts'
import type { Parts } from './parts.ts'
import { answeredRefs } from './phone-guard/answered.ts'
import { type FlowRisk, riskOfFlow } from './risk/flow.ts'
import { together } from './together.ts'
import { factorTools, openSecret, sealContext } from './tools.ts'

export type { Answered, AnswerRequest } from './answer/request.ts'

/**
 * Judges a proof and, if it was the last one missing, issues: the one verification service of all dialects (S-26).
 *
 * Everything happens in one change: the attempt is counted before the proof is compared and committed with the verdict
 * (S-20), the spent code, the authenticator, the ticket, the issued tokens and the audit row commit together (S-27).
 * A wrong proof leaves the ticket usable; a challenge, or a ticket's codes of one kind, die after 5 (S-17).
 */
export async function answer<R extends Refs, A>(
  parts: Parts,
  request: AnswerRequest<R, A>,
): Promise<Outcome<Answered<A>>> {
  const { caller, flow, issue } = request
  const tenant = caller.tenant.id
  const user = flowUser(flow)
  const asked = askedIn(request.to)
  const examined = await examineFirst(parts, request)
  const risk = flow.by === 'ticket' ? await riskOfFlow(parts, caller, flow.ticket) : undefined
  const own = {
    ...accountRefs(caller, user),
    ticket: flow.by === 'ticket' ? seen('tickets', flow.ticket) : row('tickets', tenant, ''),
    challenge: row('challenges', tenant, asked ?? ''),
    siblings: rows('challenges', 'flow', tenant, flowId(flow)),
    codes: codeBudgetRef(caller, user, 'kind' in request.to ? request.to.kind : undefined, parts),
    address: addressBudgetRef(caller),
    told: noticeRef(caller, user),
    ...answeredRefs(caller, examined.phone),
    ...(examined.key !== undefined && { named: rows('authenticators', 'key', tenant, examined.key) }),
  }
  const refs = together(own, issue.refs, risk?.lesson.refs)
  const decide = (found: object): Decision<Outcome<Answered<A>>> => {
    const account = found as Account
    const attempt = prepare(parts, request, account, examined)
    if (attempt.no !== undefined) return astray(parts, caller, account, attempt)
    return judgeAttempt(parts, request, account, found as Found<R>, attempt.yes, examined.evidence, risk)
  }
  let queued = false
  const outcome = await parts.store.change(refs, (found) => {
    const decided = decide(found)
    queued = decided.writes?.some(({ table }) => table === 'messages') === true
    return decided
  })
  // Looking for messages to send costs two lookups, and most answers queue none.
  if (queued) parts.nudge()
  if (outcome.yes !== undefined && request.recordOnly !== true) await risk?.lesson.spread()
  return outcome
}

/** The row of the challenge that is answered, where one is. */
const askedIn = (to: AnswerRequest<Refs, unknown>['to']): ChallengeId | undefined =>
  'kind' in to ? undefined : 'stored' in to ? to.stored : challengeId(to.challenge)

async function examineFirst<R extends Refs, A>(parts: Parts, request: AnswerRequest<R, A>): Promise<Examined> {
  const tenant = request.caller.tenant.id
  const asked = askedIn(request.to)
  const found = asked && (await parts.store.get('challenges', tenant, asked))
  const factor = found && parts.factors.get(found.factor)
  if (factor?.traits.reach === 'phone') return { phone: found?.target }
  if (found === undefined || factor?.examine === undefined) return {}
  const key = factor.keyOf?.(request.proof)
  const one = await parts.store.get('authenticators', tenant, found.authenticator)
  const it = one && (await claimant(parts, found, one, key))
  if (it === undefined) return { key }
  const material = { secret: openSecret(parts, it), memory: it.memory, challenge: found.state, proof: request.proof }
  return { key, evidence: await factor.examine(material, factorTools(parts, macContext(found))) }
}

/** The authenticator a proof claims to come from, if it is one that may answer; else the one that was asked. */
async function claimant(
  parts: Parts,
  challenge: Challenge,
  asked: Authenticator,
  key: string | undefined,
): Promise<Authenticator> {
  if (key === undefined) return asked
  const by = { index: 'key', value: key } as const
  const named = await parts.store.list('authenticators', challenge.tenant, { by, limit: 1 })
  return named.find((it) => mayAnswer(it, challenge)) ?? asked
}

function judgeAttempt<R extends Refs, A>(
  parts: Parts,
  request: AnswerRequest<R, A>,
  account: Account,
  found: Found<R>,
  attempt: Attempt,
  evidence: unknown,
  risk: FlowRisk | undefined,
): Decision<Outcome<Answered<A>>> {
  if (attempt.factor.devices !== undefined) return polled(parts, request, account, found, attempt, risk)
  if (request.proof === undefined && attempt.factor.traits.proof !== 'approval')
    return { result: { no: 'proof-missing' } }
  if (attempt.dead) return wrong(parts, request, account, attempt)
  let right: { readonly it: Authenticator; readonly verdict: Extract<Verdict, { is: 'right' }> } | undefined
  let other: Verdict['is'] = 'wrong'
  const copied: Authenticator[] = []
  // All candidates are looked at, whichever matches, so that the time taken tells nothing (S-41).
  for (const it of attempt.candidates) {
    const context = attempt.challenge ? macContext(attempt.challenge) : sealContext(it)
    const material = { secret: openSecret(parts, it), memory: it.memory, challenge: attempt.challenge?.state }
    const verdict = attempt.factor.check({ ...material, proof: request.proof, evidence }, factorTools(parts, context))
    if (verdict.is === 'right') right ??= { it, verdict }
    else if (verdict.is !== 'wrong') other = verdict.is
    else if (verdict.suspend === true) copied.push(it)
  }
  if (right) {
    // What is registered once in a tenant cannot be registered for somebody else (S-92).
    const { key } = right.verdict
    const taken = key !== undefined && account.named?.some((one) => one.key === key && one.id !== right.it.id)
    if (taken === true) return wrong(parts, request, account, attempt)
    return succeed(parts, request, account, found, attempt, right.it, right.verdict, risk)
  }
  if (other === 'waiting') return waiting(parts, attempt)
  if (other === 'declined') return declined(parts, request, account, attempt)
  return wrong(parts, request, account, attempt, copied)
}

/**
 * What the device has said so far; whoever signs in brings no proof of their own. Its yes is spent here, in the commit that
 * goes on, and a challenge that is over is no guess and counts as none.
 */
function polled<R extends Refs, A>(
  parts: Parts,
  request: AnswerRequest<R, A>,
  account: Account,
  found: Found<R>,
  attempt: Attempt,
  risk: FlowRisk | undefined,
): Decision<Outcome<Answered<A>>> {
  const said = attempt.challenge?.answered?.is
  const [it] = attempt.candidates
  if (said === 'declined') return { result: { no: 'declined' } }
  if (attempt.dead || it === undefined) return { result: { no: 'challenge-expired' } }
  if (said === 'right') return succeed(parts, request, account, found, attempt, it, { is: 'right' }, risk)
  return waiting(parts, attempt)
}
