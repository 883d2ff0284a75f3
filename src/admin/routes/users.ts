import { findByEmail, usernameKey } from '#engine/accounts/find.ts'
import { removeUser } from '#engine/accounts/remove.ts'
import { endAccess } from '#engine/accounts/set-password.ts'
import { type UserChanges, updateUser } from '#engine/accounts/update.ts'
import { parsePhone } from '#engine/phone-guard/numbers.ts'
import { asId, type TenantId, type UserId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import type { Store } from '#ports/store.ts'
import { createAccount, hashFor, modelWords } from '../accounts.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { notFound, ofRefusal } from '../problems.ts'
import { page, pageOf, tenantParams, userParams } from '../schemas/common.ts'
import { user, userCreate, userPatch, userQuery, userView } from '../schemas/users.ts'

const tag = 'Users'
const many = '/tenants/:tenant/users'
const one = `${many}/:user`

const list = tenantOperation({
  method: 'GET',
  path: many,
  id: 'listUsers',
  tag,
  summary: 'List users',
  description: 'With `email`, `username` or `phone_number`: those that have it; the first of the three given counts.',
  permission: 'read:users',
  params: tenantParams,
  query: userQuery,
  responses: { 200: { description: 'A page of users, by id.', schema: pageOf(user) } },
  async handle({ admin, tenant, query }) {
    const rows = await select(admin.parts.store, tenant, query)
    return { status: 200, body: page(rows, query.limit, userView) }
  },
})

interface Selection {
  readonly limit: number
  readonly after?: string
  readonly email?: string
  readonly username?: string
  readonly phone_number?: string
}

async function select(store: Store, tenant: Tenant, query: Selection): Promise<readonly User[]> {
  const { limit, after } = query
  if (query.email !== undefined) {
    const found = await findByEmail(store, tenant.id, query.email)
    return found === undefined || (after !== undefined && found.id <= after) ? [] : [found]
  }
  const paging = { limit: limit + 1, after }
  if (query.username !== undefined) {
    const by = { index: 'username', value: usernameKey(query.username) } as const
    return await store.list('users', tenant.id, { ...paging, by })
  }
  if (query.phone_number !== undefined) {
    // Whoever has a number keeps it when the tenant's rules change, so only its form matters here.
    const phone = parsePhone(query.phone_number, false)
    if (phone === undefined) return []
    return await store.list('users', tenant.id, { ...paging, by: { index: 'phone', value: phone.number } })
  }
  return await store.list('users', tenant.id, paging)
}

const create = tenantOperation({
  method: 'POST',
  path: many,
  id: 'createUser',
  tag,
  summary: 'Create a user',
  description: 'With a password, a hash of one, or neither; authenticators that come along are confirmed at once.',
  permission: 'write:users',
  params: tenantParams,
  body: userCreate,
  responses: { 201: { description: 'Created.', schema: user } },
  problems: ['conflict', 'unavailable'],
  async handle(call) {
    const made = await createAccount(call, call.body, call.body.authenticators, { weak: false, source: 'admin' })
    return made.problem ? made : { status: 201, body: userView(made.user) }
  },
})

const get = tenantOperation({
  method: 'GET',
  path: one,
  id: 'getUser',
  tag,
  summary: 'Show a user',
  permission: 'read:users',
  params: userParams,
  responses: { 200: { description: 'The user.', schema: user } },
  async handle({ admin, tenant, params }) {
    const it = await admin.parts.store.get('users', tenant.id, params.user)
    return it === undefined ? notFound : { status: 200, body: userView(it) }
  },
})

const patch = tenantOperation({
  method: 'PATCH',
  path: one,
  id: 'updateUser',
  tag,
  summary: 'Change a user',
  description:
    'What is left out stays, null removes. A new address is unverified unless the change says otherwise. A new password, or a block, ends logins under way, sessions and tokens. The user is told of a new password, address or number.',
  permission: 'write:users',
  params: userParams,
  body: userPatch,
  responses: { 200: { description: 'The user as it is now.', schema: user } },
  problems: ['conflict', 'unavailable'],
  async handle(call) {
    const { admin, tenant, params, body } = call
    const id = asId<UserId>(params.user)
    if ((await admin.parts.store.get('users', tenant.id, id)) === undefined) return notFound
    const password = await hashFor(call, body)
    if (password.problem) return password
    const changes: UserChanges = { ...modelWords(body), passwordHash: password.hash }
    const outcome = await updateUser(admin.parts, tenant, id, changes, (after, before) => [
      call.audit(tenant.id, 'user.updated', { user: id }),
      ...(after.passwordHash === before.passwordHash ? [] : [call.audit(tenant.id, 'password.changed', { user: id })]),
    ])
    if (outcome === undefined) return notFound
    if (outcome.no !== undefined) return ofRefusal(outcome)
    return { status: 200, body: userView(outcome.yes.user) }
  },
})

const remove = tenantOperation({
  method: 'DELETE',
  path: one,
  id: 'deleteUser',
  tag,
  summary: 'Delete a user',
  description: 'Authenticators, logins under way, sessions and tokens go too; the audit stays.',
  permission: 'write:users',
  params: userParams,
  responses: { 204: { description: 'Gone.' } },
  async handle(call) {
    const id = asId<UserId>(call.params.user)
    const event = call.audit(call.tenant.id, 'user.deleted', { user: id })
    const gone = await removeUser(call.admin.parts, call.tenant.id as TenantId, id, event)
    return gone === undefined ? notFound : { status: 204 }
  },
})

const signOut = tenantOperation({
  method: 'DELETE',
  path: `${one}/sessions`,
  id: 'endUserSessions',
  tag,
  summary: 'Sign a user out everywhere',
  description:
    'Ends every session, code, family of tokens and remembered device at its next request. Applications with a `backchannel_logout_uri` are told.',
  permission: 'write:users',
  params: userParams,
  responses: { 204: { description: 'Signed out.' } },
  async handle(call) {
    const { parts } = call.admin
    const id = asId<UserId>(call.params.user)
    if ((await parts.store.get('users', call.tenant.id, id)) === undefined) return notFound
    const event = call.audit(call.tenant.id, 'session.ended', { user: id, details: { all: true } })
    await endAccess(parts, call.tenant.id, id, event)
    parts.nudge()
    return { status: 204 }
  },
})

export const userRoutes: readonly Operation[] = [list, create, get, patch, remove, signOut]
