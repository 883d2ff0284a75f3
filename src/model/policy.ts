/** How an application, a tenant or a user asks for a second factor (operating.md §3 and §6.13). */
export type MfaMode = 'OFF' | 'ALWAYS' | 'SMART' | 'TIME_BASED' | 'SMART_PLUS_TIME_BASED'

export interface MfaRule {
  readonly mode: MfaMode
  /** For the TIME_BASED modes: seconds a proved second factor lasts for. */
  readonly timeBasedSeconds?: number
  /** Kinds that satisfy the rule; absent: every kind of the tenant. */
  readonly allowedFactors?: readonly string[]
}
