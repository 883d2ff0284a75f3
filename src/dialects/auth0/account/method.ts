import { listAuthenticators } from '#engine/authenticators.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { UserId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import type { Factor } from '#ports/factor.ts'
import { accountType, channelWord, parseDeviceId, subjectOf } from '../words.ts'
import type { Call } from './call.ts'

const iso = (ms: number): string => new Date(ms).toISOString()
const secondary = ['secondary'] as const
const both = ['primary', 'secondary'] as const

/** Id of a method in this API: its type and the device it belongs to. */
export const methodId = (factor: Factor, it: Pick<Authenticator, 'id' | 'memory'>): string =>
  `${accountType(factor, it)}|dev_${it.id}`

/** Id of the one password a user has. */
export const passwordId = (user: User): string => `password|${identityOf(user.id)}`

/** The absolute address of a method; SDKs call what they find there as it is (auth0.md §5.2). */
export const locationOf = ({ exchange }: Call, id: string): string =>
  `${exchange.base}/me/v1/authentication-methods/${encodeURIComponent(id)}`

/** An authenticator as its owner sees it: with its number or address, never with a secret (S-14). */
export function methodOf({ dialect }: Call, it: Authenticator): object {
  const factor = dialect.engine.parts.factors.get(it.factor)
  if (factor === undefined) return {}
  const { reach, proof } = factor.traits
  return {
    id: methodId(factor, it),
    type: accountType(factor, it),
    created_at: iso(it.createdAt),
    usage: factor.keyFacts?.(it.memory).discoverable === true ? both : secondary,
    confirmed: it.state !== 'pending',
    ...(it.lastUsedAt === undefined ? {} : { last_auth_at: iso(it.lastUsedAt) }),
    ...(it.name === undefined || proof === 'lookup' ? {} : { name: it.name }),
    ...(reach === 'phone'
      ? { phone_number: it.target, preferred_authentication_method: channelWord(factor.traits) }
      : {}),
    ...(reach === 'email' ? { email: it.target } : {}),
    ...keyOf(factor, it),
  }
}

/** What is public of a key; of a passkey all that tells it from others (auth0.md §5.2). */
function keyOf(factor: Factor, it: Authenticator): object {
  const facts = factor.keyFacts?.(it.memory)
  if (facts?.id === undefined) return {}
  const key = { key_id: facts.id, public_key: facts.publicKey }
  if (!facts.discoverable) return key
  return {
    ...key,
    credential_device_type: facts.backupEligible ? 'multi_device' : 'single_device',
    credential_backed_up: facts.backedUp,
    identity_user_id: identityOf(it.user),
    user_handle: facts.handle,
    transports: facts.transports,
    aaguid: facts.aaguid,
    relying_party_id: facts.rpId,
  }
}

/** The id of a user without the name of their directory. */
export const identityOf = (user: UserId): string => subjectOf(user).replace(/^auth0\|/, '')

/** The password as a method; undefined for users without one. */
export function passwordOf(user: User): object | undefined {
  if (user.passwordHash === undefined) return undefined
  const { passwordChangedAt } = user
  return {
    id: passwordId(user),
    type: 'password',
    created_at: iso(user.createdAt),
    usage: ['primary'],
    identity_user_id: identityOf(user.id),
    ...(passwordChangedAt === undefined ? {} : { last_password_reset: iso(passwordChangedAt) }),
  }
}

/** What the user has, oldest first; saved codes that wait for their companion are not theirs yet. */
export async function ownMethods({ dialect, exchange, user }: Call): Promise<readonly Authenticator[]> {
  const { parts } = dialect.engine
  const all = await listAuthenticators(parts, exchange.tenant.id, user.id)
  return all.filter((it) => parts.factors.has(it.factor))
}

/** The user's own authenticator that an id names. */
export async function findMethod(call: Call, text: string): Promise<Authenticator | undefined> {
  const device = parseDeviceId(text)
  const it = device && (await ownMethods(call)).find((one) => one.id === device.id)
  const factor = it && call.dialect.engine.parts.factors.get(it.factor)
  return it && factor && methodId(factor, it) === text ? it : undefined
}
