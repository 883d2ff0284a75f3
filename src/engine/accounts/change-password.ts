import { tokenDigest } from '#crypto/digest.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { User } from '#model/user.ts'
import { insert } from '#ports/store.ts'
import { audit } from '../events.ts'
import { limits } from '../limits.ts'
import type { Caller, Parts } from '../parts.ts'
import { hashNewPassword } from './passwords.ts'
import { wordsOf } from './reset-password.ts'
import { setPassword } from './set-password.ts'

const model = 'PasswordChange'
const rowId = (handle: string): string => `${model}:${tokenDigest(handle)}`

/** The handle with which a signed-in user may change the password once, within 15 minutes. */
export async function offerPasswordChange(parts: Parts, caller: Caller, user: UserId): Promise<string> {
  const handle = parts.random.token()
  const offer = insert('artifacts', {
    tenant: caller.tenant.id,
    id: rowId(handle),
    model,
    payload: {},
    user,
    client: caller.application.id,
    expiresAt: parts.clock.now() + limits.pendingLifetime * 1_000,
  })
  await parts.store.change({}, () => ({ result: undefined, writes: [offer] }))
  return handle
}

/** Changes the password of a signed-in user, who is signed out everywhere by it; a refused one does not spend the handle. */
export async function changePassword(
  parts: Parts,
  caller: Caller,
  user: User,
  it: { readonly handle: string; readonly password: string },
): Promise<Outcome<User>> {
  const { tenant } = caller
  const offer = await parts.store.get('artifacts', tenant.id, rowId(it.handle))
  const mine = offer?.user === user.id && offer.client === caller.application.id
  if (offer === undefined || !mine) return { no: 'challenge-unknown' }
  if ((offer.expiresAt ?? 0) <= parts.clock.now()) return { no: 'challenge-expired' }
  const hashed = await hashNewPassword(parts.passwords, it.password, wordsOf(tenant, user))
  if (hashed.no !== undefined) return hashed
  const done = await setPassword(parts, {
    tenant,
    user: user.id,
    hash: hashed.yes,
    event: audit(parts, caller, 'password.changed', { user: user.id }),
    spends: offer.id,
    unless: (now) => now.blocked,
  })
  return done ? yes(done) : { no: 'challenge-unknown' }
}
