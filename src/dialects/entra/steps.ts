import { listAuthenticators } from '#engine/authenticators.ts'
import type { Step } from '#engine/journeys/first-factor.ts'
import { type Journey, journeyUser } from '#engine/journeys/journey.ts'
import { ticketOf } from '#engine/journeys/more.ts'
import { limits } from '#engine/limits.ts'
import { confirmed, standing } from '#engine/policy/ways.ts'
import type { Answer } from '#http/route.ts'
import type { Outcome } from '#model/outcome.ts'
import { type Call, continuation, keptAbilities } from './call.ts'
import type { Issued } from './issue-tokens.ts'
import { errors, fail, redirect, refuse, succeed } from './wire.ts'
import { channelWord, masked } from './words.ts'

/** Kinds of factor this dialect has words for, out of these. */
export function expressible({ dialect }: Call, kinds: readonly string[]): readonly string[] {
  const { factors } = dialect.engine.parts
  return kinds.filter((kind) => {
    const traits = factors.get(kind)?.traits
    return traits !== undefined && channelWord(traits) !== undefined
  })
}

/** Tokens, or the error that says what comes next. */
export async function answerStep(call: Call, step: Outcome<Step<Issued>>): Promise<Answer> {
  // There is a factor, but none that could be asked for now: the pages may know another way (entra.md §10, 42).
  if (step.no === 'no-factor-available') return redirect(call.ids)
  if (step.no !== undefined) return refuse(call.ids, step)
  const { admitted, journey } = step.yes
  return admitted === undefined ? await nextStep(call, journey) : await admitted.issued.answer()
}

/**
 * What is missing, in the two ways this wire has for it; the hosted pages for a client that has not announced it can,
 * and for a user whose only factors have no words here (operating.md §6.2).
 */
export async function nextStep(call: Call, journey: Journey): Promise<Answer> {
  const { parts } = call.dialect.engine
  const ticket = await ticketOf(parts, call.caller, journey)
  if (ticket.no !== undefined) return refuse(call.ids, ticket)
  const { requirement } = ticket.yes
  // A new password comes by the reset these endpoints have; whatever else is owed is done on the pages.
  if (requirement.act === 'change-password') return fail(call.ids, errors.resetRequired)
  if (requirement.act !== undefined) return redirect(call.ids)
  const proves = journey.phase === 'more'
  const capability = proves ? 'mfa_required' : 'registration_required'
  // An enrolment opened by choice is not the ticket's requirement but what the user came for.
  const kinds = proves ? requirement.challenge : (requirement.enrol ?? call.exchange.tenant.factors)
  if (expressible(call, kinds ?? []).length === 0) return redirect(call.ids)
  if (!proves && (await hasSavedCodesOnly(call, journey))) return redirect(call.ids)
  const { capabilities } = keptAbilities(journey)
  if (journey.kind !== 'add-method' && !capabilities.includes(capability)) {
    return redirect(call.ids, `Client is missing ${capability} capability`)
  }
  return fail(call.ids, proves ? errors.mfa : errors.registration, continuation(call, journey))
}

/** Whether a user has factors, and none that stands by itself: these endpoints cannot ask for it (operating.md §6.2). */
export async function hasSavedCodesOnly({ dialect, exchange }: Call, journey: Journey): Promise<boolean> {
  const { parts } = dialect.engine
  const own = confirmed(await listAuthenticators(parts, exchange.tenant.id, journeyUser(journey)))
  return own.length > 0 && standing(own, parts.factors).length === 0
}

/**
 * The mailbox a first code is said to go to. Where the tenant hides who is known it is what was typed: another address,
 * or one at all for a user name, would tell that there is an account.
 */
export function mailboxOf({ exchange }: Call, { state }: Journey): string {
  if (exchange.tenant.hideUnknownUsers !== true) return state.email ?? ''
  const typed = (state.login ?? '').toLowerCase()
  return typed.includes('@') ? typed : `${typed}@`
}

/** The answer to a code that is on its way to a known contact. */
export function codeSent(
  call: Call,
  journey: Journey,
  channel: 'email' | 'sms',
  to: string,
  more: Readonly<Record<string, unknown>> = {},
): Answer {
  return succeed(call.ids, {
    ...more,
    ...continuation(call, journey),
    challenge_type: 'oob',
    binding_method: 'prompt',
    challenge_channel: channel,
    challenge_target_label: masked(to),
    code_length: limits.codeDigits,
  })
}
