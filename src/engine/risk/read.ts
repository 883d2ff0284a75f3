import type { UserId } from '#model/ids.ts'
import type { HintHashes, RiskFeature, RiskSituation, RiskTotals } from '#model/risk.ts'
import { addressBudgetRef, failingAccounts } from '../attempt-budgets.ts'
import type { Caller, Parts } from '../parts.ts'
import { inBlocks } from './blocks.ts'
import { engineVersion, firstThresholds } from './settings.ts'
import { distance } from './signals/impossible-travel.ts'
import { counted, type Shown, valuesOf } from './values.ts'

/** The one row of a tenant's totals. */
export const totalsId = 'all'

/** How far back failures of a user count, ms, and how many of the newest events are looked through. */
const recent = 3_600_000
const newestEvents = 30

/** Kinds of event that are a failed proof. */
const proofs: ReadonlySet<string> = new Set(['login.password', 'proof.checked', 'login.passwordless'])

/**
 * Everything a decision is made from, read once: at most 14 counters, the totals and the user's profile, 16 rows in
 * all (risk.md §1.5), and beside them what tells of failures. Rejects when anything cannot be read.
 */
export async function readSituation(parts: Parts, caller: Caller, user: UserId): Promise<RiskSituation> {
  const { store } = parts
  const tenant = caller.tenant.id
  const now = parts.clock.now()
  const shown = valuesOf(parts, caller)
  const values = counted(shown)
  const [account, profile, totals, budget, events, ...counters] = await Promise.all([
    store.get('users', tenant, user),
    store.get('risk_profiles', tenant, user),
    store.get('risk_totals', tenant, totalsId),
    store.get('budgets', tenant, addressBudgetRef(caller).id),
    store.list('events', tenant, { by: { index: 'user', value: user }, descending: true, limit: newestEvents }),
    ...values.flatMap(({ id }) => [
      store.get('risk_counters', tenant, id),
      store.get('risk_counters', tenant, `${user}:${id}`),
    ]),
  ])
  const dead = (it: { readonly expiresAt?: number } | undefined) => it === undefined || (it.expiresAt ?? now) < now
  const known = dead(profile) ? undefined : profile
  const ownLogins = known?.logins ?? 0
  const count = (feature: RiskFeature, level: number, whose: 0 | 1): number => {
    const at = values.findIndex((it) => it.feature === feature && it.level === level)
    const it = at < 0 ? undefined : counters[at * 2 + whose]
    return dead(it) ? 0 : (it?.count ?? 0)
  }
  const counts = (feature: RiskFeature) => {
    const own = shown[feature].map((_, level) => Math.min(count(feature, level, 1), ownLogins))
    // Everybody includes the user, also where the count of everybody has lost a login.
    const global = own.map((mine, level) => Math.max(count(feature, level, 0), mine))
    return { user: own, global, distinct: (totals?.distinct[feature] ?? 0) + 1 }
  }
  const failed = events.filter((it) => it.outcome === 'failure' && proofs.has(it.type) && now - it.at <= recent)
  return {
    now,
    logins: Math.max(totals?.logins ?? 0, ownLogins),
    users: Math.max(totals?.users ?? 0, 1),
    ownLogins,
    network: { ...counts('network'), ...placeOf(shown), bad: isBad(caller) },
    agent: { ...counts('agent'), ...softwareOf(shown) },
    ...(known && { last: { at: known.lastAt, ...known.place } }),
    ...(shown.hints && { hints: hintsOf(shown.hints, shown, caller, known?.hints) }),
    hours: known?.hours ?? [],
    ...(account?.lastLoginAt !== undefined && { lastLoginAt: account.lastLoginAt }),
    failures: { user: failed.length, accounts: failingAccounts(budget, now) },
    thresholds: thresholdsOf(caller, totals),
  }
}

/** What is new of what the client says; of several languages each has to be known. */
function hintsOf(
  hints: HintHashes,
  { place }: Shown,
  { hints: said }: Caller,
  before: HintHashes | undefined,
): NonNullable<RiskSituation['hints']> {
  const isNew = (which: keyof HintHashes): boolean => {
    const key = keyOf(hints[which][0])
    // What another key has made, before it left the ring, cannot be compared with.
    const known = new Set(before?.[which].filter((hash) => keyOf(hash) === key))
    return known.size > 0 && hints[which].some((hash) => !known.has(hash))
  }
  const from = placeOn(place)
  const away = said?.place && from && Math.round(distance(from, said.place))
  return {
    ...hints,
    newLanguage: isNew('languages'),
    newFingerprint: isNew('fingerprints'),
    ...(away !== undefined && { awayFromAddress: away }),
  }
}

/** The part of a keyed hash that names its key. */
const keyOf = (hash: string | undefined): string | undefined => hash?.slice(0, hash.lastIndexOf('.'))

const placeOn = ({ latitude, longitude }: Shown['place']) =>
  latitude === undefined || longitude === undefined ? undefined : { latitude, longitude }

const thresholdsOf = ({ tenant }: Caller, totals: RiskTotals | undefined) => {
  const calibrated = totals?.calibrated?.engine === engineVersion ? totals.calibrated : firstThresholds
  const { ask, high } = tenant.risk?.thresholds ?? calibrated
  return { ask, high }
}

const isBad = ({ address, tenant }: Caller): boolean => inBlocks(address, tenant.risk?.badAddresses ?? [])

const placeOf = ({ network: [address], place }: Shown) => ({ ...roughly(place), ...(address && { address }) })

/** Coordinates to the tenth of a degree, about 11 km: as much as a jump of continents needs. */
export const roughly = ({ country, asn, latitude, longitude }: Shown['place']) => ({
  ...(country !== undefined && { country }),
  ...(asn !== undefined && { asn }),
  ...(latitude !== undefined && longitude !== undefined && { latitude: tenth(latitude), longitude: tenth(longitude) }),
})

const tenth = (degrees: number) => Math.round(degrees * 10) / 10

const softwareOf = ({ agent: [text], software }: Shown) => ({ ...software, ...(text && { text }) })
