import { lengthPrefixed, tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { Challenge } from '#model/challenge.ts'
import { asId, type ChallengeId, type UserId } from '#model/ids.ts'
import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import { type Decision, type Found, put, type Refs, remove, row, rows, upsert, type Write } from '#ports/store.ts'
import { draftUser } from './accounts/create.ts'
import { maySignUp } from './accounts/may-sign-up.ts'
import { endings } from './accounts/set-password.ts'
import { canonicalEmail, canonicalPhone } from './addresses.ts'
import { type Admitted, admit, type Spend } from './admit.ts'
import { addressBudgetRef, addressFailure, addressWait } from './attempt-budgets.ts'
import { codeLifetime } from './challenges.ts'
import { audit } from './events.ts'
import type { Issue } from './issue.ts'
import { climb, waitSeconds } from './ladder.ts'
import { limits } from './limits.ts'
import { linkSaid } from './messages/compose.ts'
import { codeMessage, notify, queueMessage } from './messages/queue.ts'
import type { Caller, Parts } from './parts.ts'
import { answeredRefs, answeredWrites } from './phone-guard/answered.ts'
import { numberTrouble } from './phone-guard/facts.ts'
import type { GuardRows } from './phone-guard/rows.ts'
import { type Sending, sendRefs, spendMessage } from './send-budget.ts'
import { together } from './together.ts'
import { factorTools } from './tools.ts'

/** The kinds of factor whose address can be signed in with. */
export const passwordlessKinds = ['email', 'sms'] as const
export type PasswordlessChannel = (typeof passwordlessKinds)[number]

/** Wrong codes a passwordless transaction survives. */
export const passwordlessTries = 3

export interface PasswordlessStart {
  readonly caller: Caller
  readonly channel: PasswordlessChannel
  /** Address or number as typed. */
  readonly to: unknown
  /** false: an address without an account gets no message, and looks just the same (S-102). Default true. */
  readonly signUp?: boolean
  /** A mailbox gets this link, with the code in it, instead of the code: for what a page of the caller does (S-84). */
  readonly link?: (code: string) => string
}

export interface PasswordlessStarted {
  readonly address: string
  /** The account of the address; the id one would get, where there is none yet, so that both look the same (S-102). */
  readonly user: UserId
}

interface Address {
  readonly address: string
  readonly key: string
}

function canonical(caller: Caller, channel: PasswordlessChannel, input: unknown): Outcome<Address> {
  if (channel === 'sms') {
    const phone = canonicalPhone(caller.tenant, input)
    return phone.no === undefined ? yes({ address: phone.yes, key: phone.yes }) : phone
  }
  const email = canonicalEmail(input)
  return email.no === undefined
    ? yes({ address: email.yes.email, key: email.yes.key })
    : { no: 'bad-address', reach: 'email' }
}

/** One running code per client and address: the next start replaces it and keeps its count (S-5). */
const transactionId = (
  { tenant, application, dialect }: Caller,
  channel: PasswordlessChannel,
  key: string,
): ChallengeId =>
  asId(
    tokenDigest(lengthPrefixed(['passwordless', tenant.id, application.id, dialect, channel, key]).toString('latin1')),
  )

/** Consecutive wrong codes of an address, whoever asks and whether or not there is an account behind it (S-18, S-106). */
export const ladderId = ({ tenant }: Caller, channel: PasswordlessChannel, key: string): string =>
  `passwordless:${tokenDigest(lengthPrefixed([tenant.id, channel, key]).toString('latin1'))}`

/** How long a count of wrong codes is kept after the last of them, ms. */
const day = 24 * 3_600_000

/** The account an address would get; derived, so that asking again gives the same. */
function futureId({ tenant }: Caller, channel: PasswordlessChannel, key: string): UserId {
  const hex = Buffer.from(
    tokenDigest(lengthPrefixed(['passwordless-user', tenant.id, channel, key]).toString('latin1')),
    'base64url',
  ).toString('hex')
  return asId(hex.slice(0, 24))
}

const macContext = (id: ChallengeId, key: string): readonly string[] => ['passwordless', id, key]

async function ownerOf(
  parts: Parts,
  caller: Caller,
  channel: PasswordlessChannel,
  key: string,
): Promise<User | undefined> {
  const by = channel === 'email' ? { index: 'email' as const, value: key } : { index: 'phone' as const, value: key }
  const found = await parts.store.list('users', caller.tenant.id, { by, limit: 5 })
  return found.find((it) => channel === 'email' || it.phoneVerified) ?? undefined
}

/**
 * Sends a sign-in code to an address, whether or not there is an account behind it (S-102). While a code runs whose
 * tries are spent nothing is sent: the new one would inherit the count and could not work (S-5).
 */
export async function startPasswordless(
  parts: Parts,
  request: PasswordlessStart,
): Promise<Outcome<PasswordlessStarted>> {
  const { caller, channel } = request
  const to = canonical(caller, channel, request.to)
  if (to.no !== undefined) return to
  if (!parts.channels.has(channel)) return { no: 'undeliverable', channel }
  const { address, key } = to.yes
  const tenant = caller.tenant.id
  const id = transactionId(caller, channel, key)
  const owner = await ownerOf(parts, caller, channel, key)
  const user = owner?.id ?? futureId(caller, channel, key)
  const leaves = owner !== undefined || (request.signUp !== false && maySignUp(caller))
  const sending: Sending = { channel, to: address, user, bucket: asId<UserId>(`address:${id}`), silent: !leaves }
  const trouble = await numberTrouble(parts, caller, sending)
  if (trouble !== undefined) return trouble
  const outcome = await parts.store.change(
    { before: row('challenges', tenant, id), ...sendRefs(caller, sending) },
    (found): Decision<Outcome<PasswordlessStarted>> => {
      const { before } = found
      const now = parts.clock.now()
      const running = before !== undefined && before.wonAt === undefined && before.codeExpiresAt > now
      if (running && before.failures >= passwordlessTries) {
        const retryAfter = Math.ceil((before.codeExpiresAt - now) / 1_000)
        return { result: { no: 'too-many-attempts', of: 'code', retryAfter } }
      }
      const spent = spendMessage(parts, caller, sending, found, now)
      if (spent.refuse) return { result: spent.refuse, writes: spent.writes }
      const code = parts.random.digits(limits.codeDigits)
      const lifetime = codeLifetime(caller)
      const challenge: Challenge = {
        tenant,
        id,
        user,
        client: caller.application.id,
        flow: `passwordless:${id}`,
        authenticator: asId(''),
        factor: channel,
        target: address,
        purpose: 'passwordless',
        state: { mac: factorTools(parts, macContext(id, key)).mac.make(code) },
        failures: running ? before.failures : 0,
        createdAt: now,
        codeExpiresAt: now + lifetime * 1_000,
        expiresAt: now + (lifetime + 3_600) * 1_000,
      }
      return {
        result: yes({ address, user }),
        writes: [
          upsert('challenges', challenge),
          ...(leaves
            ? [
                request.link !== undefined && channel === 'email'
                  ? queueMessage(parts, caller.tenant, {
                      channel,
                      to: address,
                      purpose: 'login',
                      challenge: id,
                      said: linkSaid({ ...caller, user: owner }, 'sign-in-link', request.link(code), lifetime),
                    })
                  : codeMessage(parts, caller, {
                      user: owner,
                      channel,
                      to: address,
                      purpose: 'login',
                      code,
                      lifetime,
                      challenge: id,
                    }),
              ]
            : []),
          ...spent.writes,
          audit(parts, caller, 'challenge.sent', { user: owner?.id, factor: channel, details: { passwordless: true } }),
        ],
      }
    },
  )
  if (outcome.yes) parts.nudge()
  return outcome
}

export interface PasswordlessAnswer<R extends Refs, A> {
  readonly caller: Caller
  readonly channel: PasswordlessChannel
  readonly to: unknown
  readonly code: unknown
  readonly wish: Wish
  readonly issue: Issue<R, A>
}

/**
 * Signs in with the code that was sent, as the first factor of the flow; policy may ask for a second one over another
 * channel. The account of a new address comes into being with it. The code is spent in the commit that admits.
 */
export async function answerPasswordless<R extends Refs, A>(
  parts: Parts,
  request: PasswordlessAnswer<R, A>,
): Promise<Outcome<Admitted<A>>> {
  const { caller, channel, wish, issue } = request
  const to = canonical(caller, channel, request.to)
  if (to.no !== undefined) return { no: 'wrong-proof', factor: channel }
  const { address, key } = to.yes
  const owner = await ownerOf(parts, caller, channel, key)
  const user = owner?.id ?? futureId(caller, channel, key)
  const proof: Proof = {
    factor: channel,
    channel: `${channel === 'sms' ? 'phone' : 'email'}:${key}`,
    at: parts.clock.now(),
  }
  const spend = spendCode(parts, request, { address, key }, owner)
  return await admit(parts, { caller, user, proofs: [proof], wish, issue, spend })
}

export interface PasswordlessProved<A> {
  readonly user: UserId
  readonly proof: Proof
  readonly kept: A
}

/**
 * Judges the code without asking for tokens: the proof is handed to the caller, who keeps it in the same commit and
 * goes on with `admit` in another request. Only for accounts there are; any other address is wrong whatever was typed.
 */
export async function provePasswordless<A>(
  parts: Parts,
  request: {
    readonly caller: Caller
    readonly channel: PasswordlessChannel
    readonly to: unknown
    readonly code: unknown
    /** What else has to be committed with it. */
    readonly keep: {
      readonly refs: Refs
      readonly decide: (
        user: UserId,
        proof: Proof,
        found: Found<Refs>,
      ) => { readonly kept: A; readonly writes: readonly Write[] } | Refusal
    }
  },
): Promise<Outcome<PasswordlessProved<A>>> {
  const { caller, channel, keep } = request
  const to = canonical(caller, channel, request.to)
  if (to.no !== undefined) return { no: 'wrong-proof', factor: channel }
  const { address, key } = to.yes
  const owner = await ownerOf(parts, caller, channel, key)
  const spend = spendCode(parts, request, { address, key }, owner)
  const refs: Refs = together({ owner: row('users', caller.tenant.id, owner?.id ?? '') }, keep.refs, spend.refs)
  return await parts.store.change(refs, (found): Decision<Outcome<PasswordlessProved<A>>> => {
    const spent = spend.decide(found)
    if (spent.refuse) return { result: spent.refuse, writes: spent.writes }
    const before = found.owner as User | undefined
    if (before === undefined || before.blocked) return { result: { no: 'wrong-proof', factor: channel } }
    const user = spent.alters?.(before) ?? before
    const proof: Proof = {
      factor: channel,
      channel: `${channel === 'sms' ? 'phone' : 'email'}:${key}`,
      at: parts.clock.now(),
    }
    const kept = keep.decide(user.id, proof, found)
    if ('no' in kept) return { result: kept }
    const altered = user === before ? [] : [put('users', user)]
    return {
      result: yes({ user: user.id, proof, kept: kept.kept }),
      writes: [...spent.writes, ...altered, ...kept.writes],
    }
  })
}

function spendCode(
  parts: Parts,
  { caller, channel, code }: Pick<PasswordlessAnswer<Refs, unknown>, 'caller' | 'channel' | 'code'>,
  { address, key }: Address,
  owner: User | undefined,
): Spend {
  const tenant = caller.tenant.id
  const id = transactionId(caller, channel, key)
  const index = channel === 'email' ? ('email' as const) : ('phone' as const)
  const phone = channel === 'sms' ? address : undefined
  const refs = {
    code: row('challenges', tenant, id),
    owners: rows('users', index, tenant, key),
    artifacts: rows('artifacts', 'user', tenant, owner?.id ?? ''),
    address: addressBudgetRef(caller),
    ladder: row('budgets', tenant, ladderId(caller, channel, key)),
    ...answeredRefs(caller, phone),
  }
  return {
    refs,
    decide: (found) => {
      const { code: challenge, address: budget, ladder, owners, artifacts } = found as unknown as Found<typeof refs>
      const now = parts.clock.now()
      const wait = Math.max(addressWait(parts, caller, budget), waitSeconds(ladder, now))
      if (wait > 0) return { writes: [], refuse: { no: 'too-many-attempts', of: 'code', retryAfter: wait } }
      const alive = challenge !== undefined && challenge.wonAt === undefined && challenge.codeExpiresAt > now
      if (!alive)
        return { writes: addressFailure(parts, caller, budget), refuse: { no: 'wrong-proof', factor: channel } }
      const failed = (more: readonly Write[] = []) => [
        ...addressFailure(parts, caller, budget),
        audit(parts, caller, 'login.passwordless', {
          user: owner?.id,
          factor: channel,
          outcome: 'failure',
          reason: 'wrong',
        }),
        ...more,
      ]
      const rung = climb({ failures: ladder?.failures ?? 0 }, now)
      const counted = [
        put('challenges', { ...challenge, failures: challenge.failures + 1 }),
        upsert('budgets', { tenant, id: refs.ladder.id, used: 0, at: now, ...rung, expiresAt: now + day }),
      ]
      if (challenge.failures >= passwordlessTries) return { writes: failed(), refuse: { no: 'challenge-expired' } }
      const factor = parts.factors.get(channel)
      const tools = factorTools(parts, macContext(id, key))
      if (factor?.check({ challenge: challenge.state, proof: code }, tools).is !== 'right') {
        const last = challenge.failures + 1 >= passwordlessTries
        return {
          writes: failed(counted),
          refuse: last ? { no: 'challenge-expired' } : { no: 'wrong-proof', factor: channel },
        }
      }
      const writes = [
        put('challenges', { ...challenge, wonAt: now }),
        remove('budgets', tenant, refs.ladder.id),
        ...answeredWrites(caller, phone, challenge.createdAt, found as GuardRows, now),
        audit(parts, caller, 'login.passwordless', { user: challenge.user, factor: channel }),
      ]
      if (owner === undefined && !maySignUp(caller))
        return { writes: failed(counted), refuse: { no: 'wrong-proof', factor: channel } }
      if (owner === undefined) return { writes, ...creates(parts, caller, channel, address, challenge.user) }
      const person = owners.find((it) => it.id === owner.id)
      if (channel !== 'email' || person === undefined || person.emailVerified) return { writes }
      return {
        writes: [...writes, ...squatterOut(parts, caller, mailboxProved(person, now), artifacts)],
        alters: (it) => (it.id === person.id ? mailboxProved(it, now) : it),
      }
    },
  }
}

/** The account once its mailbox was proved for the first time. A password somebody set before that is not its owner's. */
const mailboxProved = (user: User, now: number): User => ({
  ...user,
  emailVerified: true,
  ownedSince: now,
  ...(user.passwordHash !== undefined && { passwordHash: undefined, passwordChangedAt: now }),
  updatedAt: now,
})

/**
 * An account whose address nobody had proved may have been made by somebody who waits for its owner to come (AC-14).
 * With the owner's first proof its password and everything it has opened end. Factors stay and are asked for, as at a
 * reset (S-68). The owner is told.
 */
function squatterOut(parts: Parts, caller: Caller, user: User, artifacts: readonly Artifact[]): readonly Write[] {
  const fields = { user: user.id, details: { reason: 'address-proved' } }
  return [
    ...endings(parts, artifacts),
    audit(parts, caller, 'user.updated', fields),
    ...(user.passwordChangedAt === user.updatedAt ? notify(parts, caller.tenant, user, 'password-dropped') : []),
  ]
}

function creates(
  parts: Parts,
  caller: Caller,
  channel: PasswordlessChannel,
  address: string,
  id: UserId,
): { creates?: User } {
  const wanted =
    channel === 'email'
      ? { id, email: address, emailVerified: true, name: address }
      : { id, phoneNumber: address, phoneVerified: true, name: address }
  const user = draftUser(parts, caller.tenant, wanted)
  return user.yes ? { creates: user.yes } : {}
}
