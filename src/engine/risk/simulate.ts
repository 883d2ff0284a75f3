import type { Application } from '#model/application.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { MfaRule } from '#model/policy.ts'
import type { RiskDecision, RiskLevel, RiskRule } from '#model/risk.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import type { Factor } from '#ports/factor.ts'
import { password } from '../assurance.ts'
import { judge } from '../policy/index.ts'
import { secondFactor } from '../policy/second-factor.ts'
import { held } from '../policy/ways.ts'
import { replay } from './decisions.ts'

/** A policy that is tried out. */
export interface Draft {
  /** Stands for the rules of tenant and applications; absent: each keeps its own. */
  readonly mfa?: MfaRule
  /** Stands for the tenant's rule; absent: it keeps its own. */
  readonly risk?: Omit<RiskRule, 'badAddresses'>
}

/** Somebody whose logins were recorded, as they are now. */
export interface Subject {
  readonly user: User
  readonly authenticators: readonly Authenticator[]
}

export interface Recorded {
  readonly tenant: Tenant
  readonly applications: ReadonlyMap<string, Application>
  /** In the order of time. */
  readonly decisions: readonly RiskDecision[]
  /** Users that are gone are absent. */
  readonly subjects: ReadonlyMap<UserId, Subject>
  readonly factors: ReadonlyMap<string, Factor>
}

/**
 * What a login would have come to. `passed`: no second factor; `asked`: for one the user has; `blocked`: refused for its
 * risk; `stranded`: a second factor would be wanted and the user has none that the draft allows.
 */
export const fates = ['passed', 'asked', 'blocked', 'stranded'] as const
export type Fate = (typeof fates)[number]

export interface Replayed {
  readonly decision: RiskDecision
  readonly level: RiskLevel
  readonly fate: Fate
}

export interface Simulation {
  readonly replayed: readonly Replayed[]
  /** Logins that were left out: of users or applications that are gone. */
  readonly skipped: number
}

/**
 * Replays a draft over recorded logins with the policy itself: each is rated again by what was known of it then, and
 * judged as if its password had just been right. Pure.
 *
 * Authenticators are those of today. Whoever is asked is taken to answer, which counts for the TIME_BASED modes, where
 * the same agent of the same user is one device. Remembered devices and step-up requests are not known any more: a login
 * that had one may be told as asked. A login whose rating failed is of high risk, as it was.
 */
export function simulate(recorded: Recorded, draft: Draft): Simulation {
  const { applications, decisions, subjects } = recorded
  const proved = new Map<string, number>()
  const replayed: Replayed[] = []
  for (const decision of decisions) {
    const subject = subjects.get(decision.user)
    const application = applications.get(decision.client)
    if (subject === undefined || application === undefined) continue
    const device = `${decision.user} ${decision.situation?.agent.text ?? ''}`
    const level = levelOf(decision, draft.risk ?? recorded.tenant.risk)
    const fate = fateOf(recorded, draft, { decision, subject, application, level, lastMfaHere: proved.get(device) })
    if (fate === 'asked') proved.set(device, decision.at)
    replayed.push({ decision, level, fate })
  }
  return { replayed, skipped: decisions.length - replayed.length }
}

const levelOf = (decision: RiskDecision, { badAddresses: _list, ...rule }: RiskRule = {}): RiskLevel =>
  replay(decision, rule)?.level ?? (decision.situation === undefined ? 'high' : decision.level)

interface One {
  readonly decision: RiskDecision
  readonly subject: Subject
  readonly application: Application
  readonly level: RiskLevel
  readonly lastMfaHere?: number
}

function fateOf({ tenant, factors }: Recorded, draft: Draft, one: One): Fate {
  const { decision, subject, application, level, lastMfaHere } = one
  const { mfa, risk = tenant.risk } = draft
  const drafted =
    mfa === undefined ? { tenant, application } : { tenant: { ...tenant, mfa }, application: own(application) }
  const rule = drafted.application.mfa ?? drafted.tenant.mfa
  const judged = judge(
    {
      ...subject,
      tenant: { ...drafted.tenant, risk },
      application: drafted.application,
      proofs: [{ factor: password, channel: password, at: decision.at }],
      wish: unasked(decision.dialect),
      now: decision.at,
      lastMfaHere,
      // Risk is looked at only where a rule says so (S-97).
      risk: rule?.mode.startsWith('SMART') === true ? level : undefined,
      factors,
    },
    [secondFactor],
  )
  if (judged.met) return 'passed'
  if ('refuse' in judged) {
    if (judged.refuse.no !== 'risk-too-high') return 'stranded'
    return risk?.onHigh === 'refuse' || held(subject.authenticators, factors).length > 0 ? 'blocked' : 'stranded'
  }
  const { challenge = [], act } = judged.require
  if (act !== undefined) return 'passed'
  // Also who could only prove another factor in order to enrol one that is allowed.
  const allowed = (kind: string) => rule?.allowedFactors?.includes(kind) ?? true
  return challenge.some((kind) => allowed(kind) || factors.get(kind)?.traits.proof === 'lookup') ? 'asked' : 'stranded'
}

/** Without a rule of its own, so that the drafted one of the tenant holds. */
const own = ({ mfa: _mfa, ...application }: Application): Application => application

const unasked = (dialect: string): Wish => ({ dialect, grantType: 'password', scope: [] })
