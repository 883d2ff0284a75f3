import type { Artifact } from '#model/artifact.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import { type Decision, put, remove, row, rows, type Write } from '#ports/store.ts'
import { notify } from '../messages/queue.ts'
import type { Parts } from '../parts.ts'
import { logoutMessages } from '../session-ends.ts'

const mostAtOnce = 1_000

/** Artifacts that let nobody in and outlive a password: the mark of an imported hash, an administrator's invitation. */
const kept: ReadonlySet<string> = new Set(['ImportedHash', 'EnrolmentTicket'])

export interface NewPassword {
  readonly tenant: Tenant
  readonly user: UserId
  readonly hash: string
  /** Whether the mailbox of the account was proved with it. */
  readonly provesEmail?: boolean
  /** Audit row of the change. */
  readonly event: Write
  /** Artifact that is spent by it: without it nothing happens, and it is gone afterwards. */
  readonly spends?: string
  /** Asked in the same commit about the user as they are then. */
  readonly unless?: (user: User) => boolean
}

/**
 * Gives a user a new password and ends what the old one has opened: sessions, refresh families, codes, running flows
 * and other reset links (S-68). Second factors are neither removed nor skipped. The user is told. Undefined: there is
 * no such user, what it `spends` is gone, or `unless` held; nothing was written.
 */
export async function setPassword(parts: Parts, it: NewPassword): Promise<User | undefined> {
  const { tenant, hash, event } = it
  const refs = {
    user: row('users', tenant.id, it.user),
    spent: row('artifacts', tenant.id, it.spends ?? ''),
    artifacts: rows('artifacts', 'user', tenant.id, it.user),
  }
  const first = await parts.store.change(refs, (found): Decision<{ user?: User; more: boolean }> => {
    const gone = it.spends !== undefined && found.spent === undefined
    if (found.user === undefined || gone || it.unless?.(found.user) === true) return { result: { more: false } }
    const spent = found.spent ? [remove('artifacts', tenant.id, found.spent.id)] : []
    const now = parts.clock.now()
    const proved = it.provesEmail === true
    const verified = proved ? { emailVerified: true, ...(!found.user.emailVerified && { ownedSince: now }) } : {}
    const { mustChangePassword: _answered, ...kept } = found.user
    const user: User = { ...kept, ...verified, passwordHash: hash, passwordChangedAt: now, updatedAt: now }
    return {
      result: { user, more: found.artifacts.length >= mostAtOnce },
      writes: [
        put('users', user),
        ...spent,
        ...endings(parts, found.artifacts),
        event,
        ...notify(parts, tenant, user, 'password-changed'),
      ],
    }
  })
  if (first.more) await endAccess(parts, tenant.id, it.user)
  if (first.user) parts.nudge()
  return first.user
}

/** Ends every session, code and family of tokens of a user; `event` is its audit row, in the first commit. */
export async function endAccess(parts: EndingParts, tenant: TenantId, user: UserId, event?: Write): Promise<void> {
  const refs = { artifacts: rows('artifacts', 'user', tenant, user) }
  let also = event === undefined ? [] : [event]
  for (let more = true; more; also = []) {
    more = await parts.store.change(refs, ({ artifacts }) => {
      const gone = endings(parts, artifacts)
      return { result: artifacts.length >= mostAtOnce && gone.length > 0, writes: [...gone, ...also] }
    })
  }
}

/** What ending somebody's access takes: applications are told of sessions that end. */
export type EndingParts = Pick<Parts, 'store' | 'clock' | 'random' | 'keyring'>

/** Of a user's artifacts (a change loads at most 1,000): the writes that end their access. See `endAccess` for more. */
export function endings(parts: Omit<EndingParts, 'store'>, artifacts: readonly Artifact[]): readonly Write[] {
  const gone = artifacts.filter((it) => !kept.has(it.model))
  return [...gone.map((it) => remove('artifacts', it.tenant, it.id)), ...logoutMessages(parts, gone)]
}
