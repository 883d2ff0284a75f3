import { lengthPrefixed, tokenDigest } from '#crypto/digest.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Budget } from '#model/budget.ts'
import type { UserId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import { type OneRef, row, upsert, type Write } from '#ports/store.ts'
import type { Caller, Parts } from './parts.ts'

/**
 * When a user last proved a second factor from a device (TIME_BASED). The device is the handle the dialect has for it,
 * else address and agent: somebody elsewhere with the password alone is a new device.
 */
export function markId(caller: Caller, user: UserId): string {
  const device = caller.device ?? `${caller.address}\n${caller.userAgent}`
  return `mfa:${user}:${tokenDigest(lengthPrefixed([user, device]).toString('latin1'))}`
}

/** Names the mark where a rule looks at it, else nothing. */
export const markRef = (caller: Caller, user: UserId): OneRef<'budgets'> =>
  row('budgets', caller.tenant.id, wantsMark(caller) ? markId(caller, user) : '')

export const lastMfaHere = (mark: Budget | undefined): number | undefined => mark?.at

/**
 * Whether a mark still stands for what it stood for: it dies with a new password, a newly confirmed factor and the use
 * of a saved code, and rests while a factor is locked or disabled (S-47). `mark` and `now` in epoch ms.
 */
export function markStands(
  { factors }: Pick<Parts, 'factors'>,
  mark: number,
  { user, authenticators }: { readonly user: User; readonly authenticators: readonly Authenticator[] },
  now: number,
): boolean {
  if (mark < (user.passwordChangedAt ?? 0)) return false
  return authenticators.every((it) => {
    const saved = factors.get(it.factor)?.traits.proof === 'lookup'
    const newest = Math.max(it.confirmedAt ?? 0, saved ? (it.lastUsedAt ?? 0) : 0)
    return it.state !== 'disabled' && (it.waitUntil ?? 0) <= now && newest <= mark
  })
}

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
