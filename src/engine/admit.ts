import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Requirement, Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import { type Decision, type Found, put, type Refs, row, rows, type Write } from '#ports/store.ts'
import { assure } from './assurance.ts'
import { audit } from './events.ts'
import type { Granted, Issue } from './issue.ts'
import { lastMfaHere, markRef, wantsMark, writeMark } from './marks.ts'
import type { Caller, Parts } from './parts.ts'
import { type Judgement, judge } from './policy/index.ts'
import { newTicket } from './tickets.ts'

export interface AdmitRequest<R extends Refs, A> {
  readonly caller: Caller
  readonly user: UserId
  readonly proofs: readonly Proof[]
  readonly wish: Wish
  readonly issue: Issue<R, A>
  /** Writes that belong to the first proof, such as a counter cleared by it. */
  readonly also?: readonly Write[]
}

export interface Admitted<A> {
  readonly granted: Granted
  readonly issued: A
}

/**
 * Asks policy whether tokens may be issued for what was proved so far, at the moment of issuing (S-56). Either the
 * caller's writes commit and it is granted, or a ticket commits and the refusal `more-proof` says what is missing.
 */
export async function admit<R extends Refs, A>(
  parts: Parts,
  request: AdmitRequest<R, A>,
): Promise<Outcome<Admitted<A>>> {
  const { caller, user, issue } = request
  const refs = { ...issue.refs, ...accountRefs(caller, user) }
  return await parts.store.change(refs, (found): Decision<Outcome<Admitted<A>>> => {
    const account = found as unknown as Found<ReturnType<typeof accountRefs>>
    if (account.user === undefined) return { result: { no: 'wrong-password' } }
    const situation = { ...request, user: account.user, authenticators: account.authenticators }
    const judged = judgeNow(parts, situation, account.mark && lastMfaHere(account.mark))
    if (account.user.blocked) return refused(parts, caller, user, { no: 'blocked-user' })
    if (judged.met) return grant(parts, request, account.user, found as unknown as Found<R>)
    if ('refuse' in judged) return refused(parts, caller, user, judged.refuse)
    const { handle, write } = newTicket(parts, caller, {
      user,
      wish: request.wish,
      proofs: request.proofs,
      requirement: judged.require,
    })
    const event = audit(parts, caller, 'mfa.required', { user, details: requirementDetails(judged.require) })
    return {
      result: { no: 'more-proof', ticket: handle, require: judged.require },
      writes: [write, event, ...(request.also ?? [])],
    }
  })
}

/** What judging an account needs to have read. */
export const accountRefs = (caller: Caller, user: UserId) => ({
  user: row('users', caller.tenant.id, user),
  authenticators: rows('authenticators', 'user', caller.tenant.id, user),
  mark: markRef(caller, user),
})

export function judgeNow(
  parts: Parts,
  it: {
    readonly caller: Caller
    readonly user: User
    readonly authenticators: readonly Authenticator[]
    readonly proofs: readonly Proof[]
    readonly wish: Wish
  },
  mark: number | undefined,
): Judgement {
  const { tenant, application } = it.caller
  return judge({ ...it, tenant, application, now: parts.clock.now(), lastMfaHere: mark, factors: parts.factors })
}

function grant<R extends Refs, A>(
  parts: Parts,
  { caller, proofs, wish, issue, also }: AdmitRequest<R, A>,
  user: User,
  found: Found<R>,
): { result: Outcome<Admitted<A>>; writes: readonly Write[] } {
  const granted: Granted = { user, proofs, wish, assurance: assure(proofs, parts.factors) }
  const made = issue.decide(granted, found)
  if ('no' in made) return refused(parts, caller, user.id, made)
  return {
    result: yes({ granted, issued: made.issued }),
    writes: [...made.writes, ...loginWrites(parts, caller, granted), ...(also ?? [])],
  }
}

/** What every completed login leaves behind: last login, the mark of a second factor, the audit row. */
export function loginWrites(parts: Parts, caller: Caller, granted: Granted): readonly Write[] {
  const { user, assurance, wish, proofs } = granted
  const now = parts.clock.now()
  const refreshed = wish.refreshToken !== undefined
  const proved = proofs.length > 1 && !refreshed
  const signedIn: User = {
    ...user,
    lastLoginAt: now,
    loginCount: user.loginCount + 1,
    ...(proved && { lastMfaAt: now }),
  }
  return [
    ...(refreshed ? [] : [put('users', signedIn)]),
    ...(proved && wantsMark(caller) ? [writeMark(caller, user.id, now)] : []),
    audit(parts, caller, refreshed ? 'login.refreshed' : 'login.granted', {
      user: user.id,
      details: { amr: assurance.amr.join(' '), acr: assurance.acr, grant: wish.grantType },
    }),
  ]
}

function refused(parts: Parts, caller: Caller, user: UserId, refusal: Refusal) {
  const event = audit(parts, caller, 'login.granted', { user, outcome: 'failure', reason: refusal.no })
  return { result: refusal as Outcome<never>, writes: [event] }
}

export const requirementDetails = (require: Requirement): Record<string, string> =>
  require.challenge ? { challenge: require.challenge.join(' ') } : { enrol: require.enrol.join(' ') }
