import type { Budget } from '#model/budget.ts'
import type { UserId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import { loosely, type OneRef, row, upsert, type Write } from '#ports/store.ts'
import { notify } from './messages/queue.ts'
import type { NoticeCause } from './messages/texts.ts'
import type { Caller, Parts } from './parts.ts'

const day = 24 * 3_600_000

const key = (user: UserId) => `told:${user}`

/** Loosely: only who sends a notice must know that nobody else does. */
export const noticeRef = (caller: Caller, user: UserId): OneRef<'budgets'> =>
  loosely(row('budgets', caller.tenant.id, key(user)))

/** A notice that is sent at most once a day for one cause (S-25), with the mark that remembers it. */
export function noticeDue(
  parts: Parts,
  caller: Caller,
  user: User,
  told: Budget | undefined,
  cause: NoticeCause,
  detail: string,
): readonly Write[] {
  const now = parts.clock.now()
  const last = told?.memory?.[cause]
  if (typeof last === 'number' && now - last < day) return []
  const memory = { ...told?.memory, [cause]: now }
  const mark = upsert('budgets', {
    tenant: caller.tenant.id,
    id: key(user.id),
    used: 0,
    at: now,
    memory,
    expiresAt: now + day,
  })
  return [mark, ...notify(parts, caller.tenant, user, cause, detail)]
}
