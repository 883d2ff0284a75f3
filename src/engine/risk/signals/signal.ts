import type { RiskFinding, RiskSituation, SignalName } from '#model/risk.ts'

/** One sign that a login is not its user's. Pure; one small file each, listed in index.ts. */
export interface Signal {
  readonly name: SignalName
  /** What it finds odd; undefined: nothing. A signal that needs history finds nothing without. */
  readonly look: (situation: RiskSituation) => Omit<RiskFinding, 'rule'> | undefined
}

/** Rounded for people: a stored score says no more than it means. */
export const shown = (figure: number): number => Number(figure.toPrecision(6))
