import { hintOfPhone } from '#engine/addresses.ts'
import { channelOf, confirmed, enrollable, waysOf } from '#engine/policy/ways.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Ticket } from '#model/ticket.ts'
import type { Factor, FactorTraits } from '#ports/factor.ts'
import type { Offer, Option } from './schemas.ts'

type Factors = ReadonlyMap<string, Factor>

/** The traits pages are drawn from. */
export function shownTraits({ proof, channel, reach }: FactorTraits): Option['traits'] {
  return { proof, channel, ...(reach === undefined ? {} : { reach }) }
}

/** An address with most of it hidden (S-83): the last two digits of a number, first letter and domain of a mailbox. */
export function maskedTarget(traits: Pick<FactorTraits, 'reach'>, target: string): string {
  if (traits.reach !== 'email') return hintOfPhone(target)
  const at = target.lastIndexOf('@')
  return `${target.slice(0, 1)}${'*'.repeat(Math.max(3, at - 1))}${target.slice(at)}`
}

/** Names one way to one authenticator. */
export const optionId = (it: Pick<Authenticator, 'id'>, factor: Pick<Factor, 'kind'>): string =>
  `${it.id}.${factor.kind}`

export interface Choice {
  readonly authenticator: Authenticator
  readonly factor: Factor
}

/** The ways a ticket's requirement can be met now: the user's own, over channels this flow has not used. */
export function choicesOf(
  tenant: Tenant,
  factors: Factors,
  authenticators: readonly Authenticator[],
  ticket: Ticket,
): readonly Choice[] {
  const kinds = ticket.requirement.challenge ?? []
  const [first, ...later] = ticket.proofs
  const used = new Set([first, ...later.filter((it) => it.at >= ticket.createdAt)].map((it) => it?.channel))
  return confirmed(authenticators)
    .filter((it) => !used.has(channelOf(it, factors)))
    .flatMap((authenticator) =>
      waysOf(authenticator, tenant, factors)
        // There is no page that asks questions.
        .filter((factor) => kinds.includes(factor.kind) && factor.traits.proof !== 'knowledge')
        .map((factor) => ({ authenticator, factor })),
    )
    .sort(byPreference)
}

/** Saved codes last; else what was used last, its own kind before its twin, and by rank. */
function byPreference(a: Choice, b: Choice): number {
  const saved = (it: Choice) => Number(it.factor.traits.proof === 'lookup')
  const twin = (it: Choice) => Number(it.factor.kind !== it.authenticator.factor)
  return (
    saved(a) - saved(b) ||
    (b.authenticator.lastUsedAt ?? 0) - (a.authenticator.lastUsedAt ?? 0) ||
    twin(a) - twin(b) ||
    a.factor.traits.rank - b.factor.traits.rank
  )
}

export function shownOption({ authenticator, factor }: Choice, preferred: boolean): Option {
  const { name, target } = authenticator
  return {
    id: optionId(authenticator, factor),
    factor: factor.kind,
    traits: shownTraits(factor.traits),
    preferred,
    ...(name === undefined ? {} : { name }),
    ...(target === undefined ? {} : { target: maskedTarget(factor.traits, target) }),
  }
}

/** Kinds that may be enrolled: of these, or all of the tenant's; only those that can be reached from here. */
export function offersOf(
  tenant: Tenant,
  factors: Factors,
  channels: ReadonlySet<string>,
  kinds?: readonly string[],
): readonly Offer[] {
  const messages = ['sms', 'voice', 'email']
  return enrollable(tenant, factors)
    .filter((it) => kinds?.includes(it.kind) ?? true)
    .filter((it) => !messages.includes(it.traits.channel) || channels.has(it.traits.channel))
    .map((it) => ({ factor: it.kind, traits: shownTraits(it.traits) }))
}
