import { proveResetAddress, startReset, submitNewPassword } from '#engine/accounts/reset-by-code.ts'
import { sendAddressCode } from '#engine/journeys/address-code.ts'
import type { Answer } from '#http/route.ts'
import { abilitiesOf, type Call, continuation, journeyOf, keptAbilities, typesOf, usernameOf } from './call.ts'
import { isTooLong, tooLong } from './passwords.ts'
import { codeSent, mailboxOf } from './steps.ts'
import { errors, fail, redirect, refuse, refuseSend, succeed } from './wire.ts'

/** Seconds between two polls; the first one is answered with success already (entra.md §3.5). */
const pollInterval = 2
/** The longest life a token for the new password may be announced with. */
const longestSubmit = 600

/** `POST /resetpassword/v1.0/start` */
export async function resetStart(call: Call): Promise<Answer> {
  const abilities = abilitiesOf(call)
  if ('status' in abilities) return abilities
  const name = usernameOf(call)
  if ('status' in name) return name
  if (!abilities.types.includes('oob')) return redirect(call.ids)
  const { parts } = call.dialect.engine
  const started = await startReset(parts, call.caller, { login: name.login, extra: { ...abilities } })
  if (started.no === 'user-unknown') return fail(call.ids, errors.unknownUser)
  if (started.no === 'no-recovery') return fail(call.ids, errors.noRecovery)
  return succeed(call.ids, continuation(call, started.yes))
}

/** `POST /resetpassword/v1.0/challenge` */
export async function resetChallenge(call: Call): Promise<Answer> {
  const types = typesOf(call)
  if ('status' in types) return types
  const found = await journeyOf(call, 'reset')
  if ('status' in found) return found
  const { journey } = found
  if (journey.phase !== 'address') return fail(call.ids, errors.badToken)
  if (!(types.types ?? keptAbilities(journey).types).includes('oob')) return redirect(call.ids)
  const sent = await sendAddressCode(call.dialect.engine.parts, call.caller, journey, 'password-reset')
  return sent.no === undefined ? codeSent(call, journey, 'email', mailboxOf(call, journey)) : refuseSend(call.ids, sent)
}

/** `POST /resetpassword/v1.0/continue` */
export async function resetContinue(call: Call): Promise<Answer> {
  const { grant_type, oob } = call.params
  const found = await journeyOf(call, 'reset')
  if ('status' in found) return found
  const { journey } = found
  if (grant_type !== 'oob') return fail(call.ids, grant_type ? errors.badStep : errors.missing('grant_type'))
  if (oob === undefined) return fail(call.ids, errors.missing('oob'))
  const proved = await proveResetAddress(call.dialect.engine.parts, { caller: call.caller, journey, code: oob })
  if (proved.no !== undefined) return refuse(call.ids, proved)
  const left = Math.floor((proved.yes.endsAt - call.ids.now) / 1_000)
  return succeed(call.ids, { expires_in: Math.min(longestSubmit, left), ...continuation(call, proved.yes) })
}

/** `POST /resetpassword/v1.0/submit`: done before it is answered, so that the first poll succeeds. */
export async function resetSubmit(call: Call): Promise<Answer> {
  const { new_password: password } = call.params
  const found = await journeyOf(call, 'reset')
  if ('status' in found) return found
  if (password === undefined) return fail(call.ids, errors.missing('new_password'))
  if (isTooLong(password)) return refuse(call.ids, tooLong)
  const { parts } = call.dialect.engine
  const set = await submitNewPassword(parts, { caller: call.caller, journey: found.journey, password })
  if (set.no !== undefined) return refuse(call.ids, set)
  return succeed(call.ids, { ...continuation(call, set.yes), poll_interval: pollInterval })
}

/** `POST /resetpassword/v1.0/poll_completion`: any number of times with the same token. */
export async function resetPoll(call: Call): Promise<Answer> {
  const found = await journeyOf(call, 'reset')
  if ('status' in found) return found
  const { journey } = found
  if (journey.phase !== 'finish') return fail(call.ids, errors.badToken)
  return succeed(call.ids, { status: 'succeeded', ...continuation(call, journey) })
}
