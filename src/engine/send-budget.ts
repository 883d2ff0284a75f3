import type { Budget } from '#model/budget.ts'
import type { UserId } from '#model/ids.ts'
import type { MessageChannel } from '#model/message.ts'
import type { Refusal } from '#model/outcome.ts'
import { type OneRef, row, upsert, type Write } from '#ports/store.ts'
import { bucketWait, drawFromBucket } from './bucket.ts'
import { limits } from './limits.ts'
import type { Caller, Parts } from './parts.ts'
import { guardRefs, type Passed, passGuard } from './phone-guard/guard.ts'
import type { GuardRefs, GuardRows } from './phone-guard/rows.ts'

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

/** A message with a code that is about to be queued. */
export interface Sending {
  /** undefined: the factor sends nothing, and nothing is counted. */
  readonly channel: MessageChannel | undefined
  readonly to: string | undefined
  readonly user: UserId
  /** Whose bucket of messages it is, where that is not the user's. */
  readonly bucket?: UserId
  /** true: no message leaves, and it must look as if one did. */
  readonly silent?: boolean
}

type SendRefs = Partial<GuardRefs> & { readonly budget: OneRef<'budgets'> }
type SendRows = GuardRows & { readonly budget?: Budget | undefined }

/** Every row a message counts in; for `spendMessage` within the same change. */
export function sendRefs(caller: Caller, it: Sending): SendRefs {
  return { budget: sendBudgetRef(caller, it.channel, it.bucket ?? it.user), ...phoneRefs(caller, it) }
}

function phoneRefs(caller: Caller, { channel, to, user }: Sending): Partial<GuardRefs> {
  return (channel === 'sms' || channel === 'voice') && to !== undefined ? guardRefs(caller, { to, user }) : {}
}

/**
 * Counts a message in every budget it belongs to, or says why it must not leave: the user's bucket for all channels, and
 * the guard of numbers for texts and calls. Its writes, also those of a refusal, belong to the commit of the challenge.
 */
export function spendMessage(parts: Parts, caller: Caller, it: Sending, found: SendRows, now: number): Passed {
  const { channel, to, user, silent } = it
  if (channel === undefined) return { writes: [] }
  const bucket = spendSend(caller, channel, it.bucket ?? user, found.budget, now)
  if ('no' in bucket) return { refuse: bucket, writes: [] }
  if ((channel !== 'sms' && channel !== 'voice') || to === undefined) return { writes: [bucket.write] }
  const passed = passGuard(parts, caller, { channel, to, user, silent }, found, now)
  return passed.refuse ? passed : { writes: [bucket.write, ...passed.writes] }
}
