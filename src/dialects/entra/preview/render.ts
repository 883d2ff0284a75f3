import { missingAttributes } from '#engine/accounts/sign-up.ts'
import { type FirstFactor, firstOfJourney } from '#engine/journeys/first-factor.ts'
import type { Journey } from '#engine/journeys/journey.ts'
import { limits } from '#engine/limits.ts'
import type { Answer } from '#http/route.ts'
import { attributeRules } from '../attributes.ts'
import { mailboxOf } from '../steps.ts'
import { masked } from '../words.ts'
import { type Step, tokenOf } from './call.ts'
import { provable, registrable, typeOf } from './methods.ts'
import { type Action, hrefOf } from './paths.ts'
import { done, refuseAction, toWeb } from './wire.ts'

type Json = Readonly<Record<string, unknown>>

/** The link to an action. */
export const link = ({ call }: Step, action: Action, params?: Readonly<Record<string, string>>) => ({
  href: hrefOf(call.exchange.tenant.id, action, params),
})

/** What every answer has that is not the end. */
export const interaction = (step: Step, action: string, more: Json): Answer =>
  done(step.call.ids, {
    state: 'interactionRequired',
    action,
    continuationToken: tokenOf(step.call, step.journey),
    ...more,
  })

const factorWord = (journey: Journey) => ({
  challengeContext: { authenticationFactor: journey.phase === 'more' ? 'multiFactor' : 'singleFactor' },
})

/** Where a journey stands, as the answer that leads on from there. `shown`: what the user sees once and never again. */
export async function next(step: Step, shown: Json = {}): Promise<Answer> {
  const { call, journey } = step
  switch (journey.phase) {
    case 'first':
      return await firstFactors(step)
    case 'address':
      return interaction(step, 'challenge', {
        ...factorWord(journey),
        _embedded: { methods: [firstMethod(step, 'email')] },
      })
    case 'more': {
      const methods = await provable(step)
      if (methods.no !== undefined) return refuseAction(call.ids, methods)
      if (methods.yes.length === 0) return toWeb(call.ids)
      return interaction(step, 'challenge', { ...factorWord(journey), _embedded: { methods: methods.yes }, ...shown })
    }
    case 'enrol':
      return await enrolments(step, shown)
    case 'password':
    case 'details':
      return journey.kind === 'reset'
        ? interaction(step, 'update', { type: 'password', _links: { update: link(step, 'update') } })
        : collect(step)
    case 'finish':
      return done(call.ids, { state: 'continue', continuationToken: tokenOf(call, journey), ...shown })
    case 'act':
      return toWeb(call.ids)
  }
}

/** What signs in first here: the older generation has no word for telephones. */
export type First = FirstFactor | 'sms'

/** Where the tenant hides who is known, an account without a first factor is asked for a password that is never right. */
export async function firstOf({ call, journey }: Step): Promise<First | undefined> {
  if (journey.state.phone !== undefined) return 'sms'
  const hides = call.exchange.tenant.hideUnknownUsers === true
  return (await firstOfJourney(call.dialect.engine.parts, journey)) ?? (hides ? 'password' : undefined)
}

async function firstFactors(step: Step): Promise<Answer> {
  const { call, journey } = step
  const first = await firstOf(step)
  if (first === undefined) return toWeb(call.ids)
  return interaction(step, 'challenge', { ...factorWord(journey), _embedded: { methods: [firstMethod(step, first)] } })
}

/** Where the code of a first factor goes to. */
const contactOf = ({ call, journey }: Step): string => masked(journey.state.phone ?? mailboxOf(call, journey))

function firstMethod(step: Step, first: First): object {
  const hint = first === 'password' ? {} : { hint: contactOf(step) }
  return { id: first, type: first, ...hint, _links: { challenge: link(step, 'challenge', { type: first, id: first }) } }
}

async function enrolments(step: Step, shown: Json): Promise<Answer> {
  const types = await registrable(step)
  if (types.no !== undefined) return refuseAction(step.call.ids, types)
  if (types.yes.length === 0) return toWeb(step.call.ids)
  const methods = types.yes.map(({ type, kinds }) => ({
    type,
    ...(type === 'phone' ? { channels: kinds.map((it) => typeOf(it.traits)) } : {}),
    _links: { enroll: link(step, 'enroll', { type }) },
  }))
  return interaction(step, 'enroll', { _embedded: { methods }, ...shown })
}

/** What a new account still has to come with: the password first. */
function collect(step: Step): Answer {
  const { call, journey } = step
  const wanted = missingAttributes(journey.state, attributeRules(call.exchange.tenant))
  const password = { attributeId: 'password', inputType: 'password', required: true, label: 'password' }
  const attributes = [
    ...(journey.phase === 'password' ? [password] : []),
    ...wanted.map(({ name, pattern }) => ({
      attributeId: name,
      inputType: 'text',
      required: true,
      label: name,
      ...(pattern === undefined ? {} : { regex: pattern }),
    })),
  ]
  return interaction(step, 'collectAttributes', {
    attributes,
    _links: { submitAttributes: link(step, 'attributes') },
  })
}

/** The answer to a first factor that was asked for: a password to be entered, or a code on its way. */
export function firstAsked(step: Step, type: First): Answer {
  const verify = link(step, 'verify', { type, id: type })
  const resend = link(step, 'challenge', { type, id: type })
  const code = type === 'password' ? {} : { hint: contactOf(step), codeLength: limits.codeDigits }
  return interaction(step, 'verify', {
    id: type,
    type,
    ...factorWord(step.journey),
    ...code,
    _links: { verify, ...(type === 'password' ? {} : { resend }) },
  })
}
