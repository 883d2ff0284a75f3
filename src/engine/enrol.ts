import type { Authenticator } from '#model/authenticator.ts'
import { type AuthenticatorId, asId, type UserId } from '#model/ids.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import type { Factor, KeyWish, Shown } from '#ports/factor.ts'
import { type Decision, insert, put, remove, row, rows, type Write } from '#ports/store.ts'
import { canonicalEmail, canonicalPhone } from './addresses.ts'
import { challengeWrites, macContext, messageChannel, reserveChallenge } from './challenges.ts'
import { audit } from './events.ts'
import { type Flow, flowId, flowUser } from './flow.ts'
import { limits } from './limits.ts'
import { noticeDue, noticeRef } from './notices.ts'
import type { Caller, Parts } from './parts.ts'
import { sharedTooMuch, sharingRefs } from './phone-guard/accounts.ts'
import { numberTrouble } from './phone-guard/facts.ts'
import { provedOne } from './policy/index.ts'
import { enabled, held, restrictedAlone } from './policy/ways.ts'
import { sendRefs, spendMessage } from './send-budget.ts'
import { checkTicket } from './tickets.ts'
import { canAskHere, factorTools, sealContext } from './tools.ts'

export interface EnrolRequest {
  readonly caller: Caller
  readonly flow: Flow
  readonly kind: string
  /** Number or address for factors with a reach; for e-mail the user's own address stands in. */
  readonly target?: unknown
  readonly name?: string
  /** What kind of key, where it is one. */
  readonly key?: KeyWish
  /** Questions to choose from; absent: the caller cannot show any, and nothing is enrolled that asks them. */
  readonly questions?: readonly string[]
  /** How many confirmed authenticators of one reach a caller's wire can tell apart; more are refused. */
  readonly perReach?: number
  /** false: the caller cannot show saved codes, so none is made that nobody would ever see. */
  readonly savedCodes?: boolean
}

export interface Enrolment {
  readonly authenticator: Authenticator
  readonly factor: Factor
  /** Handle of the confirming challenge, for factors that sent a message. */
  readonly challenge?: string
  readonly show?: Shown
  /** Saved codes that came with the user's first enrolment; shown now and never again. */
  readonly recoveryCodes?: readonly string[]
}

/** A fresh id of an authenticator: 16 letters and digits, 95 bits. */
export const newAuthenticatorId = (parts: Pick<Parts, 'random'>): AuthenticatorId =>
  asId(parts.random.code('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 16))

/**
 * Starts the enrolment of an authenticator. It stays pending, is neither offered nor accepted at login, and lasts
 * 15 minutes (S-15); the message with its first code leaves after the commit. With a ticket it works only while the
 * user has no confirmed authenticator of any kind, or after one was proved in this flow (S-61).
 */
export async function enrol(parts: Parts, request: EnrolRequest): Promise<Outcome<Enrolment>> {
  const { caller, flow, kind } = request
  const factor = parts.factors.get(kind)
  if (factor === undefined || !factor.traits.enrollable) return { no: 'factor-unknown', factor: kind }
  if (enabled(caller.tenant, parts.factors, kind) === undefined || !canAskHere(factor, caller)) {
    return { no: 'factor-off', factor: kind }
  }
  // Answers are set up by their owner only: what whoever has the password makes up must not let them in.
  if (factor.traits.proof === 'knowledge' && (flow.by === 'ticket' || request.questions === undefined)) {
    return { no: 'factor-off', factor: kind }
  }
  const channel = messageChannel(factor)
  if (channel !== undefined && !parts.channels.has(channel)) return { no: 'undeliverable', channel }
  const userId = flowUser(flow)
  const user = await parts.store.get('users', caller.tenant.id, userId)
  if (user === undefined) return { no: 'ticket-unknown' }
  const target = enrolTarget(caller, factor, user, request.target)
  if (target.no !== undefined) return target

  const sending = { channel, to: target.yes, user: userId }
  const trouble = await numberTrouble(parts, caller, sending)
  if (trouble !== undefined) return trouble

  const outcome = await parts.store.change(
    {
      user: row('users', caller.tenant.id, userId),
      ticket: row('tickets', caller.tenant.id, flow.by === 'ticket' ? flow.ticket.id : ''),
      told: noticeRef(caller, userId),
      authenticators: rows('authenticators', 'user', caller.tenant.id, userId),
      ...sendRefs(caller, sending),
      ...sharingRefs(caller, factor.traits.reach === 'phone' ? target.yes : undefined),
    },
    (found): Decision<Outcome<Enrolment>> => {
      const now = parts.clock.now()
      if (found.user === undefined || found.user.blocked) return { result: { no: 'ticket-unknown' } }
      const ticket = flow.by === 'ticket' ? checkTicket(found.ticket, caller, now, found.user) : undefined
      if (ticket?.no !== undefined) return { result: ticket }
      const refusal =
        mayEnrol(parts, ticket?.yes, found.authenticators) ??
        overReach(parts, request, factor, found.authenticators) ??
        restrictedAlone(caller.tenant, factor, found.authenticators, parts.factors) ??
        sharedTooMuch(caller, userId, found.sharing, now)
      if (refusal !== undefined) {
        const cause =
          refusal.no === 'already-enrolled'
            ? noticeDue(parts, caller, found.user, found.told, 'enrolment-refused', kind)
            : []
        return { result: refusal, writes: [...cause, refusedEvent(parts, caller, userId, kind, refusal)] }
      }
      const spent = spendMessage(parts, caller, sending, found, now)
      if (spent.refuse) {
        return {
          result: spent.refuse,
          writes: [...spent.writes, refusedEvent(parts, caller, userId, kind, spent.refuse)],
        }
      }
      const made = begin(parts, request, user, factor, target.yes, found.authenticators)
      const recovery =
        request.savedCodes === false || factor.traits.proof === 'knowledge'
          ? undefined
          : firstRecoveryCode(parts, request, found.authenticators)
      return {
        result: yes({ ...made.enrolment, recoveryCodes: recovery?.codes }),
        writes: [
          ...dropOldPending(found.authenticators, now),
          ...made.writes,
          ...(recovery ? [recovery.write] : []),
          ...spent.writes,
          audit(parts, caller, 'factor.enrolment-started', {
            user: userId,
            factor: kind,
            authenticator: made.enrolment.authenticator.id,
          }),
        ],
      }
    },
  )
  if (outcome.yes?.challenge !== undefined || outcome.no === 'already-enrolled') parts.nudge()
  return outcome
}

const refusedEvent = (parts: Parts, caller: Caller, user: UserId, factor: string, refusal: Refusal): Write =>
  audit(parts, caller, 'factor.enrolment-refused', { user, factor, outcome: 'failure', reason: refusal.no })

export function enrolTarget(caller: Caller, factor: Factor, user: User, input: unknown): Outcome<string | undefined> {
  if (factor.traits.reach === 'phone') return canonicalPhone(caller.tenant, input)
  if (factor.traits.reach !== 'email') return yes(undefined)
  const email = canonicalEmail(input ?? user.email)
  return email.yes ? yes(email.yes.email) : { no: 'bad-address', reach: 'email' }
}

/** Whether a ticket may enrol: nothing is held, or something of it was proved in this flow (S-61). */
export function mayEnrol(
  parts: Parts,
  ticket: Ticket | undefined,
  authenticators: readonly Authenticator[],
): Refusal | undefined {
  const having = held(authenticators, parts.factors)
  if (ticket !== undefined && having.length > 0) {
    const { proofs } = ticket
    if (!provedOne({ proofs, authenticators, factors: parts.factors })) return { no: 'already-enrolled' }
  }
  return having.length >= limits.authenticatorsPerUser ? { no: 'limit-reached', what: 'authenticators' } : undefined
}

function overReach(
  parts: Parts,
  { perReach }: EnrolRequest,
  { traits }: Factor,
  authenticators: readonly Authenticator[],
): Refusal | undefined {
  if (perReach === undefined || traits.reach === undefined) return undefined
  const reached = held(authenticators, parts.factors).filter(
    (it) => parts.factors.get(it.factor)?.traits.reach === traits.reach,
  )
  return reached.length >= perReach ? { no: 'limit-reached', what: 'authenticators' } : undefined
}

/** At most three enrolments, and as many saved codes beside them, stay open (S-15): the oldest gives way. */
function dropOldPending(authenticators: readonly Authenticator[], now: number): readonly Write[] {
  const open = authenticators.filter((it) => it.state === 'pending').sort((a, b) => a.createdAt - b.createdAt)
  const dead = open.filter((it) => (it.expiresAt ?? 0) <= now)
  const live = open.filter((it) => (it.expiresAt ?? 0) > now)
  const kin = [live.filter((it) => it.factor !== 'recovery_code'), live.filter((it) => it.factor === 'recovery_code')]
  const over = kin.flatMap((them) => them.slice(0, Math.max(0, them.length - (limits.pendingPerUser - 1))))
  return [...dead, ...over].map((it) => remove('authenticators', it.tenant, it.id))
}

function begin(
  parts: Parts,
  { caller, flow, name, key, questions }: EnrolRequest,
  user: User,
  factor: Factor,
  target: string | undefined,
  authenticators: readonly Authenticator[],
): { readonly enrolment: Enrolment; readonly writes: readonly Write[] } {
  const now = parts.clock.now()
  const bare: Authenticator = {
    tenant: caller.tenant.id,
    id: newAuthenticatorId(parts),
    user: user.id,
    factor: factor.kind,
    state: 'pending',
    target,
    name,
    startedBy: flowId(flow),
    failures: 0,
    createdAt: now,
    expiresAt: now + limits.pendingLifetime * 1_000,
  }
  const reserved = reserveChallenge(parts, caller)
  const context = macContext({ ...bare, id: reserved.id, authenticator: bare.id, purpose: 'enrolment' })
  const issuer = caller.tenant.name
  const kin = authenticators.filter((it) => it.factor === factor.kind && it.state !== 'pending')
  const others = kin.flatMap((it) => (it.memory === undefined ? [] : [it.memory]))
  const made = factor.enrol(
    { target, issuer, account: accountLabel(user), others, ...(key && { key }), ...(questions && { questions }) },
    factorTools(parts, context, caller),
  )
  const sealed = made.secret && parts.keyring.seal(made.secret, sealContext(bare))
  const authenticator: Authenticator = { ...bare, sealed, memory: made.memory, key: made.key }
  const asked = made.challenge
    ? challengeWrites(parts, caller, {
        reserved,
        flow: flowId(flow),
        authenticator,
        factor,
        purpose: 'enrolment',
        state: made.challenge,
        dispatch: made.dispatch,
        user,
      })
    : []
  return {
    enrolment: { authenticator, factor, challenge: made.challenge && reserved.handle, show: made.show },
    writes: [insert('authenticators', authenticator), ...asked],
  }
}

/** How an account is called in an authenticator app. */
export const accountLabel = (user: User): string =>
  user.email ?? user.username ?? user.phoneNumber ?? user.name ?? user.id

/**
 * The user's first enrolment brings a saved code along, where the tenant has them: pending until a factor of the same
 * flow is confirmed, and not shown again by the enrolments that follow in it. Another flow gets a code of its own: it
 * may be somebody else's, and nobody's code may become good by the enrolment of another.
 */
function firstRecoveryCode(
  parts: Parts,
  { caller, flow }: EnrolRequest,
  authenticators: readonly Authenticator[],
): { readonly codes: readonly string[]; readonly write: Write } | undefined {
  const factor = enabled(caller.tenant, parts.factors, 'recovery_code')
  const now = parts.clock.now()
  const has = authenticators.some(
    (it) =>
      it.factor === 'recovery_code' &&
      (it.state !== 'pending' || (it.startedBy === flowId(flow) && (it.expiresAt ?? 0) > now)),
  )
  if (factor === undefined || has || held(authenticators, parts.factors).length > 0) return undefined
  const { authenticator, codes } = newRecoveryCode(parts, caller, flowUser(flow), factor)
  const expiresAt = now + limits.pendingLifetime * 1_000
  return {
    codes,
    write: insert('authenticators', { ...authenticator, state: 'pending', expiresAt, startedBy: flowId(flow) }),
  }
}

/** A fresh saved code, or a set of them, as a confirmed authenticator, and what to show. */
export function newRecoveryCode(
  parts: Parts,
  caller: Pick<Caller, 'tenant'>,
  user: UserId,
  factor: Factor,
  count = 1,
): { readonly authenticator: Authenticator; readonly codes: readonly string[] } {
  const now = parts.clock.now()
  const key = { tenant: caller.tenant.id, id: newAuthenticatorId(parts), user }
  const made = factor.enrol({ issuer: caller.tenant.name, account: '', count }, factorTools(parts, sealContext(key)))
  const authenticator: Authenticator = {
    ...key,
    factor: factor.kind,
    state: 'confirmed',
    memory: made.memory,
    failures: 0,
    createdAt: now,
    confirmedAt: now,
  }
  return { authenticator, codes: made.show?.codes ?? [] }
}

/** Writes that confirm an authenticator and, with it, the saved code that came along; saved codes of other flows go. */
export function confirmWrites(
  proved: Authenticator,
  authenticators: readonly Authenticator[],
  now: number,
): readonly Write[] {
  const saved = authenticators.filter((it) => it.state === 'pending' && it.factor === 'recovery_code')
  const own = saved.filter((it) => it.startedBy === proved.startedBy && (it.expiresAt ?? 0) > now)
  const others = saved.filter((it) => !own.includes(it))
  return [
    ...[proved, ...own].map((it) =>
      put('authenticators', {
        ...it,
        state: 'confirmed',
        confirmedAt: now,
        expiresAt: undefined,
        pendingFailures: undefined,
      }),
    ),
    ...others.map((it) => remove('authenticators', it.tenant, it.id)),
  ]
}
