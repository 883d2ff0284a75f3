import { maySignUp } from '#engine/accounts/may-sign-up.ts'
import { startReset } from '#engine/accounts/reset-by-code.ts'
import { startSignUp } from '#engine/accounts/sign-up.ts'
import { canonicalEmail } from '#engine/addresses.ts'
import { sendAddressCode } from '#engine/journeys/address-code.ts'
import { startSignIn } from '#engine/journeys/first-factor.ts'
import { type Journey, openJourney, saveJourney, withAsked } from '#engine/journeys/journey.ts'
import { startPhoneSignIn } from '#engine/journeys/phone-first.ts'
import { askPasskey } from '#engine/passkey.ts'
import type { Answer } from '#http/route.ts'
import { attributeRules } from '../attributes.ts'
import { at, type Step, type StepHandler } from './call.ts'
import { firstAsked, interaction, link, next } from './render.ts'
import { actionErrors, failAction, refuseAction } from './wire.ts'

/** A login as typed; undefined: it can be none. */
function loginOf({ body }: Step): string | undefined {
  const login = body.username?.trim() ?? ''
  if (login === '' || login.length > 320 || /[\r\n\t]/.test(login)) return undefined
  return login.includes('@') && canonicalEmail(login).yes === undefined ? undefined : login
}

const extraOf = ({ journey }: Step): Readonly<Record<string, unknown>> => journey.state.extra ?? {}

/**
 * Ends the entry in favour of the journey it has led to. Of two requests with one token a single one gets a successor
 * (S-27); what the other has begun, nobody will ever have a token of.
 */
async function enter(step: Step, begun: Journey, answer: (step: Step) => Promise<Answer>): Promise<Answer> {
  const { call, journey } = step
  const ended = await saveJourney(call.dialect.engine.parts, journey, (it) => ({ ...it, over: true, state: {} }))
  return ended.no === undefined ? await answer(at(step, begun)) : refuseAction(call.ids, ended)
}

/** Starts a sign-in for a login. */
export const signInStart: StepHandler = async (step) => {
  const login = loginOf(step)
  if (login === undefined) return failAction(step.call.ids, actionErrors.badUsername)
  const begun = await beginSignIn(step, login)
  return begun === undefined
    ? failAction(step.call.ids, actionErrors.unknownUser)
    : await enter(step, begun, (it) => next(it))
}

async function beginSignIn(step: Step, login: string): Promise<Journey | undefined> {
  const { call, journey } = step
  const { parts } = call.dialect.engine
  const adds = journey.state.adds === true
  const it = { login, adds, extra: extraOf(step) }
  return (await startPhoneSignIn(parts, call.caller, it)) ?? (await startSignIn(parts, call.caller, it))?.journey
}

/** Starts a sign-up, and sends the code at once; an address that has an account goes on as its sign-in. */
export const signUpStart: StepHandler = async (step) => {
  const { call, body } = step
  const { parts } = call.dialect.engine
  const login = loginOf(step)
  if (!maySignUp(call.caller)) return failAction(call.ids, actionErrors.noSignUp)
  if (login === undefined) return failAction(call.ids, actionErrors.badUsername)
  const started = await startSignUp(parts, {
    caller: call.caller,
    email: login,
    wantsPassword: body.ext_passwordless !== true,
    attributes: body.attributes ?? {},
    rules: attributeRules(call.exchange.tenant),
    extra: extraOf(step),
  })
  if (started.no === 'bad-attributes') return failAction(call.ids, actionErrors.attributes(started.names))
  if (started.no === 'taken') {
    const known = await beginSignIn(step, login)
    return known === undefined ? refuseAction(call.ids, started) : await enter(step, known, (it) => next(it))
  }
  if (started.no !== undefined) return refuseAction(call.ids, started)
  return await enter(step, started.yes, async (it) => {
    const sent = await sendAddressCode(parts, call.caller, it.journey, 'verify-address')
    return sent.no === undefined ? firstAsked(it, 'email') : refuseAction(call.ids, sent)
  })
}

/** Starts a password reset. */
export const resetStart: StepHandler = async (step) => {
  const { call } = step
  const login = loginOf(step)
  if (login === undefined) return failAction(call.ids, actionErrors.badUsername)
  const started = await startReset(call.dialect.engine.parts, call.caller, { login, extra: extraOf(step) })
  if (started.no === 'user-unknown') return failAction(call.ids, actionErrors.unknownUser)
  if (started.no === 'no-recovery') return failAction(call.ids, actionErrors.noRecovery)
  return await enter(step, started.yes, (it) => next(it))
}

/** Ours: asks whoever is there for a passkey, without a name (S-96). */
export const passkeyStart: StepHandler = async (step) => {
  const { call, journey } = step
  const { parts } = call.dialect.engine
  const asked = await askPasskey(parts, call.caller)
  if (asked.no !== undefined) return refuseAction(call.ids, asked)
  const state = { extra: extraOf(step), adds: journey.state.adds === true }
  const opened = await openJourney(parts, call.caller, { kind: 'sign-in', phase: 'first', state })
  const kind = 'passkey'
  const begun = await saveJourney(parts, opened, (it) => withAsked(parts, it, { kind }, asked.yes.challenge))
  if (begun.no !== undefined) return refuseAction(call.ids, begun)
  return await enter(step, begun.yes, async (it) =>
    interaction(it, 'verify', {
      id: kind,
      type: 'ext_webauthn',
      challengeContext: { authenticationFactor: 'singleFactor' },
      ext_publicKey: asked.yes.show.publicKey ?? asked.yes.show,
      _links: { verify: link(it, 'verify', { type: 'ext_webauthn', id: kind }) },
    }),
  )
}
