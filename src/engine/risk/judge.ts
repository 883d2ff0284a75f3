import type { RiskFinding, RiskLevel, RiskRule, RiskSituation } from '#model/risk.ts'
import { ratingOf } from './score.ts'
import { highWeight } from './settings.ts'
import { signals } from './signals/index.ts'
import { shown } from './signals/signal.ts'

export interface RiskVerdict {
  readonly level: RiskLevel
  /** Absent: nothing to compare with. */
  readonly score?: number
  readonly findings: readonly RiskFinding[]
}

/**
 * Rates one login. Pure: the same situation and rule give the same verdict, on every server and whenever a stored
 * decision is judged again (S-101). Weights of all findings are added: 1 asks, 3 is high.
 */
export function judgeRisk(situation: RiskSituation, rule: RiskRule = {}): RiskVerdict {
  const findings = [...always(situation), ...signals.flatMap((signal) => found(signal, situation, rule))]
  const weight = findings.reduce((sum, it) => sum + it.weight, 0)
  const score = ratingOf(situation)?.score
  return { level: levelOf(weight), ...(score !== undefined && { score: shown(score) }), findings }
}

/** What no tenant can switch off: without history a second factor is asked (S-100), and a missing input is high risk (S-98). */
function always({ ownLogins, network, agent }: RiskSituation): readonly RiskFinding[] {
  const missing = network.address === undefined ? 'address' : agent.text === undefined ? 'agent' : undefined
  return [
    ...(missing === undefined
      ? []
      : [{ rule: 'missing_input', weight: highWeight, why: `${missing}-missing`, inputs: {} } as const]),
    ...(ownLogins > 0 ? [] : [{ rule: 'no_history', weight: 1, why: 'no-login-seen-yet', inputs: {} } as const]),
  ]
}

function found(signal: (typeof signals)[number], situation: RiskSituation, rule: RiskRule): readonly RiskFinding[] {
  if (rule.off?.includes(signal.name) === true) return []
  const it = signal.look(situation)
  return it === undefined ? [] : [{ rule: signal.name, ...it }]
}

const levelOf = (weight: number): RiskLevel => (weight >= highWeight ? 'high' : weight >= 1 ? 'medium' : 'low')

const order: readonly RiskLevel[] = ['low', 'medium', 'high']

/** The worse of two. */
export const worse = (a: RiskLevel, b: RiskLevel): RiskLevel => (order.indexOf(a) >= order.indexOf(b) ? a : b)
