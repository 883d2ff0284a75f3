import type { Need, Situation } from './situation.ts'

/**
 * What a rating asks for. Low: nothing. High: one of the better factors the account has already, no code by e-mail and
 * no saved one, since whoever else has the password could enrol his own. Everything else, not being rated included: a
 * second factor as the rule has it (S-97, S-98).
 */
export function byRisk({ risk, tenant, factors }: Situation, always: Need): Need | undefined {
  if (risk === 'low') return undefined
  if (risk !== 'high') return always
  const strong = [...factors.values()].filter(
    ({ kind, traits }) => traits.assurance !== 'none' && traits.proof !== 'lookup' && tenant.factors.includes(kind),
  )
  const kinds = strong.map(({ kind }) => kind).filter((kind) => always.kinds?.includes(kind) ?? true)
  return { ...always, kinds, notByLookup: true, onlyHeld: true }
}
