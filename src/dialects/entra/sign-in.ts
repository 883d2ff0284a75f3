import { askable, type Way } from '#engine/challenge.ts'
import { sendAddressCode } from '#engine/journeys/address-code.ts'
import { firstOfJourney, startSignIn } from '#engine/journeys/first-factor.ts'
import type { Journey } from '#engine/journeys/journey.ts'
import { askInJourney, ticketOf } from '#engine/journeys/more.ts'
import type { Answer } from '#http/route.ts'
import { abilitiesOf, type Call, continuation, journeyOf, keptAbilities, typesOf, usernameOf } from './call.ts'
import { codeSent, expressible, mailboxOf } from './steps.ts'
import { errors, fail, redirect, refuse, refuseSend, succeed } from './wire.ts'
import { channelWord, masked } from './words.ts'

/** What the first factor is called in a list of challenge types. */
const typeOf = { password: 'password', email: 'oob' } as const

/** `POST /oauth2/v2.0/initiate`: starts a sign-in (entra.md §1.1). */
export async function initiate(call: Call): Promise<Answer> {
  const abilities = abilitiesOf(call)
  if ('status' in abilities) return abilities
  const name = usernameOf(call)
  if ('status' in name) return name
  const { login } = name
  const { parts } = call.dialect.engine
  // An application that takes no passwords has accounts without one only.
  const decoy = abilities.types.includes('password') ? 'password' : 'email'
  const started = await startSignIn(parts, call.caller, { login, adds: call.adds, extra: { ...abilities }, decoy })
  if (started === undefined) return fail(call.ids, errors.unknownUser)
  const { journey, first } = started
  if (first === undefined || !abilities.types.includes(typeOf[first])) return redirect(call.ids)
  return succeed(call.ids, continuation(call, journey))
}

/** `POST /oauth2/v2.0/challenge`: the first factor, or with an `id` the second one (entra.md §1.2, §1.5). */
export async function challenge(call: Call): Promise<Answer> {
  const types = typesOf(call)
  if ('status' in types) return types
  const found = await journeyOf(call)
  if ('status' in found) return found
  const { journey } = found
  if (journey.phase === 'first' && journey.kind === 'sign-in') return await challengeFirst(call, journey, types.types)
  if (journey.phase === 'more') return await challengeMethod(call, journey)
  return fail(call.ids, errors.badToken)
}

async function challengeFirst(call: Call, journey: Journey, named: readonly string[] | undefined): Promise<Answer> {
  const { parts } = call.dialect.engine
  const first = await firstOfJourney(parts, journey)
  const types = named ?? keptAbilities(journey).types
  if (first === undefined || !types.includes(typeOf[first])) return redirect(call.ids)
  if (first === 'password') return succeed(call.ids, { ...continuation(call, journey), challenge_type: 'password' })
  const sent = await sendAddressCode(parts, call.caller, journey, 'login')
  return sent.no === undefined ? codeSent(call, journey, 'email', mailboxOf(call, journey)) : refuseSend(call.ids, sent)
}

async function challengeMethod(call: Call, journey: Journey): Promise<Answer> {
  const { id } = call.params
  if (id === undefined) return fail(call.ids, errors.introspectFirst)
  const { parts } = call.dialect.engine
  const kinds = expressible(call, [...parts.factors.keys()])
  const asked = await askInJourney(parts, { caller: call.caller, journey, kinds, authenticator: id })
  if (asked.no !== undefined) return refuseSend(call.ids, asked)
  const { authenticator, factor } = asked.yes
  return codeSent(call, journey, channelWord(factor.traits) ?? 'sms', authenticator.target ?? '')
}

/** `POST /oauth2/v2.0/introspect`: the methods that can be proved now (entra.md §1.4). */
export async function introspect(call: Call): Promise<Answer> {
  const found = await journeyOf(call)
  if ('status' in found) return found
  const { journey } = found
  if (journey.phase !== 'more') return fail(call.ids, errors.badToken)
  const { parts } = call.dialect.engine
  const ticket = await ticketOf(parts, call.caller, journey)
  if (ticket.no !== undefined) return refuse(call.ids, ticket)
  const by = { index: 'user', value: ticket.yes.user } as const
  const own = await parts.store.list('authenticators', call.exchange.tenant.id, { by, limit: 1_000 })
  const kinds = expressible(call, ticket.yes.requirement.challenge ?? [])
  const ways = askable(parts, { caller: call.caller, ticket: ticket.yes }, own)
  const methods = ways.filter((it) => kinds.includes(it.factor.kind)).map(methodOf)
  return methods.length === 0 ? redirect(call.ids) : succeed(call.ids, { ...continuation(call, journey), methods })
}

const methodOf = ({ authenticator, factor }: Way) => ({
  id: authenticator.id,
  challenge_type: 'oob',
  challenge_channel: channelWord(factor.traits),
  login_hint: masked(authenticator.target ?? ''),
})
