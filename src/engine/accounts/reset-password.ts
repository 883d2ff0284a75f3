import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import { asId, type TenantId, type UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import { type Decision, insert, row, type Write } from '#ports/store.ts'
import { canonicalEmail } from '../addresses.ts'
import { audit, type EventFields, systemAudit } from '../events.ts'
import { linkSaid } from '../messages/compose.ts'
import { queueMessage } from '../messages/queue.ts'
import type { Caller, Parts } from '../parts.ts'
import { sendBudgetRef, spendSend } from '../send-budget.ts'
import { findByEmail } from './find.ts'
import { hashNewPassword } from './passwords.ts'
import { setPassword } from './set-password.ts'

/** How long a reset link may be used, s. */
export const resetLifetime = 3_600
const model = 'PasswordReset'

/** The row of a reset link: only its digest is stored (S-35). */
const resetId = (handle: string): string => `${model}:${tokenDigest(handle)}`

export interface ResetRequest {
  readonly caller: Caller
  /** Address as typed; mail goes to the stored one (S-158). */
  readonly email: string
  /** The link that carries a handle; its host comes from configuration (S-84). */
  readonly link: (handle: string) => string
}

/**
 * Mails a single-use link with which the owner of the mailbox may choose a new password. Says nothing: whether there is
 * an account, a password or a lock is told to nobody, and costs one durable write in any case (S-102, S-103). An
 * account without a password gets no link, since a mailbox alone must not open a way in that was not there.
 */
export async function askPasswordReset(parts: Parts, { caller, email, link }: ResetRequest): Promise<void> {
  const tenant = caller.tenant
  const address = canonicalEmail(email)
  const known = await findByEmail(parts.store, tenant.id, email)
  const handle = parts.random.token()
  const budgetOf = asId<UserId>(`reset:${tokenDigest(address.yes?.key ?? email)}`)
  const sent = await parts.store.change(
    { user: row('users', tenant.id, known?.id ?? ''), budget: sendBudgetRef(caller, 'email', budgetOf) },
    ({ user, budget }): Decision<boolean> => {
      const now = parts.clock.now()
      const spent = spendSend(caller, 'email', budgetOf, budget, now)
      const event = (fields: EventFields) => audit(parts, caller, 'password.reset-asked', fields)
      if ('no' in spent) {
        return { result: false, writes: [event({ user: user?.id, outcome: 'failure', reason: 'too-many-messages' })] }
      }
      if (!mayReset(user)) {
        return { result: false, writes: [spent.write, event({ outcome: 'failure', reason: 'no-account' })] }
      }
      const said = linkSaid({ ...caller, user }, 'reset-link', link(handle), resetLifetime)
      const mail = parts.channels.has('email')
        ? [queueMessage(parts, tenant, { channel: 'email', to: user.email, purpose: 'password-reset', said })]
        : []
      const writes = [spent.write, insert('artifacts', resetRow(caller, user, handle, now)), ...mail]
      return { result: mail.length > 0, writes: [...writes, event({ user: user.id })] }
    },
  )
  if (sent) parts.nudge()
}

/** Only who signs in with a password here can have it reset, and only by the mailbox that is stored. */
const mayReset = (user: User | undefined): user is User & { readonly email: string } =>
  user?.email !== undefined && user.passwordHash !== undefined && !user.blocked

function resetRow({ tenant, application }: Caller, user: User, handle: string, now: number): Artifact {
  return {
    tenant: tenant.id,
    id: resetId(handle),
    model,
    payload: { emailKey: user.emailKey, client: application.id },
    user: user.id,
    client: application.id,
    expiresAt: now + resetLifetime * 1_000,
  }
}

/** The user a reset link is for, without using it up; undefined when the link is spent, over or not ours. */
export async function readPasswordReset(
  parts: Pick<Parts, 'store' | 'clock'>,
  tenant: TenantId,
  handle: string,
): Promise<User | undefined> {
  const found = await parts.store.get('artifacts', tenant, resetId(handle))
  if (found === undefined || (found.expiresAt ?? 0) <= parts.clock.now()) return undefined
  const user = await parts.store.get('users', tenant, found.user ?? '')
  return mayReset(user) && user.emailKey === found.payload.emailKey ? user : undefined
}

/**
 * Sets the password a reset link allows. The link is spent in the commit that stores the new hash; a password that is
 * refused does not spend it. `fields`: what the audit row says beside.
 */
export async function resetPassword(
  parts: Parts,
  tenant: Tenant,
  it: { readonly handle: string; readonly password: string; readonly fields: EventFields },
): Promise<Outcome<User>> {
  const user = await readPasswordReset(parts, tenant.id, it.handle)
  if (user === undefined) return { no: 'ticket-unknown' }
  const hashed = await hashNewPassword(parts.passwords, it.password, wordsOf(tenant, user))
  if (hashed.no !== undefined) return hashed
  const event: Write = systemAudit(parts, tenant.id, 'password.changed', { actor: 'user', ...it.fields, user: user.id })
  const done = await setPassword(parts, {
    tenant,
    user: user.id,
    hash: hashed.yes,
    provesEmail: true,
    event,
    spends: resetId(it.handle),
    unless: (now) => !mayReset(now) || now.emailKey !== user.emailKey,
  })
  return done ? yes(done) : { no: 'ticket-unknown' }
}

/** Words that are tried first against this account. */
export const wordsOf = (tenant: Tenant, user: User): readonly string[] =>
  [tenant.name, user.email, user.email?.split('@')[0], user.username, user.name].filter((it) => it !== undefined)
