import type { TenantId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import type { Store } from '#ports/store.ts'
import { asciiLower, canonicalEmail } from '../addresses.ts'

/** Comparison form of a user name: NFKC, ASCII letters in lower case. */
export const usernameKey = (username: string): string => asciiLower(username.normalize('NFKC').trim())

/** The user of an e-mail address, in any spelling of it. */
export async function findByEmail(store: Store, tenant: TenantId, input: unknown): Promise<User | undefined> {
  const email = canonicalEmail(input)
  if (email.yes === undefined) return undefined
  const [user] = await store.list('users', tenant, { by: { index: 'email', value: email.yes.key }, limit: 1 })
  return user
}

/** The one user who has verified a telephone number, in E.164 form; undefined when nobody or more than one has. */
export async function findByPhone(store: Store, tenant: TenantId, number: string): Promise<User | undefined> {
  const found = await store.list('users', tenant, { by: { index: 'phone', value: number }, limit: 5 })
  const owners = found.filter((it) => it.phoneVerified)
  return owners.length === 1 ? owners[0] : undefined
}

/** The user behind what was typed into the sign-in box: an e-mail address or a user name. */
export async function findByLogin(store: Store, tenant: TenantId, login: string): Promise<User | undefined> {
  const byEmail = login.includes('@') ? await findByEmail(store, tenant, login) : undefined
  if (byEmail !== undefined) return byEmail
  const value = usernameKey(login)
  const [user] = await store.list('users', tenant, { by: { index: 'username', value }, limit: 1 })
  return user
}
