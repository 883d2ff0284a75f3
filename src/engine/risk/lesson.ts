import type { UserId } from '#model/ids.ts'
import type { HintHashes, RiskCounter, RiskDecision, RiskProfile, RiskTotals } from '#model/risk.ts'
import { put, type Refs, row, upsert, type Write } from '#ports/store.ts'
import type { Caller, Parts } from '../parts.ts'
import { createSerial } from '../serial.ts'
import { roughly, totalsId } from './read.ts'
import { isTaught, keptFor, lessonsPerDay } from './settings.ts'
import { type Counted, counted, type Shown, valuesOf } from './values.ts'

/** What a login teaches about its user, and about everybody; only a login with a completed factor does (S-100). */
export interface Lesson {
  /** What the change that ends the login has to load. */
  readonly refs: Refs
  /** The user's own counters, in the commit that ends the login. `found`: what the refs of that change found. */
  readonly writes: (found: object) => readonly Write[]
  /** After that commit: the counters of everybody. Loses the login there if it fails, which is no reason to refuse it. */
  readonly spread: () => Promise<void>
}

const nothing: Lesson = { refs: {}, writes: () => [], spread: async () => {} }

const oneByOne = createSerial()
const dayOf = (now: number) => Math.floor(now / 86_400_000)
const own = (at: number) => `risk.own.${at}`

/**
 * The lesson of a login that is about to end. `decision`: the row of the decision that asked for the factor.
 *
 * The rows of everybody are written by a change of their own: every login of a tenant needs them, and in the change that
 * ends a login all of them would wait for each other.
 */
export function lessonOf(parts: Parts, caller: Caller, user: UserId, decision?: string): Lesson {
  if (!isTaught(caller)) return nothing
  const shown = tried(() => valuesOf(parts, caller))
  if (shown === undefined) return nothing
  const tenant = caller.tenant.id
  const values = taughtBy(shown)
  let taught: { readonly isNew: boolean } | undefined
  return {
    refs: {
      'risk.profile': row('risk_profiles', tenant, user),
      ...(decision !== undefined && { 'risk.decision': row('risk_decisions', tenant, decision) }),
      ...Object.fromEntries(values.map(({ id }, at) => [own(at), row('risk_counters', tenant, `${user}:${id}`)])),
    },
    writes(found) {
      const now = parts.clock.now()
      const rows = found as Readonly<Record<string, unknown>>
      const before = alive(rows['risk.profile'] as RiskProfile | undefined, now)
      const asked = rows['risk.decision'] as RiskDecision | undefined
      const confirmed = asked === undefined ? [] : [put('risk_decisions', { ...asked, confirmed: true })]
      taught = undefined
      if (before?.day === dayOf(now) && before.ofDay >= lessonsPerDay) return confirmed
      taught = { isNew: before === undefined }
      const profile = withOneMore(before, {
        tenant,
        user,
        now,
        shown,
        said: asked?.situation?.hints,
        expiresAt: now + keptFor(caller.tenant.risk),
      })
      const counters = values.map((value, at) =>
        counter(rows[own(at)] as RiskCounter | undefined, caller, value, now, user),
      )
      return [...confirmed, upsert('risk_profiles', profile), ...counters]
    },
    async spread() {
      const lesson = taught
      if (lesson === undefined) return
      await oneByOne(tenant, () => tellEverybody(parts, caller, values, lesson.isNew)).catch(() => {})
    },
  }
}

/** A value that is counted, where `later` by a newer key of the ring than the one it is read by. */
interface Taught extends Counted {
  readonly later?: true
}

const taughtBy = (shown: Shown): readonly Taught[] => [
  ...counted(shown),
  ...shown.later.flatMap((it) => counted(it).map((value) => ({ ...value, later: true }) as const)),
]

/** One more login in the counters of everybody. */
async function tellEverybody(parts: Parts, caller: Caller, values: readonly Taught[], isNew: boolean): Promise<void> {
  const tenant = caller.tenant.id
  const refs: Refs = {
    totals: row('risk_totals', tenant, totalsId),
    ...Object.fromEntries(values.map(({ id }, at) => [own(at), row('risk_counters', tenant, id)])),
  }
  await parts.store.change(refs, (found) => {
    const now = parts.clock.now()
    const rows = found as Readonly<Record<string, unknown>>
    const before = (rows.totals as RiskTotals | undefined) ?? emptyTotals(tenant)
    const distinct = { ...before.distinct }
    const counters = values.map((value, at) => {
      const known = rows[own(at)] as RiskCounter | undefined
      if (value.level > 0 && known === undefined && !value.later) distinct[value.feature] += 1
      return counter(known, caller, value, now)
    })
    const totals = { ...before, logins: before.logins + 1, users: before.users + (isNew ? 1 : 0), distinct }
    return { result: undefined, writes: [upsert('risk_totals', totals), ...counters] }
  })
}

export const emptyTotals = (tenant: RiskTotals['tenant']): RiskTotals => ({
  tenant,
  id: totalsId,
  logins: 0,
  users: 0,
  distinct: { network: 0, agent: 0 },
})

function counter(
  known: RiskCounter | undefined,
  { tenant }: Caller,
  { id, feature, level, later }: Taught,
  now: number,
  user?: UserId,
): Write {
  return upsert('risk_counters', {
    tenant: tenant.id,
    id: user === undefined ? id : `${user}:${id}`,
    ...(user !== undefined && { user }),
    feature,
    level,
    count: (alive(known, now)?.count ?? 0) + 1,
    lastSeenAt: now,
    ...(later && { later }),
    expiresAt: now + keptFor(tenant.risk),
  })
}

function withOneMore(
  before: RiskProfile | undefined,
  it: {
    readonly tenant: RiskProfile['tenant']
    readonly user: UserId
    readonly now: number
    readonly shown: Shown
    /** What the client said of itself when it was rated: later steps of a flow may say less. */
    readonly said: HintHashes | undefined
    readonly expiresAt: number
  },
): RiskProfile {
  const { tenant, user, now, shown, expiresAt } = it
  const hints = withNewest(before?.hints, it.said ?? shown.hints)
  const hour = new Date(now).getUTCHours()
  const hours = Array.from({ length: 24 }, (_, at) => (before?.hours[at] ?? 0) + (at === hour ? 1 : 0))
  const ofDay = before?.day === dayOf(now) ? before.ofDay + 1 : 1
  const { asn: _asn, ...place } = roughly(shown.place)
  return {
    tenant,
    id: user,
    logins: (before?.logins ?? 0) + 1,
    day: dayOf(now),
    ofDay,
    lastAt: now,
    place,
    hours,
    ...(hints && { hints }),
    expiresAt,
  }
}

/** So many of each are remembered of a user, those shown last. */
const mostHints = { languages: 20, fingerprints: 10 }

function withNewest(before: HintHashes | undefined, now: HintHashes | undefined): HintHashes | undefined {
  if (now === undefined) return before
  const joined = (which: keyof HintHashes) => [
    ...(before?.[which] ?? []).filter((hash) => !now[which].includes(hash)),
    ...now[which],
  ]
  return {
    languages: joined('languages').slice(-mostHints.languages),
    fingerprints: joined('fingerprints').slice(-mostHints.fingerprints),
  }
}

/** A row that is over counts as gone, swept or not. */
const alive = <R extends { readonly expiresAt?: number }>(it: R | undefined, now: number): R | undefined =>
  it !== undefined && (it.expiresAt ?? now) >= now ? it : undefined

function tried<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
