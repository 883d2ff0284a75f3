import { hashNewPassword } from '#engine/accounts/passwords.ts'
import { wordsOf } from '#engine/accounts/reset-password.ts'
import { setPassword } from '#engine/accounts/set-password.ts'
import { updateUser } from '#engine/accounts/update.ts'
import { check } from '#engine/check.ts'
import { audit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { type Dialect, dialectName } from '../dialect.ts'
import { inputOf, textOf } from '../input.ts'
import { requestOfMasked, unmask } from '../requests.ts'
import { freshManagerOf, type Manager, managerOf } from '../setup/manager.ts'
import { bearerOf } from '../token/resource.ts'
import { classic, denied, nothing, ok, type Row, refuse, said, sayAt } from '../wire.ts'
import { readRegistration } from './registration.ts'

const differ: Row = [417, '10009', 'passwords_differ', 'The two new passwords differ.']
const wrongOld: Row = [400, '507', 'invalid_old_password', 'The old password is wrong.']

/** Whoever bears the token, where the call is about them and nobody else. */
async function selfOf(dialect: Dialect, exchange: Exchange, sub: string | undefined): Promise<Manager | Answer> {
  const manager = await managerOf(dialect, exchange)
  if ('status' in manager) return manager
  return sub === undefined || sub === manager.user.id ? manager : denied(dialect, 403)
}

/**
 * `POST /users-srv/changepassword`: the old password is proved in the call, on the ladder of every password; who has a
 * second factor must have proved it within five minutes (S-63). All that the old one had opened ends (S-68).
 */
export async function changePassword(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const self = await selfOf(dialect, exchange, input.text('sub'))
  if ('status' in self) return self
  const { parts } = dialect.engine
  const { caller, user, proofs } = self
  const [old, fresh] = [input.raw('old_password'), input.raw('new_password')]
  if (typeof old !== 'string' || typeof fresh !== 'string' || old === '' || fresh === '') {
    return classic(dialect, [417, '507', 'missing_data', 'A required field is missing.'])
  }
  if (fresh !== input.raw('confirm_password')) return classic(dialect, differ)
  const login = user.email ?? user.username ?? user.phoneNumber ?? ''
  const byPhone = user.email === undefined && user.username === undefined
  const proved = await dialect.engine.signIn({ caller, login, password: old, byPhone })
  if (proved.no === 'wrong-password') return classic(dialect, wrongOld)
  if (proved.no !== undefined) return refuse(dialect, proved)
  if (proved.yes.user.id !== user.id) return classic(dialect, wrongOld)
  const wish = { dialect: dialectName, grantType: 'profile', scope: [], managesFactors: true }
  const all = [...proved.yes.proofs, ...proofs.slice(1)]
  const checked = await check(parts, { caller, user: user.id, proofs: all, wish })
  if (checked.is !== 'enough') return refuse(dialect, { no: 'stale-proof' })
  if (fresh === old) return refuse(dialect, { no: 'weak-password', reason: 'known-bad' })
  const hashed = await hashNewPassword(parts.passwords, fresh, wordsOf(exchange.tenant, user))
  if (hashed.no !== undefined) return refuse(dialect, hashed)
  const event = audit(parts, caller, 'password.changed', { user: user.id })
  const unless = (now: { readonly blocked: boolean }) => now.blocked
  const done = await setPassword(parts, { tenant: exchange.tenant, user: user.id, hash: hashed.yes, event, unless })
  return done ? ok({ changed: true }) : denied(dialect)
}

/** Members of a profile a person may write, by their names here and in the account. */
const members = {
  given_name: 'givenName',
  family_name: 'familyName',
  name: 'name',
  nickname: 'nickname',
  locale: 'locale',
} as const

const addresses = { email: 'email', mobile_number: 'phoneNumber' } as const
/** Characters of a member, at most. */
const longest = 200

/**
 * `PUT /users-srv/user/profile/:sub`: names freely; an address only with a fresh and strong enough login (S-63). A new
 * address is unverified, and its owner is told at the old one too (S-64).
 */
export async function updateProfile(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const self = await selfOf(dialect, exchange, exchange.params.sub)
  if ('status' in self) return self
  const input = inputOf(exchange)
  const { user, caller } = self
  const changes: Record<string, string> = {}
  for (const [theirs, ours] of Object.entries({ ...members, ...addresses })) {
    const value = input.text(theirs)
    if (value === undefined) continue
    if (value.length > longest) return classic(dialect, said.badPayload)
    changes[ours] = value
  }
  const moves = Object.values(addresses).some((it) => changes[it] !== undefined && changes[it] !== user[it])
  if (moves) {
    const fresh = await freshManagerOf(dialect, exchange)
    if ('status' in fresh) return fresh
  }
  const { parts } = dialect.engine
  const event = () => [audit(parts, caller, 'user.updated', { user: user.id, details: { what: 'profile' } })]
  const updated = await updateUser(parts, exchange.tenant, user.id, changes, event)
  if (updated === undefined) return denied(dialect)
  // That an address is somebody else's is told to nobody (S-102).
  if (updated.no === 'taken') return refuse(dialect, { no: 'bad-address', reach: 'email' })
  return updated.no === undefined ? ok({ updated: true }) : refuse(dialect, updated)
}

/**
 * `GET /users-srv/user/communication/status/:sub`: which addresses are verified. By the masked id of a login or a
 * registration, or by one's own `sub` with a token; for all others nothing is.
 */
export async function communicationStatus(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const sub = textOf(exchange.params.sub)
  const masked = await requestOfMasked(dialect, exchange, sub)
  const claims = masked ? undefined : await bearerOf(dialect, exchange)
  const registration = masked || claims ? undefined : await readRegistration(dialect, exchange, sub)
  const id = masked ? unmask(masked.request, sub) : claims?.user === sub ? claims?.user : undefined
  const user = id && (await dialect.engine.parts.store.get('users', exchange.tenant.id, id))
  // What a registration has become is for its owner to see after the login.
  const none = { EMAIL: false, MOBILE: false, USER_NAME: false }
  if (!user || registration) return ok(none)
  return ok({ EMAIL: user.emailVerified, MOBILE: user.phoneVerified, USER_NAME: user.username !== undefined })
}

/** `GET /users-srv/userinfo/social/:sub`: accounts that are linked. There are no providers here, so none are. */
export async function linkedUsers(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const self = await selfOf(dialect, exchange, exchange.params.sub)
  return 'status' in self ? self : ok([])
}

/** Rows of an activity list, at most. */
const mostActivities = 100

/** `POST /activity-streams-srv/user-activities`: what has happened in one's own account, newest first. */
export async function activities(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const self = await selfOf(dialect, exchange, input.text('sub'))
  if ('status' in self) return self
  const size = Number(input.text('size') ?? 10)
  const from = Number(input.text('from') ?? 0)
  if (!Number.isInteger(size) || !Number.isInteger(from) || size < 1 || from < 0 || from + size > mostActivities) {
    return classic(dialect, said.badPayload)
  }
  const by = { index: 'user', value: self.user.id } as const
  const descending = input.raw('descending') !== false
  const found = await dialect.engine.parts.store.list('events', exchange.tenant.id, {
    by,
    limit: from + size,
    descending,
  })
  return ok(
    found.slice(from).map((it) => ({
      eventType: it.type,
      createdTime: new Date(it.at).toISOString(),
      outcome: it.outcome,
      client_id: it.client,
      ipAddress: it.ip,
    })),
  )
}

/** What this server has no part for: said in the envelope, and to nobody without a token where one is needed. */
export async function notHere(dialect: Dialect): Promise<Answer> {
  return classic(dialect, said.notHere)
}

/** There is nothing of this kind. */
export async function nothingThere(): Promise<Answer> {
  return nothing
}

/** A track that belongs to none of the conditions there are. */
export async function noSuchTrack(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  return sayAt(dialect, exchange, said.unknownTrack)
}

export async function notHereForUsers(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await managerOf(dialect, exchange)
  return 'status' in manager ? manager : classic(dialect, said.notHere)
}
