import { tokenDigest } from '#crypto/digest.ts'
import type { Budget } from '#model/budget.ts'
import type { UserId } from '#model/ids.ts'
import type { Refusal } from '#model/outcome.ts'
import type { Factor } from '#ports/factor.ts'
import { type OneRef, row, upsert, type Write } from '#ports/store.ts'
import { bucketWait, drawFromBucket } from './bucket.ts'
import { audit } from './events.ts'
import { waitSeconds } from './ladder.ts'
import { type BucketRule, limits } from './limits.ts'
import type { Caller, Parts } from './parts.ts'

const perAddress: BucketRule = {
  capacity: limits.failuresPerAddressAndMinute,
  refillEvery: 60 / limits.failuresPerAddressAndMinute,
}

const codeKey = (user: UserId, lookup: boolean) => `${lookup ? 'recovery' : 'codes'}:${user}`
const addressKey = (address: string) => `address:${address}`

/** Wrong codes of a user: six-digit ones and saved ones have a bucket each. */
export const codeBudgetRef = (
  caller: Caller,
  user: UserId,
  kind: string | undefined,
  parts: Parts,
): OneRef<'budgets'> =>
  row('budgets', caller.tenant.id, codeKey(user, isLookup(kind === undefined ? undefined : parts.factors.get(kind))))

/** Failures of one network address over all accounts (S-23); IPv6 counts by /64. */
export const addressBudgetRef = (caller: Caller): OneRef<'budgets'> =>
  row('budgets', caller.tenant.id, addressKey(network(caller.address)))

/** The /64 of an IPv6 address in one spelling; an IPv4 address as it is, mapped into IPv6 or not. */
export function network(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^(?:0*:)*:?ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail = ''] = address.split('::')
  const left = head.split(':').filter((it) => it !== '')
  const right = tail.split(':').filter((it) => it !== '')
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  const groups = [...left, ...(address.includes('::') ? zeros : []), ...right].slice(0, 4)
  return groups.map((it) => it.toLowerCase().replace(/^0+(?=.)/, '')).join(':')
}

interface Budgets {
  readonly user?: { readonly id: UserId } | undefined
  readonly codes: Budget | undefined
  readonly address: Budget | undefined
}

const isLookup = (factor: Factor | undefined): boolean => factor?.traits.proof === 'lookup'
const ruleFor = (factor: Factor): BucketRule => (isLookup(factor) ? limits.recoveryBucket : limits.codeBucket)

/** The refusal while a budget is spent: the address's always, the user's bucket where the caller holds it. */
export function budgetsRefuse(
  parts: Parts,
  caller: Caller,
  budgets: Budgets,
  factor: Factor,
  holdBucket: boolean,
): Refusal | undefined {
  const now = parts.clock.now()
  const of = isLookup(factor) ? 'recovery' : 'code'
  const address = addressWait(parts, caller, budgets.address)
  const codes = holdBucket ? bucketWait(budgets.codes, ruleFor(factor), now) : 0
  const wait = Math.max(address, codes)
  return wait > 0 ? { no: 'too-many-attempts', of, retryAfter: wait } : undefined
}

/** One more failure on the user's bucket and the address's. */
export function failureBudgets(parts: Parts, caller: Caller, budgets: Budgets, factor: Factor): readonly Write[] {
  const now = parts.clock.now()
  const tenant = caller.tenant.id
  const writes: Write[] = []
  if (budgets.user) {
    const id = codeKey(budgets.user.id, isLookup(factor))
    writes.push(upsert('budgets', drawFromBucket(budgets.codes, { tenant, id }, ruleFor(factor), now)))
  }
  writes.push(...addressFailure(parts, caller, budgets.address, budgets.user?.id))
  return writes
}

/**
 * One more failure from this address, over all accounts. `who`: the account, or the name there is none for. An address
 * from which 50 of them fail within 10 minutes is reported and has to wait as long (S-23).
 */
export function addressFailure(
  parts: Parts,
  caller: Caller,
  budget: Budget | undefined,
  who?: string,
): readonly Write[] {
  if (parts.addressExempt(caller.address)) return []
  const now = parts.clock.now()
  const key = { tenant: caller.tenant.id, id: addressKey(network(caller.address)) }
  const used = drawFromBucket(budget, key, perAddress, now)
  const failing = withOneMore(failingFrom(budget, now), who, now)
  const suspicious = Object.keys(failing).length >= limits.usersFailingPerAddress
  const kept = now + limits.usersFailingWithin * 1_000
  return [
    upsert('budgets', {
      ...used,
      // The list begins anew, so that an address that goes on is reported again.
      ...(Object.keys(failing).length > 0 && { memory: suspicious ? {} : { failing } }),
      waitUntil: suspicious ? kept : budget?.waitUntil,
      expiresAt: Math.max(used.expiresAt ?? 0, kept),
    }),
    ...(suspicious
      ? [audit(parts, caller, 'address.suspicious', { outcome: 'failure', reason: 'many-users-failing' })]
      : []),
  ]
}

/** Who has failed from an address lately, by a short digest, and when first. */
type Failing = Readonly<Record<string, number>>

/** How many accounts somebody has lately failed at from the address of this budget. `now` in epoch ms. */
export const failingAccounts = (budget: Budget | undefined, now: number): number =>
  Object.keys(failingFrom(budget, now)).length

function failingFrom(budget: Budget | undefined, now: number): Failing {
  const since = now - limits.usersFailingWithin * 1_000
  const known = (budget?.memory?.failing ?? {}) as Failing
  return Object.fromEntries(Object.entries(known).filter(([, at]) => at > since))
}

function withOneMore(failing: Failing, who: string | undefined, now: number): Failing {
  if (who === undefined) return failing
  const name = tokenDigest(who).slice(0, 12)
  return { ...failing, [name]: failing[name] ?? now }
}

/** Seconds this address has to wait for having failed too often. */
export function addressWait(parts: Parts, caller: Caller, budget: Budget | undefined): number {
  if (parts.addressExempt(caller.address)) return 0
  const now = parts.clock.now()
  return Math.max(bucketWait(budget, perAddress, now), waitSeconds(budget, now))
}
