import { z } from 'zod'
import { removeAuthenticator } from '#engine/authenticators.ts'
import { audit } from '#engine/events.ts'
import { editAuthenticator } from '#engine/manage-authenticators.ts'
import type { Answer } from '#http/route.ts'
import { noStore } from '../wire.ts'
import { accountTypes } from '../words.ts'
import { bodyOf, type Call, type Handler } from './call.ts'
import { findMethod, methodOf, ownMethods, passwordId, passwordOf } from './method.ts'
import { invalidField, notFound, problem, refused, unsupportedType } from './wire.ts'

const ok = (body: unknown): Answer => ({ status: 200, body, headers: noStore })

/** `GET /factors`: what can be used in this tenant, and whether as a first or a second factor. */
export const listFactors: Handler = async ({ dialect, exchange }) => {
  const { factors } = exchange.tenant
  const known = [...dialect.engine.parts.factors.values()]
    .filter((it) => factors.includes(it.kind) && it.traits.proof !== 'knowledge')
    .sort((a, b) => a.traits.rank - b.traits.rank)
  const types = new Set(known.flatMap(accountTypes))
  const first = factors.includes('password') ? [{ type: 'password', usage: ['primary'] }] : []
  return ok({ factors: [...first, ...[...types].map((type) => ({ type, usage: usageOf(type) }))] })
}

/** A passkey is both factors at once, and the second one beside a password. */
const usageOf = (type: string) => (type === 'passkey' ? ['primary', 'secondary'] : ['secondary'])

const most = 20

/** `GET /authentication-methods`, all or those of one `type`. */
export const listMethods: Handler = async (call) => {
  const password = passwordOf(call.user)
  const own = (await ownMethods(call)).map((it) => methodOf(call, it))
  const all = (password === undefined ? own : [password, ...own]) as readonly { readonly type?: string }[]
  const { type } = call.exchange.query
  const wanted = all.filter((it) => type === undefined || it.type === type)
  return ok({ authentication_methods: wanted.slice(0, most) })
}

const idOf = (call: Call): string => call.exchange.params.id ?? ''

/** `GET /authentication-methods/{id}` */
export const getMethod: Handler = async (call) => {
  const password = passwordOf(call.user)
  if (password !== undefined && idOf(call) === passwordId(call.user)) return ok(password)
  const it = await findMethod(call, idOf(call))
  return it === undefined ? notFound : ok(methodOf(call, it))
}

const edit = z.object({
  name: z.string().min(1).max(64).optional(),
  preferred_authentication_method: z.enum(['sms', 'voice']).optional(),
})

/** `PATCH /authentication-methods/{id}` */
export const updateMethod: Handler = async (call) => {
  const read = bodyOf(call, edit)
  if ('status' in read) return read
  const it = await findMethod(call, idOf(call))
  if (it === undefined) return notFound
  const { parts } = call.dialect.engine
  const { name, preferred_authentication_method: preferred } = read.body
  const reach = parts.factors.get(it.factor)?.traits.reach
  if (preferred !== undefined && reach !== 'phone') {
    return invalidField('preferred_authentication_method', 'Only phone methods have a preferred way.')
  }
  const kind = [...parts.factors.values()].find(
    ({ traits }) => traits.reach === 'phone' && traits.channel === preferred,
  )?.kind
  if (preferred !== undefined && kind === undefined) return unsupportedType
  const event = audit(parts, call.caller, 'factor.renamed', {
    user: call.user.id,
    factor: it.factor,
    authenticator: it.id,
  })
  const done = await editAuthenticator(parts, call.exchange.tenant, call.user.id, it.id, { name, kind }, event)
  return done.no === undefined ? ok(methodOf(call, done.yes)) : refused(done, parts)
}

/** `DELETE /authentication-methods/{id}`: the last one stays while policy requires one (S-66). */
export const deleteMethod: Handler = async (call) => {
  if (passwordOf(call.user) !== undefined && idOf(call) === passwordId(call.user)) {
    return problem(409, 'enrollment_conflict', 'The password cannot be removed.')
  }
  const it = await findMethod(call, idOf(call))
  if (it === undefined) return notFound
  const gone = await removeAuthenticator(call.dialect.engine.parts, call.caller, call.user.id, it.id)
  return gone.no === undefined ? { status: 204, headers: noStore } : refused(gone, call.dialect.engine.parts)
}
