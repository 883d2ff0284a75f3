import type { RiskCounts, RiskFinding, RiskRemedy, RiskRule, RiskSituation } from '#model/risk.ts'
import { judgeRisk, type RiskVerdict } from './judge.ts'
import { distance, fastest } from './signals/impossible-travel.ts'

/** A situation as it would have been. */
interface Otherwise {
  readonly remedy: RiskRemedy
  readonly situation: RiskSituation
}
type Remedy = (situation: RiskSituation) => readonly Otherwise[]

/** How often something would at most have to have been seen to be told of. */
const mostTimes = 5

/**
 * What would have let a login pass without a second factor: the one change that is enough by itself, or else as few as
 * were found that are enough together. Empty where it passed. Changes are tried by judging again.
 */
export function unless(situation: RiskSituation, rule: RiskRule, verdict: RiskVerdict): readonly RiskRemedy[] {
  if (verdict.level === 'low') return []
  const remedies = [...new Set(verdict.findings.flatMap((it) => byRule[it.rule]))]
  const passes = (it: RiskSituation) => judgeRisk(it, rule).level === 'low'
  for (const remedy of remedies) {
    const alone = remedy(situation).find((it) => passes(it.situation))
    if (alone !== undefined) return [alone.remedy]
  }
  return together(situation, remedies, rule, passes)
}

/** A change and which of its degrees. */
type Step = readonly [remedy: Remedy, degree: number]

/** One change after the other, each as far as it helps, until the login passes; then without those it passes without. */
function together(
  situation: RiskSituation,
  remedies: readonly Remedy[],
  rule: RiskRule,
  passes: (it: RiskSituation) => boolean,
): readonly RiskRemedy[] {
  let steps: Step[] = []
  let now = situation
  for (const remedy of remedies) {
    const before = weightOf(now, rule)
    const tried = remedy(now)
    const enough = tried.findIndex((it) => passes(it.situation))
    const degree = enough >= 0 ? enough : tried.findIndex((it) => weightOf(it.situation, rule) < before)
    const chosen = tried[degree]
    if (chosen === undefined) continue
    steps.push([remedy, degree])
    now = chosen.situation
    if (passes(now)) break
  }
  for (const step of [...steps]) {
    const rest = steps.filter((it) => it !== step)
    if (passes(taken(situation, rest).situation)) steps = rest
  }
  return taken(situation, steps).remedies
}

/** The situation after these changes, and what they are called. */
function taken(situation: RiskSituation, steps: readonly Step[]) {
  const remedies: RiskRemedy[] = []
  let now = situation
  for (const [remedy, degree] of steps) {
    const it = remedy(now)[degree]
    if (it === undefined) continue
    remedies.push(it.remedy)
    now = it.situation
  }
  return { situation: now, remedies }
}

const weightOf = (situation: RiskSituation, rule: RiskRule): number =>
  judgeRisk(situation, rule).findings.reduce((sum, it) => sum + it.weight, 0)

/** The counts of a value that had been shown so many times more. */
function seen<C extends RiskCounts>(counts: C, times: number, ownLogins: number): C {
  const more = (count: number) => Math.min(count + times, ownLogins)
  const user = counts.user.map(more)
  return { ...counts, user, global: counts.global.map((count, level) => Math.max(count, user[level] ?? 0)) }
}

const several = (make: (times: number) => Otherwise): readonly Otherwise[] =>
  Array.from({ length: mostTimes }, (_, index) => make(index + 1))

const networkSeen: Remedy = (it) =>
  several((count) => ({
    remedy: { what: 'network-seen', count },
    situation: { ...it, network: seen(it.network, count, it.ownLogins) },
  }))

const deviceSeen: Remedy = (it) =>
  several((count) => ({
    remedy: { what: 'device-seen', count },
    situation: { ...it, agent: seen(it.agent, count, it.ownLogins) },
  }))

const countrySeen: Remedy = (it) => {
  const [, , country = 0] = it.network.user
  if (it.network.country === undefined || country > 0) return []
  const user = it.network.user.map((count, level) => (level === 2 ? 1 : count))
  return [{ remedy: { what: 'country-seen', count: 1 }, situation: { ...it, network: { ...it.network, user } } }]
}

const earlierLogin: Remedy = (it) =>
  it.ownLogins > 0
    ? []
    : several((count) => {
        const logins = it.logins + count
        const situation = { ...it, logins, ownLogins: count }
        const both = { network: seen(it.network, count, count), agent: seen(it.agent, count, count) }
        return { remedy: { what: 'earlier-login', count }, situation: { ...situation, ...both } }
      })

const otherHour: Remedy = (it) => [{ remedy: { what: 'other-hour' }, situation: { ...it, hours: [] } }]

const moreTime: Remedy = (it) => {
  const { last, network } = it
  if (last?.latitude === undefined || last.longitude === undefined) return []
  if (network.latitude === undefined || network.longitude === undefined) return []
  const from = { latitude: last.latitude, longitude: last.longitude }
  const hours = Math.ceil(distance(from, { latitude: network.latitude, longitude: network.longitude }) / fastest)
  return [
    {
      remedy: { what: 'more-time', count: hours },
      situation: { ...it, last: { ...last, at: it.now - hours * 3_600_000 } },
    },
  ]
}

const fewerFailures: Remedy = (it) => [
  { remedy: { what: 'fewer-failures' }, situation: { ...it, failures: { user: 0, accounts: 0 } } },
]

const listedAddress: Remedy = (it) => [
  { remedy: { what: 'listed-address' }, situation: { ...it, network: { ...it.network, bad: false } } },
]

const recentLogin: Remedy = (it) => [{ remedy: { what: 'recent-login' }, situation: { ...it, lastLoginAt: it.now } }]

type Hints = NonNullable<RiskSituation['hints']>

const hinting =
  (what: RiskRemedy['what'], better: Partial<Hints>): Remedy =>
  (it) =>
    it.hints === undefined ? [] : [{ remedy: { what }, situation: { ...it, hints: { ...it.hints, ...better } } }]

const inputSent: Remedy = (it) => [
  {
    remedy: { what: 'input-sent' },
    situation: {
      ...it,
      network: { ...it.network, address: it.network.address ?? 'sent' },
      agent: { ...it.agent, text: it.agent.text ?? 'sent' },
    },
  },
]

const byRule: Readonly<Record<RiskFinding['rule'], readonly Remedy[]>> = {
  bad_address: [listedAddress],
  failure_velocity: [fewerFailures],
  impossible_travel: [moreTime],
  new_country: [countrySeen, networkSeen],
  new_device: [deviceSeen],
  likelihood: [networkSeen, deviceSeen],
  dormant_account: [recentLogin],
  unusual_hour: [otherHour],
  no_history: [earlierLogin],
  missing_input: [inputSent],
  new_language: [hinting('language-seen', { newLanguage: false })],
  new_fingerprint: [hinting('fingerprint-seen', { newFingerprint: false })],
  claimed_place: [hinting('place-near', { awayFromAddress: 0 })],
  engine_failed: [],
}
