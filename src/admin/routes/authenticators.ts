import * as z from 'zod'
import { removeAuthenticatorOf } from '#engine/accounts/remove-authenticator.ts'
import { listAuthenticators, replaceRecoveryCode, resetAuthenticators } from '#engine/authenticators.ts'
import { createEnrolmentTicket } from '#engine/enrolment-tickets.ts'
import { addAuthenticator } from '#engine/import-authenticator.ts'
import { asId, type UserId } from '#model/ids.ts'
import { importOne } from '../accounts.ts'
import { type Operation, type TenantCall, tenantOperation } from '../operation.ts'
import { invalid, notFound, ofRefusal } from '../problems.ts'
import { moment, toMoment, userParams } from '../schemas/common.ts'
import { authenticator, authenticatorCreate, authenticatorParams, authenticatorView, reason } from '../schemas/users.ts'

const tag = 'Authenticators'
const many = '/tenants/:tenant/users/:user/authenticators'

const hasUser = async (
  { admin, tenant }: Pick<TenantCall<unknown, unknown, unknown>, 'admin' | 'tenant'>,
  id: string,
) => (await admin.parts.store.get('users', tenant.id, id)) !== undefined

const list = tenantOperation({
  method: 'GET',
  path: many,
  id: 'listAuthenticators',
  tag,
  summary: 'List the authenticators of a user',
  description: 'Oldest first; enrolments still open are `pending`. A user has 20 at most, so there are no pages.',
  permission: 'read:authenticators',
  params: userParams,
  responses: {
    200: { description: 'The authenticators.', schema: z.strictObject({ items: z.array(authenticator) }) },
  },
  async handle(call) {
    const { params, admin, tenant } = call
    if (!(await hasUser(call, params.user))) return notFound
    const all = await listAuthenticators(admin.parts, tenant.id, asId<UserId>(params.user))
    return { status: 200, body: { items: all.map(authenticatorView) } }
  },
})

const create = tenantOperation({
  method: 'POST',
  path: many,
  id: 'createAuthenticator',
  tag,
  summary: 'Give a user an authenticator',
  description: 'It is confirmed at once, and the user is told. Secrets of authenticator apps have 128 bits at least.',
  permission: 'write:authenticators',
  params: userParams,
  body: authenticatorCreate,
  responses: { 201: { description: 'Created; the secret is not repeated.', schema: authenticator } },
  problems: ['conflict'],
  async handle(call) {
    const { params, admin, tenant, body } = call
    const user = asId<UserId>(params.user)
    if (!(await hasUser(call, user))) return notFound
    const it = importOne(call, user, body, false)
    if ('problem' in it) return it
    const fields = { user, factor: it.factor, authenticator: it.id, details: { source: 'admin' } }
    const event = call.audit(tenant.id, 'factor.confirmed', fields)
    const added = await addAuthenticator(admin.parts, tenant, user, it, event)
    if (added === undefined) return notFound
    return added.no === undefined ? { status: 201, body: authenticatorView(added.yes) } : ofRefusal(added)
  },
})

const remove = tenantOperation({
  method: 'DELETE',
  path: `${many}/:authenticator`,
  id: 'deleteAuthenticator',
  tag,
  summary: 'Delete one authenticator',
  description: 'The user is told. The last one stays while the user or the tenant requires one: see the reset.',
  permission: 'write:authenticators',
  params: authenticatorParams,
  responses: { 204: { description: 'Gone.' } },
  problems: ['conflict'],
  async handle(call) {
    const { params, admin, tenant } = call
    const user = asId<UserId>(params.user)
    const gone = await removeAuthenticatorOf(admin.parts, tenant, user, params.authenticator, (it) =>
      call.audit(tenant.id, 'factor.removed', { user, factor: it.factor, authenticator: it.id }),
    )
    return gone.no === undefined ? { status: 204 } : ofRefusal(gone)
  },
})

const reset = tenantOperation({
  method: 'POST',
  path: `${many}/reset`,
  id: 'resetAuthenticators',
  tag,
  summary: 'Remove all authenticators of a user',
  description: 'For a user who has lost them: saved codes go too, and the user is told. The reason is audited (S-69).',
  permission: 'write:authenticators',
  params: userParams,
  body: z.strictObject({ reason }),
  responses: {
    200: {
      description: 'How many confirmed ones there were.',
      schema: z.strictObject({ removed: z.int() }).meta({ id: 'AuthenticatorsReset' }),
    },
  },
  async handle(call) {
    const { params, admin, tenant, body } = call
    const user = asId<UserId>(params.user)
    const event = call.audit(tenant.id, 'factor.removed', { user, reason: body.reason, details: { reset: true } })
    const outcome = await resetAuthenticators(admin.parts, { tenant }, user, event)
    return outcome.no === undefined ? { status: 200, body: { removed: outcome.yes } } : ofRefusal(outcome)
  },
})

const recoveryCode = tenantOperation({
  method: 'POST',
  path: '/tenants/:tenant/users/:user/recovery-code',
  id: 'replaceRecoveryCode',
  tag,
  summary: 'Replace the recovery code of a user',
  description: 'The new code is in this answer and in no other; the old one is dead, and the user is told.',
  permission: 'write:authenticators',
  params: userParams,
  responses: {
    200: {
      description: 'The new code.',
      schema: z.strictObject({ recovery_code: z.string() }).meta({ id: 'RecoveryCode' }),
    },
  },
  async handle(call) {
    const { params, admin, tenant } = call
    const user = asId<UserId>(params.user)
    const event = call.audit(tenant.id, 'recovery.replaced', { user, factor: 'recovery_code' })
    const outcome = await replaceRecoveryCode(admin.parts, { tenant }, user, event)
    return outcome.no === undefined
      ? { status: 200, body: { recovery_code: outcome.yes.codes[0] } }
      : ofRefusal(outcome)
  },
})

const invite = tenantOperation({
  method: 'POST',
  path: '/tenants/:tenant/users/:user/enrolment-ticket',
  id: 'createEnrolmentTicket',
  tag,
  summary: 'Invite a user to enrol',
  description:
    'A link, good once and for a day at most, behind which a user without factors enrols one and is not signed in by it (S-69). It is mailed to the address of the user, or answered to be handed over; never both.',
  permission: 'write:authenticators',
  params: userParams,
  body: z.strictObject({
    reason,
    lifetime_seconds: z.int().min(300).max(86_400).default(86_400),
    factors: z.array(z.string().min(1).max(64)).min(1).max(20).optional().meta({
      description: 'Kinds the user may choose from. Default: every kind of the tenant.',
    }),
    send_mail: z.boolean().default(true),
    language: z.string().max(35).optional().meta({ description: 'Of the mail. Default: the user’s own.' }),
  }),
  responses: {
    201: {
      description: 'The invitation.',
      schema: z
        .strictObject({ ticket_url: z.string().optional(), mailed: z.boolean(), expires_at: moment })
        .meta({ id: 'EnrolmentInvitation' }),
    },
  },
  problems: ['unavailable'],
  async handle(call) {
    const { params, admin, tenant, body } = call
    const user = asId<UserId>(params.user)
    const found = await admin.parts.store.get('users', tenant.id, user)
    if (found === undefined) return notFound
    if (body.send_mail && found.email === undefined) {
      return invalid('The user has no address to write to', [{ path: 'send_mail', message: 'must be false' }])
    }
    const { lifetime_seconds: lifetime, factors: kinds, language } = body
    const link = (handle: string) => `${admin.baseOf(tenant)}/enrollment?ticket_id=${handle}`
    const details = { what: 'enrolment ticket' }
    const made = await createEnrolmentTicket(admin.parts, {
      ...{ tenant, user, lifetime },
      ...(kinds && { kinds }),
      ...(body.send_mail && { mailLink: link }),
      ...(language && { locales: [language] }),
      event: () => call.audit(tenant.id, 'admin.change', { user, reason: body.reason, details }),
    })
    if (made.no !== undefined) return ofRefusal(made)
    const expires_at = toMoment(admin.parts.clock.now() + lifetime * 1_000)
    const url = body.send_mail ? {} : { ticket_url: link(made.yes) }
    return { status: 201, body: { ...url, mailed: body.send_mail, expires_at } }
  },
})

export const authenticatorRoutes: readonly Operation[] = [list, create, remove, reset, recoveryCode, invite]
