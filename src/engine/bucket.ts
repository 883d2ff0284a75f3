import type { Budget } from '#model/budget.ts'
import type { TenantId } from '#model/ids.ts'
import type { BucketRule } from './limits.ts'

/**
 * How much of a bucket is used at `now` (epoch ms), refilled by arithmetic; a missing row is an untouched bucket. A row
 * from the future, left from before the clock was moved back, refills as one as far in the past, so that nobody waits
 * for the clock to get there (S-166).
 */
export function usedAt(row: Budget | undefined, rule: BucketRule, now: number): number {
  if (!row) return 0
  const granted = Math.abs(now - row.at) / (rule.refillEvery * 1_000)
  return Math.max(0, row.used - granted)
}

/** Whole seconds until one more is granted; 0 when there is room. */
export function bucketWait(row: Budget | undefined, rule: BucketRule, now: number): number {
  const over = usedAt(row, rule, now) + 1 - rule.capacity
  return over > 1e-9 ? Math.max(1, Math.ceil(over * rule.refillEvery)) : 0
}

/** The row after one more use. It may be forgotten once it would be full again. */
export function drawFromBucket(
  row: Budget | undefined,
  key: { readonly tenant: TenantId; readonly id: string },
  rule: BucketRule,
  now: number,
): Budget {
  const used = Math.min(rule.capacity, usedAt(row, rule, now) + 1)
  return { ...key, used, at: now, expiresAt: now + used * rule.refillEvery * 1_000 }
}
