import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import { type Decision, put, row, rows, type Write } from '#ports/store.ts'
import { canonicalEmail, canonicalPhone } from '../addresses.ts'
import { notify } from '../messages/queue.ts'
import type { NoticeCause } from '../messages/texts.ts'
import type { Parts } from '../parts.ts'
import type { NewUser } from './create.ts'
import { usernameKey } from './find.ts'
import { endAccess, endings } from './set-password.ts'

/** What is to become different; absent or undefined members stay as they are, null ones are cleared. */
export type UserChanges = { readonly [K in keyof Omit<NewUser, 'id'>]?: NewUser[K] | null }

export interface UpdatedUser {
  readonly user: User
  readonly before: User
  /** false: everything was so already, and nothing was written. */
  readonly changed: boolean
}

/**
 * Changes an account, with `also` in the same commit; a change to what is there already writes nothing at all.
 * A new address is unverified unless the change says otherwise. A new password hash, or a block, ends what was open:
 * flows, sessions, families of tokens, remembered devices (S-47, S-68). The user is told of a new password, address or
 * number at the old and the new verified addresses (S-64). Undefined: there is no such user. Refuses taken e-mail
 * addresses and user names.
 */
export async function updateUser(
  parts: Parts,
  tenant: Tenant,
  id: UserId,
  changes: UserChanges,
  also: (user: User, before: User) => readonly Write[],
): Promise<Outcome<UpdatedUser> | undefined> {
  const keys = keysOf(tenant, changes)
  if (keys.no !== undefined) return keys
  const fields = keys.yes
  const refs = {
    user: row('users', tenant.id, id),
    byEmail: rows('users', 'email', tenant.id, fields.emailKey ?? ''),
    byUsername: rows('users', 'username', tenant.id, fields.usernameKey ?? ''),
    artifacts: rows('artifacts', 'user', tenant.id, id),
  }
  const outcome = await parts.store.change(refs, (found): Decision<Outcome<UpdatedUser> | undefined> => {
    const before = found.user
    if (before === undefined) return { result: undefined }
    if (found.byEmail.some((it) => it.id !== id)) return { result: { no: 'taken', what: 'email' } }
    if (found.byUsername.some((it) => it.id !== id)) return { result: { no: 'taken', what: 'username' } }
    const user = changedUser(before, fields, parts.clock.now())
    if (user === before) return { result: yes({ user, before, changed: false }) }
    return {
      result: yes({ user, before, changed: true }),
      writes: [
        put('users', user),
        ...(endsAccess(user, before) ? endings(parts, found.artifacts) : []),
        ...also(user, before),
        ...notices(parts, tenant, user, before),
      ],
    }
  })
  if (outcome?.yes?.changed) {
    if (endsAccess(outcome.yes.user, outcome.yes.before)) await endAccess(parts, tenant.id, id)
    parts.nudge()
  }
  return outcome
}

const endsAccess = (user: User, before: User): boolean =>
  user.passwordHash !== before.passwordHash || (user.blocked && !before.blocked)

/** What the user is told, at the addresses from before the change and after it. */
function notices(parts: Parts, tenant: Tenant, user: User, before: User): readonly Write[] {
  const tell = (cause: NoticeCause) => notify(parts, tenant, user, cause, undefined, before)
  return [
    ...(user.passwordHash === before.passwordHash ? [] : tell('password-changed')),
    ...(user.emailKey === before.emailKey ? [] : tell('email-changed')),
    ...(user.phoneNumber === before.phoneNumber ? [] : tell('phone-changed')),
  ]
}

type Fields = Partial<Record<keyof User, unknown>> & { readonly emailKey?: string; readonly usernameKey?: string }

/** The changes in the members of a row, addresses in their one form. Null has become undefined, absent is absent. */
function keysOf(tenant: Tenant, changes: UserChanges): Outcome<Fields> {
  const { email, phoneNumber, username, emailVerified, phoneVerified, mfaEnabled, blocked, ...rest } = changes
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) fields[name] = value ?? undefined
  // These four are never absent from a row: cleared means false.
  for (const [name, value] of Object.entries({ emailVerified, phoneVerified, mfaEnabled, blocked })) {
    if (value !== undefined) fields[name] = value ?? false
  }
  if (email === null) Object.assign(fields, { email: undefined, emailKey: undefined })
  else if (email !== undefined) {
    const it = canonicalEmail(email)
    if (it.no !== undefined) return it
    Object.assign(fields, { email: it.yes.email, emailKey: it.yes.key })
  }
  if (phoneNumber === null) fields.phoneNumber = undefined
  else if (phoneNumber !== undefined) {
    const it = canonicalPhone(tenant, phoneNumber)
    if (it.no !== undefined) return it
    fields.phoneNumber = it.yes
  }
  if (username === null) Object.assign(fields, { username: undefined, usernameKey: undefined })
  else if (username !== undefined) Object.assign(fields, { username, usernameKey: usernameKey(username) })
  return yes(fields as Fields)
}

/** The row after the changes; the very same row when nothing differs. */
function changedUser(before: User, fields: Fields, now: number): User {
  const given = new Set(Object.keys(fields))
  const next: Record<string, unknown> = { ...before, ...fields }
  if (next.emailKey !== before.emailKey && !given.has('emailVerified')) next.emailVerified = false
  if (next.phoneNumber !== before.phoneNumber && !given.has('phoneVerified')) next.phoneVerified = false
  const differs = Object.keys(next).some((name) => !same(next[name], before[name as keyof User]))
  if (!differs) return before
  if (next.passwordHash !== before.passwordHash) next.passwordChangedAt = now
  return { ...(next as unknown as User), updatedAt: now }
}

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
