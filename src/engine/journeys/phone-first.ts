import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Wish } from '#model/ticket.ts'
import { findByPhone } from '../accounts/find.ts'
import { canonicalPhone } from '../addresses.ts'
import type { Caller, Parts } from '../parts.ts'
import { provePasswordless, startPasswordless } from '../passwordless.ts'
import { enabled } from '../policy/ways.ts'
import { openEnrolment, openTicket } from './add-method.ts'
import type { SignInStart, Step } from './first-factor.ts'
import { type Journey, journeyRef, openJourney, passed, putJourney, stillAt } from './journey.ts'

const channel = 'sms'

/**
 * Begins a sign-in by a code to a telephone; undefined: the login is no number, or not that of an account without a
 * password. As with mailboxes, a telephone alone opens no way into an account that has one.
 */
export async function startPhoneSignIn(
  parts: Parts,
  caller: Caller,
  { login, adds, extra }: Omit<SignInStart, 'decoy'>,
): Promise<Journey | undefined> {
  if (!/^\+?[\d\s().-]{5,40}$/.test(login)) return undefined
  const phone = canonicalPhone(caller.tenant, login).yes
  if (phone === undefined || !parts.channels.has(channel)) return undefined
  if (enabled(caller.tenant, parts.factors, channel) === undefined) return undefined
  const user = await findByPhone(parts.store, caller.tenant.id, phone)
  if (user === undefined || user.passwordHash !== undefined) return undefined
  const state = { login, phone, user: user.id, adds, extra }
  return await openJourney(parts, caller, { kind: 'sign-in', phase: 'first', state })
}

/** Sends the code, under the same budgets and the same guard as any sign-in by a code to a number. */
export async function sendPhoneCode(parts: Parts, caller: Caller, { state }: Journey): Promise<Outcome<undefined>> {
  const sent = await startPasswordless(parts, { caller, channel, to: state.phone, signUp: false })
  return sent.no === undefined ? yes(undefined) : sent
}

/** Proves the telephone. The code is spent in the commit that passes the stage; the ticket is opened by a second one. */
export async function provePhone(
  parts: Parts,
  it: { readonly caller: Caller; readonly journey: Journey; readonly wish: Wish; readonly code: unknown },
): Promise<Outcome<Step<never>>> {
  const { caller, journey, wish, code } = it
  const proved = await provePasswordless(parts, {
    caller,
    channel,
    to: journey.state.phone,
    code,
    keep: {
      refs: { journey: journeyRef(journey) },
      decide(user, _proof, found) {
        const standing = stillAt(found.journey as Parameters<typeof stillAt>[0], journey, parts.clock.now())
        if (standing.no !== undefined) return standing
        // Somebody else's number by now.
        if (user !== journey.state.user) return { no: 'ticket-unknown' }
        const kept = passed(parts, caller, standing.yes, { phase: 'first' })
        return { kept, writes: [putJourney(kept)] }
      },
    },
  })
  if (proved.no !== undefined) return proved
  const { kept, user, proof } = proved.yes
  const opening = { caller, journey: kept, user, proofs: [proof], wish }
  const opened = journey.state.adds === true ? await openEnrolment(parts, opening) : await openTicket(parts, opening)
  return opened.no === undefined ? yes({ journey: opened.yes }) : opened
}
