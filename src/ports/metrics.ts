import type { RiskFinding, RiskLevel } from '#model/risk.ts'

/** How a login ended. */
export type LoginOutcome = 'success' | 'mfa_required' | 'failure'
export type ProofOutcome = 'right' | 'wrong' | 'waiting' | 'refused'

/**
 * Counters the engine and delivery bump. Every label is one of our own names (factor kinds, channels, states): never
 * anything a user or client chose, which would let strangers grow the memory and put their words into it (S-148).
 */
export interface Metrics {
  login(outcome: LoginOutcome): void
  challenge(factor: string): void
  proof(factor: string, outcome: ProofOutcome): void
  /** A login was rated; `observed`: it was recorded only, and nobody asked for its rating. */
  rating(level: RiskLevel, rules: readonly RiskFinding['rule'][], observed: boolean): void
  message(channel: string, state: 'sent' | 'dropped' | 'failed' | 'retried'): void
  /** What a provider has reported of a message it took. */
  receipt(channel: string, state: 'delivered' | 'undelivered' | 'retried'): void
}

/** Counts nothing; for tests and tools. */
export const noMetrics: Metrics = { login() {}, challenge() {}, proof() {}, rating() {}, message() {}, receipt() {} }
