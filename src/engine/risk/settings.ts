import type { RiskRule, RiskThresholds } from '#model/risk.ts'
import type { Caller } from '../parts.ts'

/** Version of the rules; a decision made by another one is judged again by other rules (S-101). */
export const engineVersion = 2

/** Longest time for everything that is read for one decision, ms; what is late counts as high risk (S-98). */
export const deadline = 50

/** Logins of one user that are counted in a day, so that nobody teaches a new habit in an afternoon (risk.md §1.4). */
export const lessonsPerDay = 10

/** Longest time decisions and counters are kept, days (S-101). */
export const longestKept = 180

/** Shares of the users' own logins that reach a threshold. */
export const shares = { ask: 0.1, high: 0.005 }

/**
 * Until the first calibration. A score of 1 means: as likely an attacker as the user, who has logged in as often as
 * others. What is usual stays below it, however few have logged in, also where all come from one address. In the first
 * logins of made-up services of 20 to 5,000 users both are reached by about the shares above, in those of any one size
 * by more or less (docs/risk-evaluation.md).
 */
export const firstThresholds: RiskThresholds = { ask: 1, high: 10_000 }

/** From this sum of weights on a login is of high risk; 1 is enough to ask. */
export const highWeight = 3

/** What a client says of itself unchecked is a hint: two of them ask. */
export const hintWeight = 0.5

/** Whether the rule that holds for this caller looks at risk. */
export function isRated({ application, tenant }: Pick<Caller, 'application' | 'tenant'>): boolean {
  return (application.mfa ?? tenant.mfa)?.mode.startsWith('SMART') === true
}

/** Whether logins of this caller are recorded and counted: where risk is looked at, and in all of a tenant that has set it up. */
export const isTaught = (caller: Pick<Caller, 'application' | 'tenant'>): boolean =>
  isRated(caller) || caller.tenant.risk !== undefined || caller.tenant.mfa?.mode.startsWith('SMART') === true

/** ms */
export const keptFor = (rule: RiskRule | undefined): number =>
  Math.min(rule?.keepDays ?? longestKept, longestKept) * 24 * 3_600_000
