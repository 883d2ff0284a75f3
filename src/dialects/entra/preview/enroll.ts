import { type EnrolmentStart, enrolInJourney } from '#engine/journeys/enrol.ts'
import { recordInJourney } from '#engine/journeys/recorded.ts'
import { limits } from '#engine/limits.ts'
import type { Answer } from '#http/route.ts'
import type { Outcome } from '#model/outcome.ts'
import type { Factor } from '#ports/factor.ts'
import { masked } from '../words.ts'
import type { Step, StepHandler } from './call.ts'
import { enrolType, registrable, typeOf } from './methods.ts'
import { interaction, link } from './render.ts'
import { pollInterval, proofIn, totpDigits, wentOn } from './verify.ts'
import { actionErrors, failAction, refuseAction } from './wire.ts'

const typeIn = ({ call }: Step): string => call.exchange.params.type ?? ''

/** Begins to register a method: a code to the contact, or what an app, a key or a device needs. */
export const enroll: StepHandler = async (step) => {
  const { call, body, journey } = step
  const type = typeIn(step)
  const { ids } = call
  // The engine refuses where a factor has to be proved first, and tells the owner that somebody tried.
  if (journey.phase !== 'enrol' && journey.phase !== 'more') return failAction(ids, actionErrors.badToken)
  const kind = await kindOf(step, type)
  if (kind === undefined) return failAction(ids, actionErrors.badMethod)
  if (typeof kind !== 'string') return kind
  const target = type === 'email' ? body.email : type === 'phone' ? body.phoneNumber : undefined
  if (target === undefined && (type === 'email' || type === 'phone')) {
    return failAction(ids, actionErrors.missing(type === 'email' ? 'email' : 'phoneNumber'))
  }
  return await begin(step, kind, target)
}

/** The kind of factor a request means; an answer where the way to it cannot be asked about. */
async function kindOf(step: Step, type: string): Promise<string | Answer | undefined> {
  const { call, body, journey } = step
  const channel = type === 'phone' ? (body.channel ?? 'sms').toLowerCase() : undefined
  const fits = (it: Factor) => (channel === undefined ? enrolType(it) === type : typeOf(it.traits) === channel)
  if (journey.phase === 'more') {
    return [...call.dialect.engine.parts.factors.values()].find((it) => it.traits.enrollable && fits(it))?.kind
  }
  const types = await registrable(step)
  if (types.no !== undefined) return refuseAction(call.ids, types)
  const offered = types.yes.find((it) => it.type === type)?.kinds.find(fits)
  if (offered !== undefined) return offered.kind
  // Known, and not open here: the engine says why (a channel that is switched off).
  const known = [...call.dialect.engine.parts.factors.values()].find((it) => it.traits.reach !== undefined && fits(it))
  return known?.kind
}

async function begin(step: Step, kind: string, target: string | undefined): Promise<Answer> {
  const { call, body, journey } = step
  const savedCodes = body.ext_recoveryCodes === true
  const begun = await enrolInJourney(call.dialect.engine.parts, {
    caller: call.caller,
    journey,
    kind,
    ...(target === undefined ? {} : { target }),
    savedCodes,
    always: true,
  })
  return begunAnswer(step, begun)
}

function begunAnswer(step: Step, begun: Outcome<EnrolmentStart>): Answer {
  if (begun.no !== undefined) return refuseAction(step.call.ids, begun)
  if (begun.yes.preverified) return failAction(step.call.ids, actionErrors.badMethod)
  const { factor, show, recoveryCodes, authenticator } = begun.yes.enrolment
  const type = enrolType(factor)
  const { reach, proof } = factor.traits
  const digits = proof === 'code' ? { codeLength: reach === undefined ? totpDigits : limits.codeDigits } : {}
  const resend = reach === undefined ? {} : { resend: link(step, 'resend', { type }) }
  return interaction(step, 'activate', {
    type,
    ...(authenticator.target === undefined ? {} : { hint: masked(authenticator.target) }),
    ...digits,
    ...(show?.secret === undefined ? {} : { ext_secret: show.secret }),
    ...(show?.uri === undefined ? {} : { ext_uri: show.uri }),
    ...(show?.publicKey === undefined ? {} : { ext_publicKey: show.publicKey }),
    ...(proof === 'approval' ? { ext_interval: pollInterval } : {}),
    ...(recoveryCodes === undefined ? {} : { ext_recoveryCodes: recoveryCodes }),
    _links: { activate: link(step, 'activate', { type }), ...resend },
  })
}

/** Sends the code to the new contact once more. */
export const resendEnrolment: StepHandler = async (step) => {
  const { call, journey } = step
  const { asked } = journey.state
  const factor = asked && call.dialect.engine.parts.factors.get(asked.kind)
  const running = factor?.traits.reach !== undefined && enrolType(factor) === typeIn(step)
  if (journey.phase !== 'enrol' || asked === undefined || !running) {
    return failAction(call.ids, actionErrors.badMethod)
  }
  return await begin(step, asked.kind, asked.target)
}

/** Judges the first proof of a new method; a right one stores it. */
export const activate: StepHandler = async (step) => {
  const { call, body, journey } = step
  const { parts } = call.dialect.engine
  const type = typeIn(step)
  const factor = parts.factors.get(journey.state.asked?.kind ?? '')
  if (journey.phase !== 'enrol') return failAction(call.ids, actionErrors.badToken)
  if (factor === undefined || enrolType(factor) !== type) return failAction(call.ids, actionErrors.badMethod)
  const proof = proofIn(body, type)
  return await wentOn(step, await recordInJourney(parts, { caller: call.caller, journey, proof }), type)
}
