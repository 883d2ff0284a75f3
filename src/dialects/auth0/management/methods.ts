import { z } from 'zod'
import { listAuthenticators, resetAuthenticators } from '#engine/authenticators.ts'
import { type AuthenticatorMaterial, addAuthenticator, importAuthenticator } from '#engine/import-authenticator.ts'
import { dropAuthenticators, editAuthenticator, replaceAuthenticators } from '#engine/manage-authenticators.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { User } from '#model/user.ts'
import type { Factor } from '#ports/factor.ts'
import { methodType } from '../words.ts'
import { bodyOf, type Call, pageOf, type UserHandler } from './call.ts'
import { findMethod, methodOf } from './method.ts'
import { invalidBody, noContent, noMethod, ok, refused } from './wire.ts'

const held = ({ dialect, exchange }: Call, user: User): Promise<readonly Authenticator[]> =>
  listAuthenticators(dialect.engine.parts, exchange.tenant.id, user.id)

/** `GET /users/{id}/authentication-methods`: an array, or a page of one with totals (auth0.md §7.2). */
export const listMethods: UserHandler = async (call, user) => {
  const page = pageOf(call)
  if ('status' in page) return page
  const all = await held(call, user)
  const start = page.page * page.perPage
  const shown = all.slice(start, start + page.perPage).map((it) => methodOf(call, it))
  if (!page.totals) return ok(shown)
  const total = all.length === 0 ? {} : { total: all.length }
  return ok({ authenticators: shown, ...total, start, limit: page.perPage })
}

/** `GET /users/{id}/authentication-methods/{method}` */
export const getMethod: UserHandler = async (call, user) => {
  const it = findMethod(call, await held(call, user), call.exchange.params.method ?? '')
  return it === undefined ? noMethod : ok(methodOf(call, it))
}

const name = z.string().min(1).max(64)
const preferred = z.enum(['sms', 'voice'])
const method = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('phone'),
    name: name.optional(),
    phone_number: z.string(),
    preferred_authentication_method: preferred.default('sms'),
  }),
  z.object({ type: z.literal('email'), name: name.optional(), email: z.string() }),
  z.object({ type: z.literal('totp'), name: name.optional(), totp_secret: z.string() }),
])
type Method = z.output<typeof method>

/** The kind an administrator's word stands for; for phones the way that was asked for. */
function kindOf(call: Call, type: string, channel?: string): string | undefined {
  const is = (it: Factor) =>
    methodType(it) === type && it.traits.enrollable && (channel === undefined || it.traits.channel === channel)
  return [...call.dialect.engine.parts.factors.values()].find(is)?.kind
}

/** A method from a body as a confirmed authenticator. Secrets of less than 128 bits are refused (S-9). */
function importedMethod(call: Call, user: User, body: Method): Outcome<Authenticator> {
  const channel = body.type === 'phone' ? body.preferred_authentication_method : undefined
  const factor = kindOf(call, body.type, channel)
  if (factor === undefined) return { no: 'factor-unknown', factor: body.type }
  const material: AuthenticatorMaterial = {
    factor,
    name: body.name,
    ...(body.type === 'phone' ? { phone_number: body.phone_number } : {}),
    ...(body.type === 'email' ? { email: body.email } : {}),
    ...(body.type === 'totp' ? { secret: body.totp_secret } : {}),
  }
  const it = importAuthenticator(call.dialect.engine.parts, call.exchange.tenant, user.id, material)
  return it.yes?.weak ? { no: 'bad-secret' } : it
}

/** `POST /users/{id}/authentication-methods`: confirmed by the administrator's word. */
export const createMethod: UserHandler = async (call, user) => {
  const read = bodyOf(call, method)
  if ('status' in read) return read
  const it = importedMethod(call, user, read.body)
  if (it.no !== undefined) return refused(it, call.dialect.engine.parts)
  const { factor, id: authenticator } = it.yes
  const event = call.event('factor.confirmed', { user: user.id, factor, authenticator })
  const added = await addAuthenticator(call.dialect.engine.parts, call.exchange.tenant, user.id, it.yes, event)
  if (added === undefined) return refused({ no: 'wrong-password' }, call.dialect.engine.parts)
  return added.no === undefined
    ? ok(methodOf(call, added.yes, { fresh: true }), 201)
    : refused(added, call.dialect.engine.parts)
}

/** `PUT /users/{id}/authentication-methods`: the whole list at once; all or nothing. */
export const setMethods: UserHandler = async (call, user) => {
  const read = bodyOf(call, z.array(method).max(20))
  if ('status' in read) return read
  const imported = allOf(read.body.map((it) => importedMethod(call, user, it)))
  if (imported.no !== undefined) return refused(imported, call.dialect.engine.parts)
  const event = call.event('admin.change', { user: user.id, details: { what: 'authentication methods replaced' } })
  const done = await replaceAuthenticators(
    call.dialect.engine.parts,
    call.exchange.tenant,
    user.id,
    imported.yes,
    event,
  )
  return done.no === undefined
    ? ok(done.yes.map((it) => methodOf(call, it, { unmasked: true, fresh: true })))
    : refused(done, call.dialect.engine.parts)
}

function allOf<T>(outcomes: readonly Outcome<T>[]): Outcome<readonly T[]> {
  const all: T[] = []
  for (const it of outcomes) {
    if (it.no !== undefined) return it
    all.push(it.yes)
  }
  return yes(all)
}

const edit = z.object({ name: name.optional(), preferred_authentication_method: preferred.optional() })

/** `PATCH /users/{id}/authentication-methods/{method}` */
export const updateMethod: UserHandler = async (call, user) => {
  const read = bodyOf(call, edit)
  if ('status' in read) return read
  const it = findMethod(call, await held(call, user), call.exchange.params.method ?? '')
  if (it === undefined) return noMethod
  const { factors } = call.dialect.engine.parts
  const isPhone = factors.get(it.factor)?.traits.reach === 'phone'
  const wanted = read.body.preferred_authentication_method
  if (wanted !== undefined && !isPhone) {
    return invalidBody('preferred_authentication_method is for phone authentication methods only.')
  }
  const kind = wanted && kindOf(call, 'phone', wanted)
  if (wanted !== undefined && kind === undefined)
    return refused({ no: 'factor-unknown', factor: wanted }, call.dialect.engine.parts)
  const event = call.event('factor.renamed', { user: user.id, factor: it.factor, authenticator: it.id })
  const wish = { name: read.body.name, kind }
  const done = await editAuthenticator(call.dialect.engine.parts, call.exchange.tenant, user.id, it.id, wish, event)
  return done.no === undefined ? ok(methodOf(call, done.yes)) : refused(done, call.dialect.engine.parts)
}

/** `DELETE /users/{id}/authentication-methods/{method}` */
export const deleteMethod: UserHandler = async (call, user) => {
  const it = findMethod(call, await held(call, user), call.exchange.params.method ?? '')
  if (it === undefined) return noMethod
  const event = call.event('factor.removed', { user: user.id, factor: it.factor, authenticator: it.id })
  const { parts } = call.dialect.engine
  const gone = await dropAuthenticators(parts, call.exchange.tenant, user.id, (one) => one.id === it.id, event)
  return gone.no === undefined ? noContent : refused(gone, parts)
}

/** `DELETE /users/{id}/authentication-methods` and `DELETE /users/{id}/authenticators`: resets all MFA. */
export const deleteMethods: UserHandler = async (call, user) => {
  const event = call.event('admin.change', { user: user.id, details: { what: 'factors reset' } })
  const done = await resetAuthenticators(call.dialect.engine.parts, call.caller, user.id, event)
  return done.no === undefined ? noContent : refused(done, call.dialect.engine.parts)
}
