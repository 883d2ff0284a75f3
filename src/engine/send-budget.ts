import type { Budget } from '#model/budget.ts'
import type { UserId } from '#model/ids.ts'
import type { MessageChannel } from '#model/message.ts'
import type { Refusal } from '#model/outcome.ts'
import { type OneRef, row, upsert, type Write } from '#ports/store.ts'
import { bucketWait, drawFromBucket } from './bucket.ts'
import { limits } from './limits.ts'
import type { Caller } from './parts.ts'

/** Text messages and calls share one budget: they go to the same phone. */
const key = (channel: MessageChannel, user: UserId) => `send:${channel === 'voice' ? 'sms' : channel}:${user}`

export const sendBudgetRef = (caller: Caller, channel: MessageChannel | undefined, user: UserId): OneRef<'budgets'> =>
  row('budgets', caller.tenant.id, channel === undefined ? 'send:none' : key(channel, user))

/** One more message to this user: the write that counts it, or the refusal. Checked before any provider is called. */
export function spendSend(
  caller: Caller,
  channel: MessageChannel,
  user: UserId,
  budget: Budget | undefined,
  now: number,
): { readonly write: Write } | Refusal {
  const rule = limits.sendBuckets[channel]
  const wait = bucketWait(budget, rule, now)
  if (wait > 0) return { no: 'too-many-messages', channel, retryAfter: wait }
  const id = key(channel, user)
  return { write: upsert('budgets', drawFromBucket(budget, { tenant: caller.tenant.id, id }, rule, now)) }
}
