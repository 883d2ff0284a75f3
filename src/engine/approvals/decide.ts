import type { Authenticator } from '#model/authenticator.ts'
import type { Challenge } from '#model/challenge.ts'
import { type Outcome, type Refusal, yes } from '#model/outcome.ts'
import type { User } from '#model/user.ts'
import type { Factor, Heard, Verdict } from '#ports/factor.ts'
import { type Decision, type Found, put, row, rows, type Write } from '#ports/store.ts'
import { wrong } from '../answer/refused.ts'
import type { Account } from '../answer/request.ts'
import { remembered } from '../answer/right.ts'
import { addressBudgetRef, addressWait, codeBudgetRef } from '../attempt-budgets.ts'
import { macContext } from '../challenges.ts'
import { accountLabel } from '../enrol.ts'
import { audit } from '../events.ts'
import { waitSeconds } from '../ladder.ts'
import { notify } from '../messages/queue.ts'
import { noticeRef } from '../notices.ts'
import type { Caller, Parts } from '../parts.ts'
import { factorTools, openSecret } from '../tools.ts'
import { claimedBy, type DeviceCall } from './devices.ts'
import { fatigueRef, noteAnswer } from './fatigue.ts'
import { mayBeAnswered } from './pending.ts'

/** What a device is told after its word was taken. */
export interface Decided {
  readonly decision: 'right' | 'declined'
  /** How the account is called, for a list of accounts. */
  readonly account: string
}

/**
 * Takes the word of a device for one open challenge: a yes with the number of the login page, a no, or "this was not me";
 * at an enrolment its key. It is written down once, and spent by whoever signs in when they ask for it. A wrong number
 * counts against challenge and device (S-86); what comes too late, twice, for another challenge or from another device
 * changes nothing (S-88, AC-54).
 */
export async function decide(parts: Parts, call: DeviceCall, act: 'enrol' | 'answer'): Promise<Outcome<Decided>> {
  const claimed = await claimedBy(parts, call)
  if (claimed === undefined) return { no: 'authenticator-unknown' }
  const { authenticator, factor } = claimed
  const challenge =
    act === 'enrol'
      ? await enrolmentOf(parts, authenticator)
      : await parts.store.get('challenges', authenticator.tenant, claimed.challenge ?? '')
  if (challenge === undefined) return { no: 'challenge-unknown' }
  const memory = act === 'enrol' ? undefined : (authenticator.memory ?? {})
  const heard = await factor.devices?.hear(call.statement, memory)
  if (heard?.act !== act || heard.audience !== call.caller.home) return { no: 'wrong-proof', factor: factor.kind }
  const tools = factorTools(parts, macContext(challenge))
  const material = {
    secret: openSecret(parts, authenticator),
    memory: authenticator.memory,
    challenge: challenge.state,
    proof: call.statement,
  }
  const evidence = await factor.examine?.(material, tools)
  const judge = (): Verdict => factor.check({ ...material, evidence }, tools)
  const outcome = await parts.store.change(
    refsOf(parts, call.caller, authenticator, challenge, heard),
    (found): Decision<Outcome<Decided>> => {
      const refusal = unfit(parts, call.caller, found, act)
      if (refusal !== undefined) return { result: refusal }
      return settle(parts, call.caller, factor, found, judge())
    },
  )
  parts.nudge()
  return outcome
}

/** The challenge of an enrolment: a device knows its secret, not its name. */
async function enrolmentOf(parts: Parts, { tenant, user, id }: Authenticator): Promise<Challenge | undefined> {
  const by = { index: 'user', value: user } as const
  const all = await parts.store.list('challenges', tenant, { by, limit: 1_000 })
  return all.find((it) => it.authenticator === id && it.purpose === 'enrolment')
}

const refsOf = (parts: Parts, caller: Caller, it: Authenticator, challenge: Challenge, { key }: Heard) => ({
  authenticator: row('authenticators', it.tenant, it.id),
  challenge: row('challenges', it.tenant, challenge.id),
  user: row('users', it.tenant, it.user),
  named: rows('authenticators', 'key', it.tenant, key),
  fatigue: fatigueRef(it.tenant, it.user),
  codes: codeBudgetRef(caller, it.user, it.factor, parts),
  address: addressBudgetRef(caller),
  told: noticeRef(caller, it.user),
})
type Rows = Found<ReturnType<typeof refsOf>>

/** All that can be said before the statement is judged. */
function unfit(
  parts: Parts,
  caller: Caller,
  { authenticator, challenge, user, named, address }: Rows,
  act: 'enrol' | 'answer',
): Refusal | undefined {
  const now = parts.clock.now()
  const wanted = act === 'enrol' ? 'pending' : 'confirmed'
  if (authenticator?.state !== wanted || user === undefined || user.blocked) return { no: 'authenticator-unknown' }
  if (challenge === undefined || challenge.authenticator !== authenticator.id) return { no: 'challenge-unknown' }
  if (challenge.purpose !== (act === 'enrol' ? 'enrolment' : 'login')) return { no: 'challenge-unknown' }
  if (!mayBeAnswered(challenge, now)) return { no: 'challenge-expired' }
  // A key belongs to one authenticator of a tenant, as any credential does (S-92).
  if (named.some((it) => it.id !== authenticator.id)) return { no: 'wrong-proof', factor: authenticator.factor }
  const wait = Math.max(waitSeconds(authenticator, now), addressWait(parts, caller, address))
  return wait > 0 ? { no: 'too-many-attempts', of: 'code', retryAfter: wait } : undefined
}

function settle(
  parts: Parts,
  caller: Caller,
  factor: Factor,
  found: Rows,
  verdict: Verdict,
): Decision<Outcome<Decided>> {
  const { authenticator, challenge, user, fatigue } = found
  if (authenticator === undefined || challenge === undefined || user === undefined) {
    return { result: { no: 'challenge-unknown' } }
  }
  const now = parts.clock.now()
  const decided = (decision: Decided['decision']) => yes({ decision, account: accountLabel(user) })
  const fields = { user: user.id, factor: factor.kind, authenticator: authenticator.id }
  if (verdict.is === 'right') {
    const answered = put('challenges', { ...challenge, answered: { is: 'right', at: now } })
    const enrolled = challenge.purpose === 'enrolment'
    return {
      result: decided('right'),
      writes: [
        answered,
        ...(enrolled ? [put('authenticators', remembered(parts, authenticator, verdict))] : []),
        ...(enrolled ? [] : [noteAnswer(challenge, fatigue, now, false)]),
        audit(parts, caller, 'approval.given', fields),
      ],
    }
  }
  if (verdict.is === 'declined') {
    const alarm = verdict.alarm === true
    return {
      result: decided('declined'),
      writes: [
        put('challenges', { ...challenge, voidedAt: now, answered: { is: 'declined', at: now } }),
        noteAnswer(challenge, fatigue, now, alarm),
        audit(parts, caller, 'approval.declined', { ...fields, outcome: 'failure', reason: 'declined' }),
        ...(alarm ? alarmed(parts, caller, user, fields) : []),
      ],
    }
  }
  const attempt = { factor, candidates: [authenticator], challenge, dead: false }
  const { writes = [] } = wrong(parts, { caller }, { ...found, authenticators: [] } as unknown as Account, attempt)
  return { result: { no: 'wrong-proof', factor: factor.kind }, writes }
}

/** Somebody else has the password: the owner is told on every channel, and whoever watches the audit sees it (S-87). */
const alarmed = (
  parts: Parts,
  caller: Caller,
  user: User,
  fields: { readonly factor: string; readonly authenticator: string },
): readonly Write[] => [
  audit(parts, caller, 'approval.reported', { ...fields, user: user.id, outcome: 'failure', reason: 'not-me' }),
  ...notify(parts, caller.tenant, user, 'sign-in-reported'),
]
