import type { Artifact } from '#model/artifact.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { RiskDecision, RiskLevel } from '#model/risk.ts'
import type { Requirement, Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import { type Decision, type Found, insert, put, type Refs, row, rows, type Write } from '#ports/store.ts'
import { assure, password, withRisk } from './assurance.ts'
import { audit } from './events.ts'
import type { Granted, Issue } from './issue.ts'
import { limits } from './limits.ts'
import { lastMfaHere, markRef, markStands, wantsMark, writeMark } from './marks.ts'
import type { Caller, Parts } from './parts.ts'
import { sleeps } from './policy/dormant.ts'
import { type Judgement, judge } from './policy/index.ts'
import { type Assessed, assess, levelOf } from './risk/assess.ts'
import { decisionWrites } from './risk/decisions.ts'
import { carriedRisk } from './risk/flow.ts'
import { type Lesson, lessonOf } from './risk/lesson.ts'
import { newTicket } from './tickets.ts'
import { together } from './together.ts'
import { deviceRef, isTrusted, isYoungEnough } from './trusted-devices.ts'

export interface AdmitRequest<R extends Refs, A> {
  readonly caller: Caller
  readonly user: UserId
  readonly proofs: readonly Proof[]
  readonly wish: Wish
  readonly issue: Issue<R, A>
  /** The first proof, where it is spent in the same commit (a code sent to an address). */
  readonly spend?: Spend
}

/** Spends a first proof inside the change that admits. */
export interface Spend {
  readonly refs: Refs
  /** Writes that spend it, and the account it has just brought into being; or the refusal with what it costs. */
  readonly decide: (found: Found<Refs>) => {
    readonly writes: readonly Write[]
    readonly refuse?: Refusal
    readonly creates?: User
    /** What the proof makes of an account there is; the very same row where it makes nothing of it. */
    readonly alters?: (user: User) => User
  }
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
  const rated: Rated = {
    assessed: await assess(parts, caller, user, request.proofs),
    lesson: lessonOf(parts, caller, user),
  }
  const refs = together(accountRefs(caller, user), issue.refs, request.spend?.refs, rated.lesson.refs)
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<Admitted<A>>> => {
    const account = found as unknown as Found<ReturnType<typeof accountRefs>>
    const spent = request.spend?.decide(found as unknown as Found<Refs>)
    if (spent?.refuse) return { result: spent.refuse, writes: spent.writes }
    const there = account.user && (spent?.alters?.(account.user) ?? account.user)
    const known = there ?? spent?.creates
    if (known === undefined) return { result: { no: 'wrong-password' } }
    const isNew = account.user === undefined
    const decided = decideFor(parts, request, known, account, found as unknown as Found<R>, isNew, rated)
    // Tokens write the account themselves; whatever else the answer is, what the proof made of it stays.
    const altered = there !== account.user && there && decided.result.yes === undefined ? [put('users', there)] : []
    return { ...decided, writes: [...(spent?.writes ?? []), ...altered, ...(decided.writes ?? [])] }
  })
  if (outcome.yes !== undefined) await rated.lesson.spread()
  return outcome
}

/** How a login was rated, and what it will have taught. */
interface Rated {
  readonly assessed: Assessed | undefined
  readonly lesson: Lesson
}

/** Policy, then either the grant or a ticket. */
function decideFor<R extends Refs, A>(
  parts: Parts,
  request: AdmitRequest<R, A>,
  user: User,
  account: Found<ReturnType<typeof accountRefs>>,
  found: Found<R>,
  isNew: boolean,
  { assessed, lesson }: Rated,
): Decision<Outcome<Admitted<A>>> {
  const { caller, proofs, wish, issue } = request
  if (user.blocked) return refused(parts, caller, user.id, { no: 'blocked-user' })
  const { authenticators, mark, device } = account
  const risk = levelOf(assessed)
  const judged = judgeNow(parts, { caller, user, authenticators, proofs, wish, device, risk }, lastMfaHere(mark))
  const decision = assessed && decisionWrites(parts, caller, user.id, assessed, outcomeOf(judged))
  const decided = decision?.writes ?? []
  if (!judged.met && 'refuse' in judged) {
    const no = refused(parts, caller, user.id, judged.refuse)
    return { ...no, writes: [...decided, ...no.writes] }
  }
  if (!judged.met) {
    const { handle, write } = newTicket(parts, caller, {
      user: user.id,
      wish,
      proofs,
      requirement: judged.require,
      ...(assessed && decision && { risk: carriedRisk(caller, assessed, decision.id) }),
    })
    const event = audit(parts, caller, 'mfa.required', { user: user.id, details: requirementDetails(judged.require) })
    const born = isNew ? [insert('users', user)] : []
    return {
      result: { no: 'more-proof', ticket: handle, require: judged.require },
      writes: [...born, ...decided, write, event],
    }
  }
  const assurance = withRisk(assure(proofs, parts.factors), risk !== undefined)
  const granted: Granted = { user, proofs, wish, assurance }
  const made = issue.decide(granted, found)
  if (made.refuse) {
    const no = refused(parts, caller, user.id, made.refuse)
    return { ...no, writes: [...no.writes, ...made.writes] }
  }
  const provedSecond = justProvedBoth(proofs, parts.clock.now())
  const left = loginWrites(parts, caller, granted, { isNew, provedSecond })
  const learned = provedSecond ? lesson.writes(found) : []
  return {
    result: yes({ granted, issued: made.issued }),
    writes: [...made.writes, ...decided, ...left, ...learned],
    ...(made.meanwhile && { meanwhile: made.meanwhile }),
  }
}

/** What became of a login that was rated: what is left to do besides is no matter of risk. */
export const outcomeOf = (judged: Judgement): RiskDecision['outcome'] =>
  judged.met || ('require' in judged && judged.require.act !== undefined)
    ? 'passed'
    : 'refuse' in judged
      ? 'refused'
      : 'asked'

/** Whether a first factor that is two in one was proved for this very request, and not for a session long ago. */
const justProvedBoth = ([first]: readonly Proof[], now: number): boolean =>
  first?.userVerified === true && now - first.at <= limits.freshProof * 1_000

/** What judging an account needs to have read. */
export const accountRefs = (caller: Caller, user: UserId) => ({
  user: row('users', caller.tenant.id, user),
  authenticators: rows('authenticators', 'user', caller.tenant.id, user),
  mark: markRef(caller, user),
  device: deviceRef(caller),
})

export function judgeNow(
  parts: Parts,
  it: {
    readonly caller: Caller
    readonly user: User
    readonly authenticators: readonly Authenticator[]
    readonly proofs: readonly Proof[]
    readonly wish: Wish
    readonly device: Artifact | undefined
    readonly risk: RiskLevel | undefined
  },
  mark: number | undefined,
): Judgement {
  const { tenant, application } = it.caller
  const now = parts.clock.now()
  const trustedDevice = isTrusted(parts, it.device, it, now) && isYoungEnough(it.caller, it.device, now)
  const standing = mark !== undefined && markStands(parts, mark, it, now) ? mark : undefined
  return judge({ ...it, tenant, application, now, lastMfaHere: standing, trustedDevice, factors: parts.factors })
}

/** What every completed login leaves behind: last login, the mark of a second factor, the audit row. */
export function loginWrites(
  parts: Parts,
  caller: Caller,
  { user, proofs, assurance, wish }: Granted,
  how: { readonly isNew: boolean; readonly provedSecond: boolean },
): readonly Write[] {
  const now = parts.clock.now()
  const refreshed = wish.refreshToken !== undefined
  const signedIn: User = {
    ...user,
    lastLoginAt: now,
    loginCount: user.loginCount + 1,
    // Signing in on the password alone does not wake an account for enrolments (S-67).
    dormantAt: proofs.every((it) => it.factor === password) && sleeps(user, now) ? (user.dormantAt ?? now) : undefined,
    ...(how.provedSecond && { lastMfaAt: now }),
  }
  return [
    ...(how.isNew ? [insert('users', signedIn)] : []),
    ...(!how.isNew && (!refreshed || how.provedSecond) ? [put('users', signedIn)] : []),
    ...(how.provedSecond && wantsMark(caller) ? [writeMark(caller, user.id, now)] : []),
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
  require.act
    ? { act: require.act }
    : require.challenge
      ? { challenge: require.challenge.join(' ') }
      : { enrol: require.enrol.join(' ') }
