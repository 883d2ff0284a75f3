import { lengthPrefixed, tokenDigest } from '#crypto/digest.ts'
import type { Budget } from '#model/budget.ts'
import type { UserId } from '#model/ids.ts'
import { type OneRef, row, upsert, type Write } from '#ports/store.ts'
import type { Caller } from './parts.ts'

/**
 * When a user last proved a second factor from a device (TIME_BASED). The device is the handle the dialect has for it,
 * else address and agent: somebody elsewhere with the password alone is a new device.
 */
export function markId(caller: Caller, user: UserId): string {
  const device = caller.device ?? `${caller.address}\n${caller.userAgent}`
  return `mfa:${user}:${tokenDigest(lengthPrefixed([user, device]).toString('latin1'))}`
}

export const markRef = (caller: Caller, user: UserId): OneRef<'budgets'> =>
  row('budgets', caller.tenant.id, markId(caller, user))

export const lastMfaHere = (mark: Budget | undefined): number | undefined => mark?.at

/** Longest interval a mark is kept for, ms. */
const keep = 400 * 24 * 3_600_000

export function writeMark(caller: Caller, user: UserId, now: number): Write {
  return upsert('budgets', {
    tenant: caller.tenant.id,
    id: markId(caller, user),
    used: 0,
    at: now,
    expiresAt: now + keep,
  })
}

/** Whether any rule that could apply to this caller looks at marks at all. */
export const wantsMark = ({ application, tenant }: Caller): boolean =>
  [application.mfa?.mode, tenant.mfa?.mode].some((mode) => mode?.includes('TIME_BASED') === true)
