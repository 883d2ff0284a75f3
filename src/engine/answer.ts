import type { Authenticator } from '#model/authenticator.ts'
import type { Outcome } from '#model/outcome.ts'
import type { Verdict } from '#ports/factor.ts'
import { type Decision, type Found, type Refs, row, rows } from '#ports/store.ts'
import { accountRefs } from './admit.ts'
import { prepare } from './answer/attempt.ts'
import { astray, declined, waiting, wrong } from './answer/refused.ts'
import type { Account, Answered, AnswerRequest, Attempt } from './answer/request.ts'
import { succeed } from './answer/right.ts'
import { addressBudgetRef, codeBudgetRef } from './attempt-budgets.ts'
import { challengeId, macContext } from './challenges.ts'
import { flowId, flowUser } from './flow.ts'
import { noticeRef } from './notices.ts'
import type { Parts } from './parts.ts'
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
  const asked = 'challenge' in request.to ? challengeId(request.to.challenge) : undefined
  const refs = {
    ...issue.refs,
    ...accountRefs(caller, user),
    ticket: row('tickets', tenant, flow.by === 'ticket' ? flow.ticket.id : ''),
    challenge: row('challenges', tenant, asked ?? ''),
    siblings: rows('challenges', 'flow', tenant, flowId(flow)),
    codes: codeBudgetRef(caller, user, 'kind' in request.to ? request.to.kind : undefined, parts),
    address: addressBudgetRef(caller),
    told: noticeRef(caller, user),
  }
  const evidence = await examineFirst(parts, request)
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<Answered<A>>> => {
    const attempt = prepare(parts, request, found as unknown as Account)
    if (attempt.no !== undefined) return astray(parts, caller, found as unknown as Account, attempt)
    return judgeAttempt(
      parts,
      request,
      found as unknown as Account,
      found as unknown as Found<R>,
      attempt.yes,
      evidence,
    )
  })
  if (outcome.yes !== undefined || outcome.no === 'wrong-proof') parts.nudge()
  return outcome
}

async function examineFirst<R extends Refs, A>(parts: Parts, request: AnswerRequest<R, A>): Promise<unknown> {
  const tenant = request.caller.tenant.id
  if ('kind' in request.to) return undefined
  const found = await parts.store.get('challenges', tenant, challengeId(request.to.challenge))
  const examine = found && parts.factors.get(found.factor)?.examine
  if (found === undefined || examine === undefined) return undefined
  const it = await parts.store.get('authenticators', tenant, found.authenticator)
  if (it === undefined) return undefined
  const material = { secret: openSecret(parts, it), memory: it.memory, challenge: found.state, proof: request.proof }
  return await examine(material, factorTools(parts, macContext(found)))
}

function judgeAttempt<R extends Refs, A>(
  parts: Parts,
  request: AnswerRequest<R, A>,
  account: Account,
  found: Found<R>,
  attempt: Attempt,
  evidence: unknown,
): Decision<Outcome<Answered<A>>> {
  if (request.proof === undefined && attempt.factor.traits.proof !== 'approval')
    return { result: { no: 'proof-missing' } }
  if (attempt.dead) return wrong(parts, request, account, attempt)
  let right: { readonly it: Authenticator; readonly verdict: Extract<Verdict, { is: 'right' }> } | undefined
  let other: Verdict['is'] = 'wrong'
  // All candidates are looked at, whichever matches, so that the time taken tells nothing (S-41).
  for (const it of attempt.candidates) {
    const context = attempt.challenge ? macContext(attempt.challenge) : sealContext(it)
    const material = { secret: openSecret(parts, it), memory: it.memory, challenge: attempt.challenge?.state }
    const verdict = attempt.factor.check({ ...material, proof: request.proof, evidence }, factorTools(parts, context))
    if (verdict.is === 'right') right ??= { it, verdict }
    else if (verdict.is !== 'wrong') other = verdict.is
  }
  if (right) return succeed(parts, request, account, found, attempt, right.it, right.verdict)
  if (other === 'waiting') return waiting(parts, attempt)
  if (other === 'declined') return declined(parts, request, account, attempt)
  return wrong(parts, request, account, attempt)
}
