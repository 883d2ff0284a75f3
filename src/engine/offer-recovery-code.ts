import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Factor } from '#ports/factor.ts'
import { type Decision, insert, remove, row, rows } from '#ports/store.ts'
import { newRecoveryCode } from './enrol.ts'
import { audit } from './events.ts'
import { limits } from './limits.ts'
import { notify } from './messages/queue.ts'
import type { Caller, Parts } from './parts.ts'

const model = 'OfferedRecoveryCode'
const rowId = (handle: string): string => `${model}:${tokenDigest(handle)}`

export interface OfferedCode {
  /** Names the offer when it is taken; a bearer secret. */
  readonly handle: string
  readonly authenticator: Authenticator
  readonly codes: readonly string[]
}

/** The kind of factor saved codes are, where the tenant has them. */
const savedKind = ({ tenant }: Caller, parts: Parts): Factor | undefined =>
  [...parts.factors.values()].find((it) => it.traits.proof === 'lookup' && tenant.factors.includes(it.kind))

/**
 * Shows a user a new saved code that does not count yet: the old one stays good until the new one is taken, so that a
 * user who never saw the answer is not left without. The offer lasts 15 minutes.
 */
export async function offerRecoveryCode(parts: Parts, caller: Caller, user: UserId): Promise<Outcome<OfferedCode>> {
  const factor = savedKind(caller, parts)
  if (factor === undefined) return { no: 'factor-off', factor: 'recovery_code' }
  const handle = parts.random.token()
  const { authenticator, codes } = newRecoveryCode(parts, caller, user, factor)
  const offer: Artifact = {
    tenant: caller.tenant.id,
    id: rowId(handle),
    model,
    payload: { authenticator },
    user,
    client: caller.application.id,
    expiresAt: parts.clock.now() + limits.pendingLifetime * 1_000,
  }
  const event = audit(parts, caller, 'factor.enrolment-started', {
    user,
    factor: factor.kind,
    authenticator: authenticator.id,
  })
  await parts.store.change({}, () => ({ result: undefined, writes: [insert('artifacts', offer), event] }))
  return yes({ handle, authenticator, codes })
}

/** Takes an offered code in place of all the user has; works once (S-45). */
export async function takeRecoveryCode(
  parts: Parts,
  caller: Caller,
  user: UserId,
  it: { readonly handle: string; readonly id: string },
): Promise<Outcome<Authenticator>> {
  const tenant = caller.tenant.id
  const refs = {
    offer: row('artifacts', tenant, rowId(it.handle)),
    user: row('users', tenant, user),
    held: rows('authenticators', 'user', tenant, user),
  }
  const outcome = await parts.store.change(refs, ({ offer, user: person, held }): Decision<Outcome<Authenticator>> => {
    const offered = offer?.payload.authenticator as Authenticator | undefined
    const mine = offer?.user === user && offer.client === caller.application.id && offered?.id === it.id
    if (offer === undefined || offered === undefined || !mine || person === undefined) {
      return { result: { no: 'challenge-unknown' } }
    }
    const now = parts.clock.now()
    if ((offer.expiresAt ?? 0) <= now) return { result: { no: 'challenge-expired' } }
    const taken: Authenticator = { ...offered, confirmedAt: now }
    const old = held.filter((one) => one.factor === taken.factor)
    return {
      result: yes(taken),
      writes: [
        remove('artifacts', tenant, offer.id),
        ...old.map((one) => remove('authenticators', tenant, one.id)),
        insert('authenticators', taken),
        audit(parts, caller, 'recovery.replaced', { user, factor: taken.factor, authenticator: taken.id }),
        ...notify(parts, caller.tenant, person, 'recovery-replaced'),
      ],
    }
  })
  if (outcome.yes) parts.nudge()
  return outcome
}
