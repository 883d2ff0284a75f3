import { canonicalEmail } from '#engine/addresses.ts'
import { listAuthenticators } from '#engine/authenticators.ts'
import { confirmInJourney, confirmProved, enrolInJourney } from '#engine/journeys/enrol.ts'
import { type Journey, journeyUser } from '#engine/journeys/journey.ts'
import { ticketOf } from '#engine/journeys/more.ts'
import { limits } from '#engine/limits.ts'
import { enrollable, restrictedAlone } from '#engine/policy/ways.ts'
import type { Answer } from '#http/route.ts'
import type { User } from '#model/user.ts'
import { bearerStart } from './bearer.ts'
import { type Call, continuation, journeyOf } from './call.ts'
import { expressible, hasSavedCodesOnly, nextStep } from './steps.ts'
import { errors, fail, redirect, refuse, refuseSend, succeed } from './wire.ts'
import { channelWord } from './words.ts'

/** `POST /register/v1.0/introspect`: kinds of method to register; or the start by a signed-in user (entra.md §2.2, §2.6). */
export async function registerIntrospect(call: Call): Promise<Answer> {
  const found = await begun(call)
  if ('status' in found) return found
  const { journey } = found
  // Also where a Bearer start has found what only the pages can ask for.
  if (journey.phase === 'more' || (await hasSavedCodesOnly(call, journey))) return await nextStep(call, journey)
  if (journey.phase !== 'enrol') return fail(call.ids, errors.badToken)
  const { parts } = call.dialect.engine
  const ticket = await ticketOf(parts, call.caller, journey)
  if (ticket.no !== undefined) return refuse(call.ids, ticket)
  const { tenant } = call.exchange
  const user = await parts.store.get('users', tenant.id, journeyUser(journey))
  const kinds = ticket.yes.requirement.enrol ?? enrollable(tenant, parts.factors).map((it) => it.kind)
  const held = await listAuthenticators(parts, tenant.id, journeyUser(journey))
  const offered = expressible(call, kinds).filter((kind) => {
    const factor = parts.factors.get(kind)
    return factor !== undefined && restrictedAlone(tenant, factor, held, parts.factors) === undefined
  })
  const methods = offered.flatMap((kind) => methodOf(call, journey, kind, user))
  return methods.length === 0 ? redirect(call.ids) : succeed(call.ids, { ...continuation(call, journey), methods })
}

/** The journey of the token, or the one a Bearer start begins where none came. */
async function begun(call: Call): Promise<{ readonly journey: Journey } | Answer> {
  const { continuation_token } = call.params
  const bearer = call.exchange.headers.authorization
  return continuation_token === undefined && bearer !== undefined ? await bearerStart(call) : await journeyOf(call)
}

/** The hint prefills a form; it is given only to who has typed the address or proved more than the password (S-83). */
function methodOf(call: Call, journey: Journey, kind: string, user: User | undefined) {
  const traits = call.dialect.engine.parts.factors.get(kind)?.traits
  const channel = traits && channelWord(traits)
  if (channel === undefined) return []
  const typed = canonicalEmail(journey.state.login ?? '').yes?.key === user?.emailKey
  const hint = channel === 'email' && (typed || journey.kind === 'add-method') ? user?.email : undefined
  const more = hint === undefined ? {} : { login_hint: hint }
  return [{ id: channel, challenge_type: 'oob', challenge_channel: channel, ...more }]
}

/** `POST /register/v1.0/challenge`: a code to the new contact (entra.md §2.3). */
export async function registerChallenge(call: Call): Promise<Answer> {
  const { challenge_type, challenge_target: target, challenge_channel } = call.params
  const found = await journeyOf(call)
  if ('status' in found) return found
  const { journey } = found
  // The engine refuses where a factor has to be proved first, and tells the owner that somebody tried.
  if (journey.phase !== 'enrol' && journey.phase !== 'more') return fail(call.ids, errors.badToken)
  if (challenge_type === undefined) return fail(call.ids, errors.missing('challenge_type'))
  if (!challenge_type.toLowerCase().split(/\s+/).includes('oob')) return fail(call.ids, errors.unknownChallenge)
  if (target === undefined) return fail(call.ids, errors.badMethod)
  const channel = challenge_channel?.toLowerCase() ?? (target.includes('@') ? 'email' : 'sms')
  const { parts } = call.dialect.engine
  const factor = [...parts.factors.values()].find(({ traits }) => channelWord(traits) === channel)
  if (factor === undefined) return fail(call.ids, errors.badMethod)
  const started = await enrolInJourney(parts, { caller: call.caller, journey, kind: factor.kind, target })
  if (started.no !== undefined) return refuseSend(call.ids, started)
  const token = continuation(call, journey)
  if (started.yes.preverified) return succeed(call.ids, { ...token, challenge_type: 'preverified' })
  return succeed(call.ids, {
    ...token,
    challenge_type: 'oob',
    binding_method: 'prompt',
    challenge_target: target,
    challenge_channel: channel,
    code_length: limits.codeDigits,
  })
}

/** `POST /register/v1.0/continue`: the code, or nothing for an address that was proved before (entra.md §2.4). */
export async function registerContinue(call: Call): Promise<Answer> {
  const { grant_type, oob } = call.params
  const found = await journeyOf(call)
  if ('status' in found) return found
  const { journey } = found
  if (journey.phase !== 'enrol') return fail(call.ids, errors.badToken)
  if (grant_type === undefined) return fail(call.ids, errors.missing('grant_type'))
  if (grant_type !== 'oob' && grant_type !== 'continuation_token') return fail(call.ids, errors.badStep)
  const { parts } = call.dialect.engine
  if (grant_type === 'continuation_token') {
    const stored = await confirmProved(parts, { caller: call.caller, journey })
    return stored.no === undefined ? succeed(call.ids, continuation(call, stored.yes)) : refuse(call.ids, stored)
  }
  if (oob === undefined) return fail(call.ids, errors.missing('oob'))
  const stored = await confirmInJourney(parts, { caller: call.caller, journey, proof: oob })
  return stored.no === undefined ? succeed(call.ids, continuation(call, stored.yes)) : refuse(call.ids, stored)
}
