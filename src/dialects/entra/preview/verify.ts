import { proveResetAddress } from '#engine/accounts/reset-by-code.ts'
import { proveSignUpAddress } from '#engine/accounts/sign-up.ts'
import type { Challenged } from '#engine/challenge.ts'
import { openEnrolment, openTicket } from '#engine/journeys/add-method.ts'
import { sendAddressCode } from '#engine/journeys/address-code.ts'
import { finishWithProofs, proveMailbox, provePassword } from '#engine/journeys/first-factor.ts'
import { challengeOf, type Journey, saveJourney } from '#engine/journeys/journey.ts'
import { provePhone, sendPhoneCode } from '#engine/journeys/phone-first.ts'
import { askRecorded, type Recorded, recordInJourney } from '#engine/journeys/recorded.ts'
import { limits } from '#engine/limits.ts'
import { signInWithPasskey } from '#engine/passkey.ts'
import type { Answer } from '#http/route.ts'
import type { Outcome } from '#model/outcome.ts'
import { attributeRules, profileOf } from '../attributes.ts'
import { masked } from '../words.ts'
import { at, type Body, type Step, type StepHandler, wishOfJourney } from './call.ts'
import { kindsOf } from './methods.ts'
import { firstAsked, firstOf, interaction, link, next } from './render.ts'
import { actionErrors, failAction, refuseAction, toWeb } from './wire.ts'

const typeIn = ({ call }: Step): string => call.exchange.params.type ?? ''

/** Asks for a proof of a method; asking again sends a new code. */
export const challengeMethod: StepHandler = async (step) => {
  const { call, journey } = step
  const { id = '' } = call.exchange.params
  const type = typeIn(step)
  if (journey.phase === 'more') {
    const kinds = kindsOf(step, type)
    const it = { caller: call.caller, journey, kinds, authenticator: id }
    const asked = await askRecorded(call.dialect.engine.parts, it)
    return asked.no === undefined ? methodAsked(step, asked.yes, type) : refuseAction(call.ids, asked)
  }
  if (journey.phase !== 'first' && journey.phase !== 'address') return failAction(call.ids, actionErrors.badToken)
  return await challengeFirst(step, type)
}

const purposes = { 'sign-in': 'login', 'sign-up': 'verify-address', reset: 'password-reset' } as const

async function challengeFirst(step: Step, type: string): Promise<Answer> {
  const { call, journey } = step
  const { parts } = call.dialect.engine
  const purpose = purposes[journey.kind as keyof typeof purposes]
  const first = journey.phase === 'address' ? 'email' : await firstOf(step)
  if (purpose === undefined || first === undefined || first !== type) {
    return failAction(call.ids, actionErrors.badMethod)
  }
  if (first === 'password') return firstAsked(step, first)
  const sent =
    first === 'sms'
      ? await sendPhoneCode(parts, call.caller, journey)
      : await sendAddressCode(parts, call.caller, journey, purpose)
  return sent.no === undefined ? firstAsked(step, first) : refuseAction(call.ids, sent)
}

/** What a client needs to prove a method that was asked for. */
function methodAsked(step: Step, { authenticator, factor, show }: Challenged, type: string): Answer {
  const params = { type, id: authenticator.id }
  const { proof, reach, channel } = factor.traits
  const sends = reach !== undefined
  const digits = proof === 'code' ? { codeLength: sends ? limits.codeDigits : totpDigits } : {}
  return interaction(step, 'verify', {
    id: authenticator.id,
    type,
    challengeContext: { authenticationFactor: 'multiFactor' },
    ...(authenticator.target === undefined ? {} : { hint: masked(authenticator.target) }),
    ...digits,
    ...(show?.publicKey === undefined ? {} : { ext_publicKey: show.publicKey }),
    ...(channel === 'push' ? { ext_number: show?.number, ext_interval: pollInterval } : {}),
    _links: { verify: link(step, 'verify', params), ...(sends ? { resend: link(step, 'challenge', params) } : {}) },
  })
}

/** Digits an authenticator app shows (RFC 6238 as it is used everywhere). */
export const totpDigits = 6
/** Seconds between two questions whether a device has answered. */
export const pollInterval = 5

/** The proof a type is given by; undefined: it did not come. A device is only asked whether it has answered. */
export function proofIn(body: Body, type: string): unknown {
  if (type === 'ext_webauthn') return body.ext_credential
  if (type === 'ext_recovery_code') return body.ext_recoveryCode
  return body.otp
}

/** Judges a credential, and leads on. */
export const verifyMethod: StepHandler = async (step) => {
  const { call, body, journey } = step
  const type = typeIn(step)
  switch (journey.phase) {
    case 'first':
      return await verifyFirst(step, type)
    case 'address':
      if (type !== 'email') return failAction(call.ids, actionErrors.badMethod)
      if (body.otp === undefined) return failAction(call.ids, actionErrors.missing('otp'))
      return await verifyAddress(step, body.otp)
    case 'more':
      return await verifyMore(step, type)
    default:
      return failAction(call.ids, actionErrors.badToken)
  }
}

async function verifyFirst(step: Step, type: string): Promise<Answer> {
  const { call, body, journey } = step
  const { parts } = call.dialect.engine
  const { caller, ids } = call
  if (journey.state.asked !== undefined) return await verifyPasskey(step, type)
  const wish = wishOfJourney(journey)
  if ((await firstOf(step)) !== type) return failAction(ids, actionErrors.badMethod)
  if (type === 'password') {
    const { password } = body
    if (password === undefined) return failAction(ids, actionErrors.missing('password'))
    return await led(step, await provePassword(parts, { caller, journey, wish, password }))
  }
  const code = body.otp
  if (code === undefined) return failAction(ids, actionErrors.missing('otp'))
  if (type === 'sms') return await led(step, await provePhone(parts, { caller, journey, wish, code }))
  return await led(step, await proveMailbox(parts, { caller, journey, wish, code }))
}

/** The next answer after a step of the engine that issues nothing. */
async function led(step: Step, outcome: Outcome<{ readonly journey?: Journey }>): Promise<Answer> {
  const { ids } = step.call
  // There is a factor, but none that could be asked for now: the pages may know another way (entra.md §10, 42).
  if (outcome.no === 'no-factor-available') return toWeb(ids)
  if (outcome.no !== undefined) return refuseAction(ids, outcome)
  const { journey } = outcome.yes
  return journey === undefined ? failAction(ids, actionErrors.badToken) : await next(at(step, journey))
}

async function verifyPasskey(step: Step, type: string): Promise<Answer> {
  const { call, body, journey } = step
  const { parts } = call.dialect.engine
  const { caller, ids } = call
  const challenge = challengeOf(parts, journey)
  if (type !== 'ext_webauthn' || challenge === undefined) return failAction(ids, actionErrors.badMethod)
  if (body.ext_credential === undefined) return failAction(ids, actionErrors.missing('ext_credential'))
  const signedIn = await signInWithPasskey(parts, { caller, challenge, proof: body.ext_credential })
  if (signedIn.no !== undefined) return refuseAction(ids, signedIn)
  const { user, proofs } = signedIn.yes
  const login = user.email ?? user.username
  const known = await saveJourney(parts, journey, (it) => ({
    ...it,
    state: { ...it.state, asked: undefined, login, email: user.email, emailKey: user.emailKey },
  }))
  if (known.no !== undefined) return refuseAction(ids, known)
  const opening = { caller, journey: known.yes, user: user.id, proofs, wish: wishOfJourney(journey) }
  const opened = journey.state.adds === true ? await openEnrolment(parts, opening) : await openTicket(parts, opening)
  return await led(step, opened.no === undefined ? { yes: { journey: opened.yes } } : opened)
}

async function verifyAddress(step: Step, code: string): Promise<Answer> {
  const { call, journey } = step
  const { parts } = call.dialect.engine
  const { caller, ids } = call
  if (journey.kind === 'reset') {
    const proved = await proveResetAddress(parts, { caller, journey, code })
    return proved.no === undefined ? await next(at(step, proved.yes)) : refuseAction(ids, proved)
  }
  const rules = attributeRules(call.exchange.tenant)
  const proved = await proveSignUpAddress(parts, { caller, journey, rules, profileOf }, code)
  return proved.no === undefined ? await settled(at(step, proved.yes)) : refuseAction(ids, proved)
}

/** After a sign-up or a reset: once the account stands, policy is asked what else is to be proved. */
export async function settled(step: Step): Promise<Answer> {
  const { call, journey } = step
  if (journey.phase !== 'finish' || journey.state.ticket !== undefined) return await next(step)
  const it = { caller: call.caller, journey, wish: wishOfJourney(journey) }
  return await led(step, await finishWithProofs(call.dialect.engine.parts, it))
}

async function verifyMore(step: Step, type: string): Promise<Answer> {
  const { call, body, journey } = step
  const { parts } = call.dialect.engine
  const { asked } = journey.state
  if (asked === undefined || !kindsOf(step, type).includes(asked.kind)) {
    return failAction(call.ids, actionErrors.badMethod)
  }
  const proof = proofIn(body, type)
  const recorded = await recordInJourney(parts, { caller: call.caller, journey, proof })
  return await wentOn(step, recorded, type)
}

/** The answer to a recorded proof; a saved code that was spent comes with its successor. */
export async function wentOn(step: Step, recorded: Outcome<Recorded>, type: string): Promise<Answer> {
  const { ids } = step.call
  if (recorded.no === 'proof-missing') return failAction(ids, actionErrors.missing(members[type] ?? 'otp'))
  if (recorded.no === 'waiting' || recorded.no === 'slow-down') {
    const answer = refuseAction(ids, recorded)
    return { ...answer, headers: { ...answer.headers, 'retry-after': String(pollInterval) } }
  }
  if (recorded.no === 'no-factor-available') return toWeb(ids)
  if (recorded.no !== undefined) return refuseAction(ids, recorded)
  const { journey, show } = recorded.yes
  return await next(at(step, journey), show?.codes === undefined ? {} : { ext_recoveryCodes: show.codes })
}

const members: Readonly<Record<string, string>> = {
  ext_webauthn: 'ext_credential',
  ext_recovery_code: 'ext_recoveryCode',
}
