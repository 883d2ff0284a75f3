import type { MfaRule } from '#model/policy.ts'
import { byRisk } from './by-risk.ts'
import type { Condition, Need, Situation } from './situation.ts'
import { held } from './ways.ts'

/**
 * Whether a second factor is asked for by application, tenant or user (operating.md §6.13, S-56): the tenant's ALWAYS
 * and the user's own switch stand above everything; then the application's rule, else the tenant's; and where nothing
 * is configured, a user who has a confirmed factor is asked for it.
 */
export const secondFactor: Condition = (situation) => {
  const { tenant, application, user } = situation
  const rule = application.mfa ?? tenant.mfa
  const kinds = application.mfa?.allowedFactors ?? tenant.mfa?.allowedFactors
  const always: Need = kinds ? { kinds } : {}
  // High risk asks for what it asks for, also of those who are asked anyway (S-97).
  if (situation.risk === 'high') return byRisk(situation, always)
  // A remembered device spares the question, but not who has asked to be asked each time (S-48).
  if (situation.trustedDevice === true && !user.mfaEnabled) return undefined
  if (user.mfaEnabled || tenant.mfa?.mode === 'ALWAYS') return always
  if (rule === undefined) return held(situation.authenticators, situation.factors).length > 0 ? always : undefined
  return byMode[rule.mode](situation, rule, always)
}

type ByRule = (situation: Situation, rule: MfaRule, always: Need) => Need | undefined

/** TIME_BASED: asked again when the last second factor from this device is older than the interval, or never was. */
const timeBased: ByRule = ({ lastMfaHere, now }, rule, always) => {
  const within = rule.timeBasedSeconds ?? 0
  if (lastMfaHere !== undefined && now - lastMfaHere <= within * 1_000) return undefined
  return { ...always, within }
}

/** SMART: whatever is not known to be of low risk is asked for (S-97, S-98). */
const smart: ByRule = (situation, _rule, always) => byRisk(situation, always)

const byMode: Readonly<Record<MfaRule['mode'], ByRule>> = {
  OFF: () => undefined,
  ALWAYS: (_situation, _rule, always) => always,
  TIME_BASED: timeBased,
  SMART: smart,
  // Either of both asks.
  SMART_PLUS_TIME_BASED: (situation, rule, always) => byRisk(situation, always) ?? timeBased(situation, rule, always),
}
