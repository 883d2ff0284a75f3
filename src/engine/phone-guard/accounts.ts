import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { Refusal } from '#model/outcome.ts'
import { type ManyRef, rows } from '#ports/store.ts'
import type { Caller } from '../parts.ts'
import { figuresOf } from './figures.ts'

/** Authenticators of one number, whoever has them. */
export function sharingRefs(
  caller: Caller,
  number: string | undefined,
): { readonly sharing?: ManyRef<'authenticators'> } {
  if (number === undefined || figuresOf(caller.tenant) === undefined) return {}
  return { sharing: rows('authenticators', 'target', caller.tenant.id, number) }
}

/** One number belongs to at most 5 accounts (S-71); enrolments that are still open count. */
export function sharedTooMuch(
  caller: Caller,
  user: UserId,
  sharing: readonly Authenticator[] | undefined,
  now: number,
): Refusal | undefined {
  const figures = figuresOf(caller.tenant)
  if (figures === undefined) return undefined
  const alive = (sharing ?? []).filter((it) => it.state !== 'pending' || (it.expiresAt ?? 0) > now)
  const others = new Set(alive.map((it) => it.user).filter((it) => it !== user))
  return others.size >= figures.accountsPerNumber ? { no: 'limit-reached', what: 'authenticators' } : undefined
}
