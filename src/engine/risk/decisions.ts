import type { TenantId, UserId } from '#model/ids.ts'
import type { RiskDecision } from '#model/risk.ts'
import { insert, type Store, type Write } from '#ports/store.ts'
import { audit } from '../events.ts'
import type { Caller, Parts } from '../parts.ts'
import { timeId } from '../time-id.ts'
import type { Assessed } from './assess.ts'
import { judgeRisk, type RiskVerdict } from './judge.ts'
import { engineVersion, keptFor } from './settings.ts'
import { unless } from './unless.ts'

/** The row of a decision and its audit row, for the commit that acts on it. A login nobody found odd, or that was only observed, leaves no audit row of its own. */
export function decisionWrites(
  parts: Parts,
  caller: Caller,
  user: UserId,
  { verdict, situation, observed }: Assessed,
  outcome: RiskDecision['outcome'],
): { readonly id: string; readonly writes: readonly Write[] } {
  const { tenant, application, dialect, correlation } = caller
  const now = parts.clock.now()
  const id = timeId(now, parts.random)
  const { badAddresses: _list, ...rule } = tenant.risk ?? {}
  const decision: RiskDecision = {
    tenant: tenant.id,
    id,
    user,
    at: now,
    client: application.id,
    dialect,
    correlation,
    ...verdict,
    unless: situation === undefined ? [{ what: 'engine-up' }] : unless(situation, rule, verdict),
    outcome,
    ...(observed && { observed }),
    engine: engineVersion,
    ...(situation && { situation }),
    rule,
    expiresAt: now + keptFor(tenant.risk),
  }
  if (verdict.level === 'low' || observed) return { id, writes: [insert('risk_decisions', decision)] }
  const details = {
    level: verdict.level,
    rules: verdict.findings.map((it) => it.rule).join(' '),
    decision: id,
    outcome,
  }
  return { id, writes: [insert('risk_decisions', decision), audit(parts, caller, 'login.risk', { user, details })] }
}

/** The decisions about a user, newest first. `after`: the id the last page ended with. At most 1,000. */
export function listDecisions(
  { store }: { readonly store: Store },
  tenant: TenantId,
  user: UserId,
  page: { readonly limit: number; readonly after?: string },
): Promise<readonly RiskDecision[]> {
  return store.list('risk_decisions', tenant, { by: { index: 'user', value: user }, descending: true, ...page })
}

/**
 * Judges a stored decision again: by the rule it was made under, or by another one. Undefined where it cannot be: the
 * engine had failed, or other rules than today's made it (S-101). A list of addresses is no part of it: whether the
 * address was on the list stands in the situation.
 */
export function replay(decision: RiskDecision, rule: RiskDecision['rule'] = decision.rule): RiskVerdict | undefined {
  if (decision.situation === undefined || decision.engine !== engineVersion) return undefined
  const thresholds = rule.thresholds ?? decision.situation.thresholds
  return judgeRisk({ ...decision.situation, thresholds }, rule)
}
