import type { Outcome } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Ticket } from '#model/ticket.ts'
import { type Decision, put, type Refs, row } from '#ports/store.ts'
import { hashNewPassword } from '../accounts/passwords.ts'
import { wordsOf } from '../accounts/reset-password.ts'
import { setPassword } from '../accounts/set-password.ts'
import { type Admitted, admit } from '../admit.ts'
import { password } from '../assurance.ts'
import { audit } from '../events.ts'
import type { Issue } from '../issue.ts'
import type { Caller, Parts } from '../parts.ts'
import { signIn } from '../sign-in.ts'
import { checkTicket } from '../tickets.ts'

export interface PasswordChange<R extends Refs, A> {
  readonly caller: Caller
  readonly ticket: Ticket
  readonly old: string
  readonly fresh: string
  readonly issue: Issue<R, A>
}

/**
 * Changes the password a flow waits for, and goes on with what is left of it. The old password is proved once more, on
 * the ladder of every password; the flow is spent before anything changes, so it changes one password at most. All that
 * the old password had opened ends (S-68).
 */
export async function changePasswordInFlow<R extends Refs, A>(
  parts: Parts,
  request: PasswordChange<R, A>,
): Promise<Outcome<Admitted<A>>> {
  const { caller, ticket, issue } = request
  if (ticket.requirement.act !== 'change-password') return { no: 'ticket-unknown' }
  const user = await parts.store.get('users', caller.tenant.id, ticket.user)
  const login = user?.email ?? user?.username ?? user?.phoneNumber
  if (user === undefined || login === undefined) return { no: 'ticket-unknown' }
  const byPhone = user.email === undefined && user.username === undefined
  const proved = await signIn(parts, { caller, login, password: request.old, byPhone })
  if (proved.no !== undefined) return proved
  if (proved.yes.user.id !== user.id) return { no: 'wrong-password' }
  if (request.fresh === request.old) return { no: 'weak-password', reason: 'known-bad' }
  const hashed = await hashNewPassword(parts.passwords, request.fresh, wordsOf(caller.tenant, user))
  if (hashed.no !== undefined) return hashed
  const spent = await spend(parts, caller, ticket)
  if (spent.no !== undefined) return spent
  const done = await setPassword(parts, {
    tenant: caller.tenant,
    user: user.id,
    hash: hashed.yes,
    event: audit(parts, caller, 'password.changed', { user: user.id }),
    unless: (now) => now.blocked,
  })
  if (done === undefined) return { no: 'ticket-unknown' }
  const proofs = withPassword(spent.yes.proofs, parts.clock.now())
  return await admit(parts, { caller, user: user.id, proofs, wish: ticket.wish, issue })
}

/** Only one of two takes the flow. */
async function spend(parts: Parts, caller: Caller, ticket: Ticket): Promise<Outcome<Ticket>> {
  return await parts.store.change(
    { found: row('tickets', caller.tenant.id, ticket.id) },
    ({ found }): Decision<Outcome<Ticket>> => {
      const now = parts.clock.now()
      const checked = checkTicket(found, caller, now)
      if (checked.no !== undefined) return { result: checked }
      return { result: checked, writes: [put('tickets', { ...checked.yes, usedAt: now })] }
    },
  )
}

/** The password has just been proved anew; what else was proved stays as it was. */
const withPassword = (proofs: readonly Proof[], at: number): readonly Proof[] =>
  proofs.map((it) => (it.factor === password ? { ...it, at } : it))
