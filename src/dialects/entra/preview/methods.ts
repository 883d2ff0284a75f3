import { askable, type Way } from '#engine/challenge.ts'
import { journeyUser } from '#engine/journeys/journey.ts'
import { ticketOf } from '#engine/journeys/more.ts'
import { enrollable, restrictedAlone } from '#engine/policy/ways.ts'
import { canAskHere } from '#engine/tools.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Factor, FactorTraits } from '#ports/factor.ts'
import { masked } from '../words.ts'
import { askOf, type Step } from './call.ts'
import { hrefOf } from './paths.ts'

/** Types of method Microsoft has words for. */
const vendors: readonly string[] = ['email', 'sms']

/**
 * What a factor is called here, told from its traits; undefined: it cannot be said. What begins with `ext_` is ours, and
 * is shown to clients that have named it in `capabilities` only: others could not go on with it.
 */
export function typeOf({ proof, channel }: FactorTraits): string | undefined {
  if (proof === 'assertion') return 'ext_webauthn'
  if (proof === 'approval') return 'ext_push'
  if (proof === 'lookup') return 'ext_recovery_code'
  const types: Readonly<Record<string, string>> = { email: 'email', sms: 'sms', voice: 'ext_voice', app: 'ext_totp' }
  return types[channel]
}

/** Kinds of factor of a type. */
export const kindsOf = ({ call }: Step, type: string): readonly string[] =>
  [...call.dialect.engine.parts.factors.values()].filter((it) => typeOf(it.traits) === type).map((it) => it.kind)

const speaks = ({ journey }: Step, type: string | undefined): type is string =>
  type !== undefined && (vendors.includes(type) || askOf(journey).capabilities.includes(type))

/** The methods that can be proved now, as the answer lists them. */
export async function provable(step: Step): Promise<Outcome<readonly object[]>> {
  const { call, journey } = step
  const { parts } = call.dialect.engine
  const ticket = await ticketOf(parts, call.caller, journey)
  if (ticket.no !== undefined) return ticket
  const by = { index: 'user', value: ticket.yes.user } as const
  const own = await parts.store.list('authenticators', call.exchange.tenant.id, { by, limit: 1_000 })
  const kinds = ticket.yes.requirement.challenge ?? []
  const ways = askable(parts, { caller: call.caller, ticket: ticket.yes }, own)
  return yes(ways.filter((it) => kinds.includes(it.factor.kind)).flatMap((way) => methodOf(step, way)))
}

function methodOf(step: Step, { authenticator, factor }: Way): readonly object[] {
  const type = typeOf(factor.traits)
  if (!speaks(step, type)) return []
  const hint = authenticator.target === undefined ? authenticator.name : masked(authenticator.target)
  const href = hrefOf(step.call.exchange.tenant.id, 'challenge', { type, id: authenticator.id })
  return [{ id: authenticator.id, type, ...(hint === undefined ? {} : { hint }), _links: { challenge: { href } } }]
}

/** The types that can be registered now, with the kinds behind them. A telephone is one type with channels. */
export async function registrable(step: Step): Promise<Outcome<readonly { type: string; kinds: readonly Factor[] }[]>> {
  const { call, journey } = step
  const { parts } = call.dialect.engine
  const { tenant } = call.exchange
  const ticket = await ticketOf(parts, call.caller, journey)
  if (ticket.no !== undefined) return ticket
  const by = { index: 'user', value: journeyUser(journey) } as const
  const held = await parts.store.list('authenticators', tenant.id, { by, limit: 1_000 })
  const open = enrollable(tenant, parts.factors).filter(
    (it) =>
      (ticket.yes.requirement.enrol?.includes(it.kind) ?? true) &&
      speaks(step, typeOf(it.traits)) &&
      canAskHere(it, call.caller) &&
      restrictedAlone(tenant, it, held, parts.factors) === undefined,
  )
  const types = [...new Set(open.map(enrolType))]
  return yes(types.map((type) => ({ type, kinds: open.filter((it) => enrolType(it) === type) })))
}

/** What a factor is registered as: any way to a telephone is `phone`. */
export const enrolType = ({ traits }: Factor): string => (traits.reach === 'phone' ? 'phone' : (typeOf(traits) ?? ''))
