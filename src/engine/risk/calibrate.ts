import type { TenantId } from '#model/ids.ts'
import type { RiskDecision, RiskRule, RiskThresholds, RiskTotals } from '#model/risk.ts'
import { type ListOptions, row, upsert } from '#ports/store.ts'
import type { Parts } from '../parts.ts'
import { emptyTotals } from './lesson.ts'
import { totalsId } from './read.ts'
import { engineVersion, shares } from './settings.ts'

/** Scores that are needed before a quantile means anything, and how many are looked at. */
export const enoughScores = 200
const mostScores = 10_000

/** How far back scores count where there are enough of them, ms, and how long a calibration holds. */
const window = 30 * 86_400_000
const daily = 86_400_000

/**
 * Thresholds at which the wanted shares of the users' own logins are reached: quantiles of their scores (risk.md §1.4).
 * Undefined while there are fewer than 200. A threshold is a score that was there, and nobody's login lies above `ask`
 * oftener than the share says.
 */
export function thresholdsFrom(scores: readonly number[], rule: RiskRule = {}): RiskThresholds | undefined {
  if (scores.length < enoughScores) return undefined
  const sorted = scores.toSorted((a, b) => a - b)
  const ask = justAbove(quantile(sorted, 1 - (rule.askShare ?? shares.ask)))
  const high = justAbove(quantile(sorted, 1 - (rule.highShare ?? shares.high)))
  return { ask, high: Math.max(ask, high) }
}

/** So that logins with the very score of the quantile, which may be many, pass. */
const justAbove = (score: number): number => score * (1 + 1e-9)

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0

/**
 * Whether a stored decision was about the user and nobody else, as far as can be known: it ended with a completed
 * factor, or was not odd in any way. What attackers tried must not move the thresholds.
 */
const isTheirs = (it: RiskDecision): boolean => it.confirmed === true || (it.outcome === 'passed' && it.level === 'low')

/** Tenants that have logins counted and whose last calibration is a day old, by the clock it is handed. */
export async function dueForCalibration({
  store,
  clock,
}: Pick<Parts, 'store' | 'clock'>): Promise<readonly TenantId[]> {
  const due: TenantId[] = []
  for (const tenant of await store.everyTenant()) {
    const totals = await store.get('risk_totals', tenant, totalsId)
    if (totals !== undefined && clock.now() - (totals.calibratedAt ?? 0) >= daily) due.push(tenant)
  }
  return due
}

/** Calibrates every tenant that is due. Also counts distinct values and users anew, since rows are swept. */
export async function calibrateDue(parts: Pick<Parts, 'store' | 'clock'>): Promise<void> {
  for (const tenant of await dueForCalibration(parts)) await calibrate(parts, tenant)
}

/** Computes the thresholds of one tenant now. */
export async function calibrate(parts: Pick<Parts, 'store' | 'clock'>, tenant: TenantId): Promise<void> {
  const { store, clock } = parts
  const now = clock.now()
  const [owner, users, network, agent] = await Promise.all([
    store.get('tenants', tenant, tenant),
    store.count('risk_profiles', tenant),
    store.count('risk_counters', tenant, { index: 'distinct', value: 'network' }),
    store.count('risk_counters', tenant, { index: 'distinct', value: 'agent' }),
  ])
  const scores = await recentScores(parts, tenant, now - window)
  const thresholds = thresholdsFrom(scores, owner?.risk)
  await store.change({ totals: row('risk_totals', tenant, totalsId) }, ({ totals }) => {
    const before: RiskTotals = totals ?? emptyTotals(tenant)
    const calibrated =
      thresholds === undefined
        ? before.calibrated
        : { ...thresholds, at: now, of: scores.length, engine: engineVersion }
    const counted = { users, distinct: { network, agent } }
    return {
      result: undefined,
      writes: [upsert('risk_totals', { ...before, ...counted, ...(calibrated && { calibrated }), calibratedAt: now })],
    }
  })
}

/**
 * Scores since then; where those are too few, as many older ones as it takes, as far back as decisions are kept: a small
 * service would else never have thresholds of its own. Scores of other weights have another scale and count for nothing.
 */
async function recentScores({ store }: Pick<Parts, 'store'>, tenant: TenantId, since: number): Promise<number[]> {
  const scores: number[] = []
  const page: ListOptions<'risk_decisions'> = { descending: true, limit: 1_000 }
  for (let after: string | undefined; ; ) {
    const rows = await store.list('risk_decisions', tenant, { ...page, ...(after !== undefined && { after }) })
    for (const it of rows) {
      if (scores.length >= (it.at >= since ? mostScores : enoughScores)) return scores
      if (it.score !== undefined && it.engine === engineVersion && isTheirs(it)) scores.push(it.score)
    }
    after = rows.at(-1)?.id
    if (rows.length < 1_000 || after === undefined) return scores
  }
}
