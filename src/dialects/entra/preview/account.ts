import { submitNewPassword } from '#engine/accounts/reset-by-code.ts'
import { giveSignUpDetails } from '#engine/accounts/sign-up.ts'
import { attributeRules, profileOf } from '../attributes.ts'
import { at, type StepHandler } from './call.ts'
import { interaction, link } from './render.ts'
import { settled } from './verify.ts'
import { actionErrors, failAction, refuseAction } from './wire.ts'

/** Takes what a new account has to come with; its password is one of the attributes. */
export const submitAttributes: StepHandler = async (step) => {
  const { call, body, journey } = step
  if (body.attributes === undefined) return failAction(call.ids, actionErrors.missing('attributes'))
  const { password, email: _, ...attributes } = body.attributes
  const rules = attributeRules(call.exchange.tenant)
  const it = { attributes, ...(password === undefined ? {} : { password }) }
  const given = await giveSignUpDetails(
    call.dialect.engine.parts,
    { caller: call.caller, journey, rules, profileOf },
    it,
  )
  if (given.no === 'bad-attributes') return failAction(call.ids, actionErrors.attributes(given.names))
  return given.no === undefined ? await settled(at(step, given.yes)) : refuseAction(call.ids, given)
}

/** Sets the new password. It is done when this is answered; the first poll says so. */
export const updatePassword: StepHandler = async (step) => {
  const { call, body, journey } = step
  const password = body.newPassword
  if (password === undefined) return failAction(call.ids, actionErrors.missing('newPassword'))
  const set = await submitNewPassword(call.dialect.engine.parts, { caller: call.caller, journey, password })
  if (set.no !== undefined) return refuseAction(call.ids, set)
  return interaction(at(step, set.yes), 'poll', { type: 'password', _links: { poll: link(step, 'poll') } })
}

/** Says what comes after a new password. The first poll opens the way, so that what policy refuses is refused here. */
export const pollUpdate: StepHandler = async (step) =>
  step.journey.phase === 'password' ? failAction(step.call.ids, actionErrors.badToken) : await settled(step)
