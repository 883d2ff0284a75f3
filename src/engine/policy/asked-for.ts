import type { Condition } from './situation.ts'

/**
 * A second factor because the request asks for one (`acr`, step-up): policy may want more, never less, and no
 * remembered device stands in for it (S-48, S-118). Who has none may enrol one on the way. Where it has to withstand a
 * page in between, only kinds that do will do, and no saved code.
 */
export const askedFor: Condition = ({ wish, tenant, factors }) => {
  if (wish.secondFactor === undefined || wish.secondFactor === false) return undefined
  if (wish.secondFactor === true) return { notByKnowledge: true }
  const fitting = [...factors.values()].filter((it) => it.traits.phishingResistant && tenant.factors.includes(it.kind))
  return { kinds: fitting.map((it) => it.kind), notByLookup: true }
}
