import { parseAgent } from '#engine/risk/agent.ts'
import { thresholdsFrom } from '#engine/risk/calibrate.ts'
import { judgeRisk } from '#engine/risk/judge.ts'
import { ratingOf } from '#engine/risk/score.ts'
import type { RiskSituation, RiskThresholds } from '#model/risk.ts'
import type { Rule } from './evaluate.ts'
import type { Attempt, Simulated } from './simulate.ts'

const dayMs = 86_400_000

/**
 * What the engine itself makes of an attempt: all its signals, with thresholds as its nightly calibration computes them
 * from the users' own logins. Countries here have no places and days no hours, so nobody travels too fast or comes at an
 * unusual hour; nobody has failed before, and no address is on a list.
 */
export function engineRule({ own }: Simulated): Rule {
  const scores = own.flatMap(({ counters }) => ratingOf(counters)?.score ?? [])
  const thresholds = thresholdsFrom(scores)
  if (thresholds === undefined) throw new Error('too few logins to calibrate with')
  return (attempt) => judgeRisk(situationOf(attempt, thresholds)).level !== 'low'
}

export function situationOf({ counters, shown, day, lastDay }: Attempt, thresholds: RiskThresholds): RiskSituation {
  const now = day * dayMs
  const last = lastDay === undefined ? undefined : lastDay * dayMs
  return {
    ...counters,
    now,
    network: {
      ...counters.network,
      address: String(shown.address),
      asn: shown.asn,
      country: `${shown.country}`,
      bad: false,
    },
    agent: { ...counters.agent, text: shown.agent, ...parseAgent(shown.agent) },
    ...(last !== undefined && { last: { at: last }, lastLoginAt: last }),
    hours: [],
    failures: { user: 0, accounts: 0 },
    thresholds,
  }
}
