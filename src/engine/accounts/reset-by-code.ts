import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { User } from '#model/user.ts'
import { type Decision, type Found, type Refs, row } from '#ports/store.ts'
import { canonicalEmail } from '../addresses.ts'
import { audit } from '../events.ts'
import { decoyState, refuseDecoyCode, spendAddressCode } from '../journeys/address-code.ts'
import {
  type Journey,
  journeyRef,
  journeyUser,
  openJourney,
  passed,
  putJourney,
  saveJourney,
  stillAt,
} from '../journeys/journey.ts'
import type { Caller, Parts } from '../parts.ts'
import { confirmed } from '../policy/ways.ts'
import { findByLogin } from './find.ts'
import { hashNewPassword } from './passwords.ts'
import { wordsOf } from './reset-password.ts'
import { setPassword } from './set-password.ts'

/** `user-unknown` is said as such by callers who promise it; `no-recovery`: there is no password, or no way to a mailbox. */
export type ResetStart =
  | { readonly yes: Journey; readonly no?: undefined }
  | { readonly yes?: undefined; readonly no: 'user-unknown' }
  | { readonly yes?: undefined; readonly no: 'no-recovery' }

/**
 * Begins a password reset by a code. It goes to the mailbox that is enrolled as a method where that is another one than
 * the account's, so that the account's mailbox alone does not suffice for those who have set up more. Where the tenant
 * hides who is known, a reset that cannot be begins all the same.
 */
export async function startReset(
  parts: Parts,
  caller: Caller,
  it: { readonly login: string; readonly extra: Readonly<Record<string, unknown>> },
): Promise<ResetStart> {
  const user = await findByLogin(parts.store, caller.tenant.id, it.login)
  const hides = caller.tenant.hideUnknownUsers === true
  if (user === undefined) return hides ? await resetNobody(parts, caller, it) : { no: 'user-unknown' }
  const address = await mailboxFor(parts, user)
  if (user.passwordHash === undefined || user.blocked || address === undefined || !parts.channels.has('email')) {
    return hides ? await resetNobody(parts, caller, it) : { no: 'no-recovery' }
  }
  const { email, key: emailKey } = address
  const state = { login: it.login, user: user.id, email, emailKey, extra: it.extra }
  const event = audit(parts, caller, 'password.reset-asked', { user: user.id })
  await parts.store.change({}, () => ({ result: undefined, writes: [event] }))
  return { yes: await openJourney(parts, caller, { kind: 'reset', phase: 'address', state }) }
}

type Start = Parameters<typeof startReset>[2]

/** Looks like a reset that has begun; no message leaves, and no code is right. */
async function resetNobody(parts: Parts, caller: Caller, it: Start): Promise<ResetStart> {
  const state = { ...it, ...decoyState(it.login, 'email') }
  // The same number of commits as for an account, so that its time tells nothing (S-103).
  const event = audit(parts, caller, 'password.reset-asked', { outcome: 'failure', reason: 'nobody' })
  await parts.store.change({}, () => ({ result: undefined, writes: [event] }))
  return { yes: await openJourney(parts, caller, { kind: 'reset', phase: 'address', state }) }
}

async function mailboxFor(parts: Parts, user: User) {
  const by = { index: 'user', value: user.id } as const
  const own = confirmed(await parts.store.list('authenticators', user.tenant, { by, limit: 1_000 }))
  const mailboxes = own.filter((it) => parts.factors.get(it.factor)?.traits.reach === 'email')
  const keys = mailboxes.map((it) => canonicalEmail(it.target).yes)
  const other = keys.find((it) => it !== undefined && it.key !== user.emailKey)
  return other ?? canonicalEmail(user.email).yes
}

/** Spends the code; what comes next is the new password. */
export async function proveResetAddress(
  parts: Parts,
  it: { readonly caller: Caller; readonly journey: Journey; readonly code: unknown },
): Promise<Outcome<Journey>> {
  const { caller, journey } = it
  if (journey.phase !== 'address') return { no: 'ticket-unknown' }
  if (journey.state.decoy !== undefined) return await refuseDecoyCode(parts, caller, journey, it.code)
  const spend = spendAddressCode(parts, caller, journey, it.code)
  const refs = {
    ...spend.refs,
    journey: journeyRef(journey),
    user: row('users', caller.tenant.id, journeyUser(journey)),
  }
  return await parts.store.change(refs, (found): Decision<Outcome<Journey>> => {
    const standing = stillAt(found.journey, journey, parts.clock.now())
    if (standing.no !== undefined) return { result: standing }
    const spent = spend.decide(found as unknown as Found<Refs>)
    if (spent.refuse) return { result: spent.refuse, writes: spent.writes }
    const provedEmail = journey.state.emailKey
    const next = passed(parts, caller, standing.yes, {
      phase: 'password',
      state: { ...standing.yes.state, provedEmail, provedAt: parts.clock.now() },
    })
    return { result: yes(next), writes: [...spent.writes, putJourney(next)] }
  })
}

/**
 * Sets the new password, which ends all that the old one has opened (S-68); a refused one leaves the journey where it
 * is. Second factors are neither removed nor skipped: tokens are judged as after any sign-in.
 */
export async function submitNewPassword(
  parts: Parts,
  it: { readonly caller: Caller; readonly journey: Journey; readonly password: string },
): Promise<Outcome<Journey>> {
  const { caller, journey, password } = it
  const { tenant } = caller
  if (journey.phase !== 'password') return { no: 'ticket-unknown' }
  const { provedAt = 0, provedEmail } = journey.state
  const user = await parts.store.get('users', tenant.id, journeyUser(journey))
  const moved = (now: User) => now.blocked || (now.passwordChangedAt ?? 0) > provedAt
  if (user === undefined || moved(user)) return { no: 'ticket-unknown' }
  const hashed = await hashNewPassword(parts.passwords, password, wordsOf(tenant, user))
  if (hashed.no !== undefined) return hashed
  const event = audit(parts, caller, 'password.changed', { user: user.id, reason: 'reset' })
  const done = await setPassword(parts, {
    tenant,
    user: user.id,
    hash: hashed.yes,
    provesEmail: provedEmail === user.emailKey,
    event,
    unless: moved,
  })
  if (done === undefined) return { no: 'ticket-unknown' }
  const at = done.passwordChangedAt ?? parts.clock.now()
  const proof: Proof = { factor: 'password', channel: 'password', at }
  return await saveJourney(parts, journey, (now) =>
    passed(parts, caller, now, { phase: 'finish', state: { ...now.state, proofs: [proof], provedAt: at } }),
  )
}
