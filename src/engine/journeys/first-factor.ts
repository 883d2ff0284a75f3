import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import type { Refs } from '#ports/store.ts'
import { findByLogin } from '../accounts/find.ts'
import { canonicalEmail } from '../addresses.ts'
import { type Admitted, admit, type Spend } from '../admit.ts'
import type { Issue } from '../issue.ts'
import type { Caller, Parts } from '../parts.ts'
import { signIn } from '../sign-in.ts'
import { ticketId } from '../tickets.ts'
import { openEnrolment, openTicket } from './add-method.ts'
import { decoyState, refuseDecoyCode, spendAddressCode } from './address-code.ts'
import { ending, type Journey, journeyUser, openJourney, passed, phaseOf, saveJourney } from './journey.ts'

/** How an account may be signed in to first. */
export type FirstFactor = 'password' | 'email'

/**
 * The first factors of an account: its password; without one, a code to its mailbox. A mailbox alone opens no way into
 * an account that has a password.
 */
export function firstFactorOf(parts: Pick<Parts, 'channels'>, user: User): FirstFactor | undefined {
  if (user.passwordHash !== undefined) return 'password'
  return user.email !== undefined && parts.channels.has('email') ? 'email' : undefined
}

export interface SignInStart {
  readonly login: string
  readonly adds: boolean
  readonly extra: Readonly<Record<string, unknown>>
  /** What a login nobody has is asked for, where the tenant hides who is known. Default: the password. */
  readonly decoy?: FirstFactor
}

/**
 * Begins a sign-in for the account of a login; undefined: there is none. Where the tenant hides that, the sign-in begins
 * all the same, and nothing that is entered in it is ever right.
 */
export async function startSignIn(
  parts: Parts,
  caller: Caller,
  { decoy = 'password', ...it }: SignInStart,
): Promise<{ readonly journey: Journey; readonly first: FirstFactor | undefined } | undefined> {
  const user = await findByLogin(parts.store, caller.tenant.id, it.login)
  if (user === undefined && caller.tenant.hideUnknownUsers !== true) return undefined
  const account =
    user === undefined ? decoyState(it.login, decoy) : { user: user.id, email: user.email, emailKey: user.emailKey }
  const state = { ...it, ...account }
  const journey = await openJourney(parts, caller, { kind: 'sign-in', phase: 'first', state })
  return { journey, first: user === undefined ? decoy : firstFactorOf(parts, user) }
}

/** What a sign-in asks for first: the account may have changed since it began. */
export async function firstOfJourney(parts: Parts, journey: Journey): Promise<FirstFactor | undefined> {
  if (journey.state.decoy !== undefined) return journey.state.decoy
  const user = await parts.store.get('users', journey.tenant, journeyUser(journey))
  return user && firstFactorOf(parts, user)
}

export interface FirstProof<R extends Refs, A> {
  readonly caller: Caller
  readonly journey: Journey
  readonly wish: Wish
  /** Absent: nothing is issued yet, a ticket records what was proved (`openTicket`). */
  readonly issue?: Issue<R, A>
}

/** Tokens were earned, or the journey goes on to what is missing. */
export type Step<A> =
  | { readonly admitted: Admitted<A>; readonly journey?: undefined }
  | { readonly journey: Journey; readonly admitted?: undefined }

/** Proves the password of the journey's account. */
export async function provePassword<R extends Refs, A>(
  parts: Parts,
  it: FirstProof<R, A> & { readonly password: string },
): Promise<Outcome<Step<A>>> {
  const { caller, journey } = it
  const signedIn = await signIn(parts, { caller, login: journey.state.login ?? '', password: it.password })
  if (signedIn.no !== undefined) return signedIn
  const { user, proofs } = signedIn.yes
  // The login was given to somebody else since this journey began.
  if (user.id !== journey.state.user) return { no: 'ticket-unknown' }
  return await goOn(parts, it, user.id, proofs)
}

/** Proves the mailbox of an account without a password. The code is spent in the commit that admits. */
export async function proveMailbox<R extends Refs, A>(
  parts: Parts,
  it: FirstProof<R, A> & { readonly code: unknown },
): Promise<Outcome<Step<A>>> {
  const { caller, journey } = it
  const { user, email, decoy } = journey.state
  if (decoy !== undefined) return await refuseDecoyCode(parts, caller, journey, it.code)
  if (user === undefined || email === undefined) return { no: 'ticket-unknown' }
  const proof: Proof = { factor: 'email', channel: `email:${email}`, at: parts.clock.now() }
  return await goOn(parts, it, user, [proof], spendAddressCode(parts, caller, journey, it.code))
}

/** Asks for tokens at the end of a sign-up or a reset, with what was proved in it. A wrong login is another account. */
export async function finishWithProofs<R extends Refs, A>(
  parts: Parts,
  it: FirstProof<R, A> & { readonly login?: string },
): Promise<Outcome<Step<A>>> {
  const { caller, journey, login } = it
  const { user, proofs = [], provedAt = 0 } = journey.state
  if (journey.phase !== 'finish' || user === undefined || proofs.length === 0) return { no: 'ticket-unknown' }
  const account = await parts.store.get('users', caller.tenant.id, user)
  if (account === undefined || (account.passwordChangedAt ?? 0) > provedAt) return { no: 'ticket-unknown' }
  if (login !== undefined && !names(login, account)) return { no: 'ticket-unknown' }
  return await goOn(parts, it, user, proofs)
}

/** Whether a login, however it is written, is this account's. */
export const names = (login: string, user: User): boolean =>
  login.trim().toLowerCase() === user.usernameKey || canonicalEmail(login).yes?.key === user.emailKey

async function goOn<R extends Refs, A>(
  parts: Parts,
  { caller, journey, wish, issue }: FirstProof<R, A>,
  user: UserId,
  proofs: readonly Proof[],
  spend?: Spend,
): Promise<Outcome<Step<A>>> {
  if (journey.state.adds === true) {
    const opened = await openEnrolment(parts, { caller, journey, user, proofs, wish, spend })
    return opened.no === undefined ? yes({ journey: opened.yes }) : opened
  }
  if (issue === undefined) {
    const opened = await openTicket(parts, { caller, journey, user, proofs, wish, spend })
    return opened.no === undefined ? yes({ journey: opened.yes }) : opened
  }
  const admitted = await admit(parts, { caller, user, proofs, wish, issue: ending(parts, journey, issue), spend })
  if (admitted.yes !== undefined) return yes({ admitted: admitted.yes })
  if (admitted.no !== 'more-proof') return admitted
  const ticket = ticketId(admitted.ticket)
  const phase = phaseOf(admitted.require)
  const next = await saveJourney(parts, journey, (now) =>
    passed(parts, caller, now, { phase, state: { ...now.state, ticket, wantsPassword: undefined } }),
  )
  return next.no === undefined ? yes({ journey: next.yes }) : next
}
