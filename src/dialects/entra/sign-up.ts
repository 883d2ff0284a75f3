import { maySignUp } from '#engine/accounts/may-sign-up.ts'
import {
  giveSignUpAttributes,
  giveSignUpPassword,
  missingAttributes,
  proveSignUpAddress,
  type SignUpOutcome,
  type SignUpStep,
  startSignUp,
} from '#engine/accounts/sign-up.ts'
import { resendInterval, sendAddressCode } from '#engine/journeys/address-code.ts'
import type { Journey } from '#engine/journeys/journey.ts'
import type { Answer } from '#http/route.ts'
import { attributeRules, profileOf, readAttributes, requiredAttribute } from './attributes.ts'
import { abilitiesOf, type Call, continuation, journeyOf, keptAbilities, typesOf, usernameOf } from './call.ts'
import { isTooLong, tooLong } from './passwords.ts'
import { codeSent } from './steps.ts'
import { errors, fail, redirect, refuse, refuseSend, succeed } from './wire.ts'

const badJson = errors.malformed('The attributes parameter is not a JSON object of strings.')

/** `POST /signup/v1.0/start` (entra.md §3.1). */
export async function signUpStart(call: Call): Promise<Answer> {
  const abilities = abilitiesOf(call)
  if ('status' in abilities) return abilities
  const name = usernameOf(call)
  if ('status' in name) return name
  if (!abilities.types.includes('oob')) return redirect(call.ids)
  if (!maySignUp(call.caller)) return fail(call.ids, errors.noSignUp)
  const attributes = readAttributes(call.params.attributes)
  if (attributes === undefined) return fail(call.ids, badJson)
  const { password } = call.params
  if (isTooLong(password)) return refuse(call.ids, tooLong)
  const started = await startSignUp(call.dialect.engine.parts, {
    caller: call.caller,
    email: name.login,
    password,
    wantsPassword: abilities.types.includes('password'),
    attributes,
    rules: attributeRules(call.exchange.tenant),
    extra: { ...abilities },
  })
  return answered(call, started, (journey) => succeed(call.ids, continuation(call, journey)))
}

/** `POST /signup/v1.0/challenge`: a code to the address; or, once it is proved, the password (entra.md §3.2). */
export async function signUpChallenge(call: Call): Promise<Answer> {
  const types = typesOf(call)
  if ('status' in types) return types
  const found = await journeyOf(call, 'sign-up')
  if ('status' in found) return found
  const { journey } = found
  const able = types.types ?? keptAbilities(journey).types
  if (journey.phase === 'password') {
    if (!able.includes('password')) return redirect(call.ids)
    return succeed(call.ids, { ...continuation(call, journey), challenge_type: 'password' })
  }
  if (journey.phase !== 'address') return fail(call.ids, errors.badToken)
  if (!able.includes('oob')) return redirect(call.ids)
  const sent = await sendAddressCode(call.dialect.engine.parts, call.caller, journey, 'verify-address')
  if (sent.no !== undefined) return refuseSend(call.ids, sent)
  return codeSent(call, journey, 'email', journey.state.email ?? '', { interval: resendInterval })
}

/** `POST /signup/v1.0/continue`: code, password, attributes, in the order the SDKs can follow (entra.md §3.3). */
export async function signUpContinue(call: Call): Promise<Answer> {
  const { grant_type, oob, password } = call.params
  const found = await journeyOf(call, 'sign-up')
  if ('status' in found) return found
  const { parts } = call.dialect.engine
  const rules = attributeRules(call.exchange.tenant)
  const step: SignUpStep = { caller: call.caller, journey: found.journey, rules, profileOf }
  const next = (journey: Journey) => nextOf(call, journey)
  switch (grant_type) {
    case 'oob':
      if (oob === undefined) return fail(call.ids, errors.missing('oob'))
      return answered(call, await proveSignUpAddress(parts, step, oob), next)
    case 'password':
      if (password === undefined) return fail(call.ids, errors.missing('password'))
      if (isTooLong(password)) return refuse(call.ids, tooLong)
      return answered(call, await giveSignUpPassword(parts, step, password), next)
    case 'attributes': {
      const attributes = readAttributes(call.params.attributes)
      if (attributes === undefined) return fail(call.ids, badJson)
      return answered(call, await giveSignUpAttributes(parts, step, attributes), next)
    }
    case undefined:
      return fail(call.ids, errors.missing('grant_type'))
    default:
      return fail(call.ids, errors.badStep)
  }
}

/** What a sign-up still wants, as the errors the SDKs go on from; or the token that asks for tokens. */
function nextOf(call: Call, journey: Journey): Answer {
  const token = continuation(call, journey)
  if (journey.phase === 'password') return fail(call.ids, errors.credential, token)
  if (journey.phase !== 'details') return succeed(call.ids, token)
  const wanted = missingAttributes(journey.state, attributeRules(call.exchange.tenant)).map(requiredAttribute)
  return fail(call.ids, errors.attributes, { ...token, required_attributes: wanted })
}

function answered(call: Call, outcome: SignUpOutcome<Journey>, ok: (journey: Journey) => Answer): Answer {
  if (outcome.yes !== undefined) return ok(outcome.yes)
  if (outcome.no === 'bad-attributes') {
    return fail(call.ids, errors.badAttributes, { invalid_attributes: outcome.names.map((name) => ({ name })) })
  }
  return refuse(call.ids, outcome)
}
