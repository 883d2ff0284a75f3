import type { UserId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { RiskLevel, RiskSituation } from '#model/risk.ts'
import { assure } from '../assurance.ts'
import type { Caller, Parts } from '../parts.ts'
import { judgeRisk, type RiskVerdict } from './judge.ts'
import { readSituation } from './read.ts'
import { deadline, highWeight, isRated, isTaught } from './settings.ts'

/** A verdict with what it was made from; without, where not everything could be read. */
export interface Assessed {
  readonly verdict: RiskVerdict
  /** It is recorded and nothing else: no rule that holds for the login looks at risk. */
  readonly observed?: true
  readonly situation?: RiskSituation
}

/**
 * Rates a login, where the rule that holds for it looks at risk and its proofs do not settle the question anyway; and,
 * to be recorded only, where the tenant has set risk up, so that a policy can be tried out before it holds. Whatever fails or takes longer than 50 ms is of high risk (S-98); it never rejects.
 */
export async function assess(
  parts: Parts,
  caller: Caller,
  user: UserId,
  proofs: readonly Proof[],
): Promise<Assessed | undefined> {
  if (!isTaught(caller)) return undefined
  if (assure(proofs, parts.factors).mfa && caller.tenant.risk?.onHigh !== 'refuse') return undefined
  const assessed = await rated(parts, caller, user)
  const observed = !isRated(caller)
  const { level, findings } = assessed.verdict
  parts.rated?.(
    level,
    findings.map(({ rule }) => rule),
    observed,
  )
  return { ...assessed, ...(observed && { observed }) }
}

async function rated(parts: Parts, caller: Caller, user: UserId): Promise<Assessed> {
  try {
    const situation = await inTime(() => readSituation(parts, caller, user), parts.riskDeadline ?? deadline)
    if (situation === undefined) return failed('took-too-long')
    return { situation, verdict: judgeRisk(situation, caller.tenant.risk) }
  } catch {
    return failed('could-not-read')
  }
}

const failed = (why: string): Assessed => ({
  verdict: { level: 'high', findings: [{ rule: 'engine_failed', weight: highWeight, why, inputs: {} }] },
})

/** The level that counts; undefined where nobody looks at risk. */
export const levelOf = (assessed: Assessed | undefined): RiskLevel | undefined =>
  assessed === undefined || assessed.observed ? undefined : assessed.verdict.level

/**
 * What work answers, or undefined when it takes longer than so many ms. Real time, not the clock of the server: a clock
 * that can be moved does not tell that a disk is slow. Work that keeps the process busy all that time is late as well.
 */
async function inTime<T>(work: () => Promise<T>, ms: number): Promise<T | undefined> {
  const began = performance.now()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    const value = work()
    value.catch(() => {})
    const first = await Promise.race([value, late])
    return performance.now() - began > ms ? undefined : first
  } finally {
    clearTimeout(timer)
  }
}
