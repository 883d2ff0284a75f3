import type { Authenticator } from '#model/authenticator.ts'
import type { Budget } from '#model/budget.ts'
import type { Challenge } from '#model/challenge.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { Refusal } from '#model/outcome.ts'
import type { User } from '#model/user.ts'
import type { Factor } from '#ports/factor.ts'
import { type ManyRef, type OneRef, row, rows, upsert, type Write } from '#ports/store.ts'
import { isOpen } from '../answer/attempt.ts'
import { clockSlack } from '../ladder.ts'
import { limits } from '../limits.ts'
import type { Caller } from '../parts.ts'

/*
 * Against people who hold a password and ask for approvals until somebody tires and gives one (S-87): few requests in a
 * while, few unanswered in a day, and none any more once the owner has said that it was not them.
 */

interface ApprovalRefs {
  readonly owner: OneRef<'users'>
  readonly fatigue: OneRef<'budgets'>
  readonly requests: ManyRef<'challenges'>
}

export interface ApprovalRows {
  readonly owner?: User | undefined
  readonly fatigue?: Budget | undefined
  readonly requests?: readonly Challenge[]
}

const key = (user: UserId): string => `approvals:${user}`

export const fatigueRef = (tenant: TenantId, user: UserId): OneRef<'budgets'> => row('budgets', tenant, key(user))

/** Rows that asking for an approval has to look at; none for other factors. */
export function approvalRefs({ tenant }: Caller, user: UserId, factor: Factor): Partial<ApprovalRefs> {
  if (factor.devices === undefined) return {}
  return {
    owner: row('users', tenant.id, user),
    fatigue: fatigueRef(tenant.id, user),
    requests: rows('challenges', 'user', tenant.id, user),
  }
}

/** What the row remembers, in epoch ms. */
interface Memory {
  /** Requests of the last minutes. */
  readonly asked: readonly number[]
  /** Requests of the last day that nobody has answered, by the time they were made. */
  readonly unanswered: readonly number[]
  /** When the owner said that somebody else has asked. */
  readonly reportedAt?: number
}

function memoryOf(budget: Budget | undefined, now: number): Memory {
  const { asked = [], unanswered = [], reportedAt } = (budget?.memory ?? {}) as Partial<Memory>
  // What lies ahead is from before the clock was moved back (S-166).
  const since = (seconds: number) => (at: number) => now - at < seconds * 1_000 && at - now <= clockSlack * 1_000
  return {
    asked: asked.filter(since(limits.approvalWindow)),
    unanswered: unanswered.filter(since(limits.approvalsUnansweredWithin)),
    ...(reportedAt !== undefined && { reportedAt }),
  }
}

/** Kept for a day, or as long as the report stands, which only a new password or a new device ends. */
function keep(tenant: TenantId, user: UserId, memory: Memory, now: number): Write {
  const end = memory.reportedAt === undefined ? { expiresAt: now + limits.approvalsUnansweredWithin * 1_000 } : {}
  return upsert('budgets', { tenant, id: key(user), used: 0, at: now, memory: { ...memory }, ...end })
}

export type Spent =
  | { readonly refuse: Refusal; readonly writes?: undefined }
  | { readonly refuse?: undefined; readonly writes: readonly Write[] }

/** One more request to this device: the write that counts it, or why it must not be made. */
export function spendApproval(
  { tenant }: Caller,
  it: Authenticator,
  factor: Factor,
  { owner, fatigue }: ApprovalRows,
  now: number,
): Spent {
  if (factor.devices === undefined) return { writes: [] }
  const memory = memoryOf(fatigue, now)
  const { asked, unanswered, reportedAt } = memory
  const cleared = Math.max(owner?.passwordChangedAt ?? 0, it.confirmedAt ?? 0)
  if (reportedAt !== undefined && reportedAt >= cleared) return { refuse: { no: 'authenticator-disabled' } }
  const wait = Math.max(
    waitFor(asked, limits.approvalsPerWindow, limits.approvalWindow, now),
    waitFor(unanswered, limits.approvalsUnanswered, limits.approvalsUnansweredWithin, now),
  )
  if (wait > 0) return { refuse: { no: 'too-many-messages', channel: factor.traits.channel, retryAfter: wait } }
  const next = { asked: [...asked, now], unanswered: [...unanswered, now] }
  return { writes: [keep(tenant.id, it.user, next, now)] }
}

/** Seconds until one more fits among `most` within `window` seconds. */
function waitFor(times: readonly number[], most: number, window: number, now: number): number {
  const oldest = times.at(-most)
  return oldest === undefined ? 0 : Math.max(1, Math.ceil((oldest - now) / 1_000 + window))
}

/** A request was answered, whatever the answer; `reported`: by "this was not me". */
export function noteAnswer(
  { tenant, user, createdAt }: Challenge,
  fatigue: Budget | undefined,
  now: number,
  reported: boolean,
): Write {
  const memory = memoryOf(fatigue, now)
  const unanswered = memory.unanswered.filter((at) => at !== createdAt)
  return keep(tenant, user, { ...memory, unanswered, ...(reported && { reportedAt: now }) }, now)
}

/** Requests this device still has open in other flows, besides those in `known`. */
export const openRequests = (
  { id }: Authenticator,
  { requests = [] }: ApprovalRows,
  known: readonly Challenge[],
): readonly Challenge[] =>
  requests.filter(
    (it) =>
      it.authenticator === id && it.purpose === 'login' && isOpen(it) && !known.some((other) => other.id === it.id),
  )
