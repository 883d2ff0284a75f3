import type { UserId } from './ids.ts'
import type { Row } from './row.ts'

/** What a login looks like from outside: nothing odd; odd enough to ask a second factor; so odd that only a strong one will do. */
export type RiskLevel = 'low' | 'medium' | 'high'

/** The features that are counted, and how many levels each has, the finest first (risk.md §1.1). */
export const riskFeatures = { network: 3, agent: 4 } as const
export type RiskFeature = keyof typeof riskFeatures

/** The signals there are; a tenant may switch each off. */
export const signalNames = [
  'likelihood',
  'impossible_travel',
  'new_country',
  'new_device',
  'failure_velocity',
  'bad_address',
  'dormant_account',
  'unusual_hour',
  'new_language',
  'new_fingerprint',
  'claimed_place',
] as const
export type SignalName = (typeof signalNames)[number]

/** Figures a score is compared with: from `ask` on a second factor is asked for, from `high` on it counts twice. */
export interface RiskThresholds {
  readonly ask: number
  readonly high: number
}

/** How a tenant has logins rated (SMART). What is absent has the default of engine/risk/settings.ts. */
export interface RiskRule {
  /** Signals that are not looked at. */
  readonly off?: readonly SignalName[]
  /** Addresses and CIDR blocks from which every login is of high risk. */
  readonly badAddresses?: readonly string[]
  /** What a login of high risk meets: a strong factor asked for, or refusal. */
  readonly onHigh?: 'strong-factor' | 'refuse'
  /** Shares of the users’ own logins that reach the thresholds, from which these are computed each night; 0 to 1. */
  readonly askShare?: number
  readonly highShare?: number
  /** Thresholds that stand still, instead of the computed ones. */
  readonly thresholds?: RiskThresholds
  /** Days decisions and counters are kept, at most 180 (S-101). */
  readonly keepDays?: number
}

/** How often a value of a feature was shown, by one user or by everybody. The value itself is a keyed hash. */
export interface RiskCounter extends Row {
  /** Absent: everybody. */
  readonly user?: UserId
  readonly feature: RiskFeature
  readonly level: number
  readonly count: number
  /** Epoch ms. */
  readonly lastSeenAt: number
  /** Counted for the day an older key leaves the ring; nobody reads it yet. */
  readonly later?: true
}

/** What is remembered of the logins of one user as a whole. */
export interface RiskProfile extends Row {
  readonly id: UserId
  /** Logins with a completed factor that were counted. */
  readonly logins: number
  /** How many of them on the day (days since the epoch, UTC) of the last one. */
  readonly day: number
  readonly ofDay: number
  readonly lastAt: number
  /** Where the last one came from, as far as that was known; degrees, to the tenth. */
  readonly place?: { readonly country?: string; readonly latitude?: number; readonly longitude?: number }
  /** How many in each hour of the day, UTC. */
  readonly hours: readonly number[]
  /** What clients said of themselves, the latest last; absent: none was ever asked. */
  readonly hints?: HintHashes
}

/** Keyed hashes of what a client says of itself unchecked. */
export interface HintHashes {
  readonly languages: readonly string[]
  readonly fingerprints: readonly string[]
}

/** What is remembered of the logins of a tenant as a whole. One row. */
export interface RiskTotals extends Row {
  readonly logins: number
  readonly users: number
  /** Distinct values at the coarser levels. */
  readonly distinct: Readonly<Record<RiskFeature, number>>
  /** What the last calibration computed, from so many scores, by which version of the rules; absent: never yet. */
  readonly calibrated?: RiskThresholds & { readonly at: number; readonly of: number; readonly engine?: number }
  /** Epoch ms of the last calibration, whether or not there was enough to compute from. */
  readonly calibratedAt?: number
}

/** Counts of one feature: everybody’s and the user’s, finest first; a level whose value is missing has 0. */
export interface RiskCounts {
  readonly global: readonly number[]
  readonly user: readonly number[]
  /** Distinct values at the coarser levels, plus 1. */
  readonly distinct: number
}

/**
 * All a signal may look at, read once. It holds no address and no agent in full, so that it can be stored and judged
 * again (S-101).
 */
export interface RiskSituation {
  /** Epoch ms. */
  readonly now: number
  readonly logins: number
  readonly users: number
  readonly ownLogins: number
  readonly network: RiskCounts & {
    /** Keyed hash; absent: what came was no address. */
    readonly address?: string
    readonly country?: string
    readonly asn?: number
    readonly latitude?: number
    readonly longitude?: number
    /** On the tenant’s list. */
    readonly bad: boolean
  }
  readonly agent: RiskCounts & {
    /** Keyed hash of the full text; absent: none was sent. */
    readonly text?: string
    /** Such as `Firefox`, `Windows`, `desktop`; absent: could not be told. */
    readonly browser?: string
    readonly system?: string
    readonly device?: string
  }
  /** What the client says of itself, unchecked; absent: nobody asked it. */
  readonly hints?: HintHashes & {
    /** Never shown by this user before; false also where there is nothing to compare with. */
    readonly newLanguage: boolean
    readonly newFingerprint: boolean
    /** Between where the device says it is and where its address is, km; absent: one of both is not known. */
    readonly awayFromAddress?: number
  }
  /** The last counted login. */
  readonly last?: {
    readonly at: number
    readonly country?: string
    readonly latitude?: number
    readonly longitude?: number
  }
  /** Counted logins in each hour of the day, UTC. */
  readonly hours: readonly number[]
  /** Epoch ms of the last login of any kind. */
  readonly lastLoginAt?: number
  /** Of the last hour, or as the budgets keep them. */
  readonly failures: {
    /** Wrong passwords and codes of this user. */
    readonly user: number
    /** Accounts somebody failed at from this address. */
    readonly accounts: number
  }
  readonly thresholds: RiskThresholds
}

/** What one rule found. */
export interface RiskFinding {
  /** A signal, or what stands in for one: no history, an input that is missing, a failure of the engine. */
  readonly rule: SignalName | 'no_history' | 'missing_input' | 'engine_failed'
  /** 1 asks for a second factor, 3 is high risk; those of all findings are added up. What can only hint weighs 0.5. */
  readonly weight: number
  /** Reason code, such as `country-never-seen`. */
  readonly why: string
  /** The figures it went by. */
  readonly inputs: Readonly<Record<string, string | number | boolean>>
}

/** What would have let the login pass unasked: a code, and how often. */
export interface RiskRemedy {
  readonly what:
    | 'network-seen'
    | 'device-seen'
    | 'country-seen'
    | 'earlier-login'
    | 'other-hour'
    | 'more-time'
    | 'fewer-failures'
    | 'listed-address'
    | 'recent-login'
    | 'engine-up'
    | 'input-sent'
    | 'language-seen'
    | 'fingerprint-seen'
    | 'place-near'
  /** Times or hours, where it has a number. */
  readonly count?: number
}

/** A decision of the risk engine, as it is kept (S-101). */
export interface RiskDecision extends Row {
  readonly user: UserId
  readonly at: number
  readonly client: string
  readonly dialect: string
  readonly level: RiskLevel
  /** The likelihood-ratio score; absent: there was nothing to compare with. */
  readonly score?: number
  readonly findings: readonly RiskFinding[]
  /** All of these together would have let the login pass without a second factor; empty where it was. */
  readonly unless: readonly RiskRemedy[]
  /** What policy made of it. `passed`: no second factor was asked for. */
  readonly outcome: 'passed' | 'asked' | 'refused'
  /** No rule that held looked at risk: the login was recorded, and what became of it has other reasons. */
  readonly observed?: true
  /** The login ended with a completed factor. */
  readonly confirmed?: boolean
  /** Version of the rules, so that a decision can be judged again as it was. */
  readonly engine: number
  /** Absent: the engine failed before it had read everything. */
  readonly situation?: RiskSituation
  /** The tenant’s rule as it stood, without the list of addresses. */
  readonly rule: Omit<RiskRule, 'badAddresses'>
  readonly correlation: string
}
