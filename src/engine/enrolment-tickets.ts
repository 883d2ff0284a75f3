import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import { type Decision, insert, row, type Write } from '#ports/store.ts'
import { linkSaid } from './messages/compose.ts'
import { queueMessage } from './messages/queue.ts'
import type { Parts } from './parts.ts'

const model = 'EnrolmentTicket'

/** The row of a ticket: only its digest is stored (S-35). */
const rowId = (handle: string): string => `${model}:${tokenDigest(handle)}`

export interface EnrolmentTicketOrder {
  readonly tenant: Tenant
  readonly user: UserId
  /** Seconds. A ticket that follows a reset may live 24 h at most (S-69). */
  readonly lifetime: number
  /** What the page behind the ticket needs to know, such as the kind to enrol; JSON. */
  readonly wish: Readonly<Record<string, unknown>>
  /** Present: the user's stored address gets the link; its host comes from configuration (S-84). */
  readonly mailLink?: (handle: string) => string
  /** Language tags the administrator wants the mail in; absent: the user's own. */
  readonly locales?: readonly string[]
  readonly event: (user: User) => Write
}

/**
 * An administrator's invitation to enrol: the single-use handle of the page on which the user does it. Refuses unknown
 * users, and to mail a user without a stored address.
 */
export async function createEnrolmentTicket(parts: Parts, order: EnrolmentTicketOrder): Promise<Outcome<string>> {
  const { tenant, lifetime, mailLink } = order
  const handle = parts.random.token()
  const refs = { user: row('users', tenant.id, order.user) }
  const outcome = await parts.store.change(refs, ({ user }): Decision<Outcome<string>> => {
    if (user === undefined) return { result: { no: 'authenticator-unknown' } }
    if (mailLink && user.email === undefined) return { result: { no: 'bad-email' } }
    if (mailLink && !parts.channels.has('email')) return { result: { no: 'undeliverable', channel: 'email' } }
    const ticket: Artifact = {
      tenant: tenant.id,
      id: rowId(handle),
      model,
      payload: order.wish,
      user: user.id,
      expiresAt: parts.clock.now() + lifetime * 1_000,
    }
    const mail =
      mailLink && user.email !== undefined
        ? [
            queueMessage(parts, tenant, {
              channel: 'email',
              to: user.email,
              purpose: 'enrolment',
              said: linkSaid({ tenant, user, locales: order.locales }, 'invitation', mailLink(handle), lifetime),
            }),
          ]
        : []
    return { result: yes(handle), writes: [insert('artifacts', ticket), ...mail, order.event(user)] }
  })
  if (outcome.yes && mailLink) parts.nudge()
  return outcome
}

/** Whether a ticket may still be used; looking does not use it up (S-84). */
export async function isEnrolmentTicket(
  parts: Pick<Parts, 'store' | 'clock'>,
  tenant: TenantId,
  handle: string,
): Promise<boolean> {
  const found = await parts.store.get('artifacts', tenant, rowId(handle))
  return found !== undefined && (found.expiresAt ?? 0) > parts.clock.now()
}
