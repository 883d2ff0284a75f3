import { z } from 'zod'
import { type AuthenticatorMaterial, addAuthenticator, importAuthenticator } from '#engine/import-authenticator.ts'
import { dropAuthenticators, exchangeAuthenticator } from '#engine/manage-authenticators.ts'
import type { Answer, CorsRule, Route, RouteGroup, Trouble } from '#http/route.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Outcome } from '#model/outcome.ts'
import { channelWord, masked } from '../words.ts'
import { permissionsFor } from './access.ts'
import {
  type GraphCall,
  type GraphHandler,
  type GraphOptions,
  graphError,
  guarded,
  notFound,
  type OwnCall,
  ownOnly,
  refused,
} from './call.ts'
import { type Collection, type Method, methodsOf, odataType, phoneTypes } from './method.ts'

const bases = ['/graph/v1.0/users/:user/authentication', '/:tenant/graph/v1.0/users/:user/authentication'] as const
const ownBases = ['/graph/v1.0/me/authentication', '/:tenant/graph/v1.0/me/authentication'] as const
const collections: readonly Collection[] = [
  'emailMethods',
  'phoneMethods',
  'softwareOathMethods',
  'fido2Methods',
  'passwordMethods',
]
const changeable = ['emailMethods', 'phoneMethods'] as const
const deletable: readonly Collection[] = [...changeable, 'softwareOathMethods', 'fido2Methods']

/**
 * The authentication methods of users as Microsoft Graph has them (entra.md §9.3), for operators' scripts, under the
 * tenant's address or the host's. Authorised by the admin token, or by a machine's token for Graph.
 */
export function graphGroup(dialect: GraphOptions): RouteGroup {
  const routes = bases.flatMap((base) =>
    operations.map(([method, path, handle]): Route => {
      const permissions = permissionsFor(method, collectionIn(path))
      return { method, path: `${base}${path}`, accepts: ['json'], handle: guarded(dialect, permissions, handle) }
    }),
  )
  const own = ownBases.map((base): Route => {
    return { method: 'GET', path: `${base}/methods`, accepts: ['json'], handle: ownOnly(dialect, listOwn) }
  })
  return {
    name: 'entra-graph',
    routes: [...routes, ...own],
    refuse: (trouble, { requestId }) => refuseTrouble(trouble, requestId),
    // Pages of registered applications read their user's own list; administration is for scripts.
    cors: (path) => (path.includes('/graph/v1.0/me/') ? ownCors : undefined),
  }
}

const ownCors: CorsRule = { origins: 'registered', allowHeaders: '*', exposeHeaders: ['x-request-id'] }

const operations: readonly (readonly [Route['method'], string, GraphHandler])[] = [
  ['GET', '/methods', listAll],
  ['GET', '/methods/:method', (call) => getOne(call)],
  ...collections.flatMap((it): readonly (readonly [Route['method'], string, GraphHandler])[] => [
    ['GET', `/${it}`, (call) => list(call, it)],
    ['GET', `/${it}/:method`, (call) => getOne(call, it)],
  ]),
  ...changeable.flatMap((it): readonly (readonly [Route['method'], string, GraphHandler])[] => [
    ['POST', `/${it}`, (call) => create(call, it)],
    ['PATCH', `/${it}/:method`, (call) => change(call, it)],
    ['PUT', `/${it}/:method`, (call) => change(call, it)],
  ]),
  ['POST', '/softwareOathMethods', createApp],
  ...deletable.map((it) => ['DELETE', `/${it}/:method`, (call: GraphCall) => remove(call, it)] as const),
]

const collectionIn = (path: string) => collections.find((it) => path.startsWith(`/${it}`))

const shown = ({ collection, body }: Method) => ({ '@odata.type': odataType[collection], ...body })

/** A user's own methods; addresses as they are shown to whoever holds a token, which is less than to an administrator (S-83). */
function listOwn(call: OwnCall): Answer {
  const value = methodsOf(call).map((it) => {
    const { emailAddress, phoneNumber } = it.body
    return {
      ...shown(it),
      ...(emailAddress === undefined ? {} : { emailAddress: masked(String(emailAddress)) }),
      ...(phoneNumber === undefined ? {} : { phoneNumber: masked(it.authenticator?.target ?? '') }),
    }
  })
  return { status: 200, body: { value } }
}

async function listAll(call: GraphCall): Promise<Answer> {
  return { status: 200, body: { value: methodsOf(call).map(shown) } }
}

async function list(call: GraphCall, collection: Collection): Promise<Answer> {
  const value = methodsOf(call).filter((it) => it.collection === collection)
  return { status: 200, body: { value: value.map((it) => it.body) } }
}

const find = (call: GraphCall, collection?: Collection): Method | undefined =>
  methodsOf(call).find(
    (it) => it.body.id === call.exchange.params.method && (collection ?? it.collection) === it.collection,
  )

async function getOne(call: GraphCall, collection?: Collection): Promise<Answer> {
  const it = find(call, collection)
  if (it === undefined) return notFound(call)
  return { status: 200, body: collection === undefined ? shown(it) : it.body }
}

const email = z.object({ emailAddress: z.string() })
const phone = z.object({ phoneNumber: z.string(), phoneType: z.enum(phoneTypes).default('mobile') })
const phoneChange = z.object({ phoneNumber: z.string().optional(), phoneType: z.enum(phoneTypes).optional() })

/** The kind of factor an administrator's method is, told from traits. */
function kindOf({ dialect }: GraphCall, channel: 'email' | 'sms'): string {
  return (
    [...dialect.engine.parts.factors.values()].find(({ traits }) => channelWord(traits) === channel)?.kind ?? channel
  )
}

function material(
  call: GraphCall,
  collection: (typeof changeable)[number],
  before?: Method,
): AuthenticatorMaterial | undefined {
  const { body } = call.exchange
  if (collection === 'emailMethods') {
    const read = email.safeParse(body)
    return read.success ? { factor: kindOf(call, 'email'), email: read.data.emailAddress } : undefined
  }
  const factor = kindOf(call, 'sms')
  if (before === undefined) {
    const read = phone.safeParse(body)
    return read.success ? { factor, phone_number: read.data.phoneNumber, name: read.data.phoneType } : undefined
  }
  const read = phoneChange.safeParse(body)
  if (!read.success) return undefined
  const { phoneNumber = before.authenticator?.target, phoneType = before.phoneType } = read.data
  return { factor, phone_number: phoneNumber, name: phoneType }
}

const badBody = ({ exchange }: GraphCall): Answer => graphError(exchange, 400, 'badRequest', 'The body is not valid.')

/** A method as it is after a change, found anew, since its id follows from all of the user's. */
function answered(call: GraphCall, status: number, held: readonly Authenticator[], added: Authenticator): Answer {
  const it = methodsOf({ ...call, held }).find((one) => one.authenticator?.id === added.id)
  return { status, body: it?.body }
}

async function create(call: GraphCall, collection: (typeof changeable)[number]): Promise<Answer> {
  const { engine } = call.dialect
  const { tenant } = call.exchange
  const given = material(call, collection)
  if (given === undefined) return badBody(call)
  const taken = methodsOf(call).some(
    (it) => it.collection === collection && (collection === 'emailMethods' || it.phoneType === given.name),
  )
  if (taken) return refused(call, { no: 'already-enrolled' })
  const imported = importAuthenticator(engine.parts, tenant, call.user.id, given)
  if (imported.no !== undefined) return refused(call, imported)
  const { factor, id: authenticator } = imported.yes
  const event = call.event('factor.confirmed', { factor, authenticator })
  const added = await addAuthenticator(engine.parts, tenant, call.user.id, imported.yes, event)
  if (added === undefined) return notFound(call)
  return added.no === undefined ? answered(call, 201, [...call.held, added.yes], added.yes) : refused(call, added)
}

const app = z.object({ secretKey: z.string(), displayName: z.string().max(64).optional() })

/** An authenticator app whose secret the operator has handed over; never shown again, and never shorter than 128 bits (S-9). */
async function createApp(call: GraphCall): Promise<Answer> {
  const { parts } = call.dialect.engine
  const { tenant } = call.exchange
  const read = app.safeParse(call.exchange.body)
  const kind = [...parts.factors.values()].find(
    ({ traits }) => traits.proof === 'code' && traits.channel === 'app',
  )?.kind
  if (!read.success || kind === undefined) return badBody(call)
  const { secretKey: secret, displayName: name } = read.data
  const imported = importAuthenticator(parts, tenant, call.user.id, { factor: kind, secret, name })
  if (imported.no !== undefined) return refused(call, imported)
  if (imported.yes.weak === true) return refused(call, { no: 'bad-secret' })
  const event = call.event('factor.confirmed', { factor: kind, authenticator: imported.yes.id })
  const added = await addAuthenticator(parts, tenant, call.user.id, imported.yes, event)
  if (added === undefined) return notFound(call)
  return added.no === undefined ? answered(call, 201, [...call.held, added.yes], added.yes) : refused(call, added)
}

async function change(call: GraphCall, collection: (typeof changeable)[number]): Promise<Answer> {
  const { engine } = call.dialect
  const { tenant } = call.exchange
  const before = find(call, collection)
  if (before?.authenticator === undefined) return notFound(call)
  const given = material(call, collection, before)
  if (given === undefined) return badBody(call)
  const clash = methodsOf(call).some((it) => it !== before && it.phoneType !== undefined && it.phoneType === given.name)
  if (clash && given.name !== before.phoneType) return refused(call, { no: 'already-enrolled' })
  const imported = importAuthenticator(engine.parts, tenant, call.user.id, given)
  if (imported.no !== undefined) return refused(call, imported)
  const { id } = before.authenticator
  const event = call.event('admin.change', { authenticator: imported.yes.id, details: { what: 'method changed' } })
  const done: Outcome<Authenticator> = await exchangeAuthenticator(
    engine.parts,
    tenant,
    call.user.id,
    id,
    imported.yes,
    event,
  )
  if (done.no !== undefined) return refused(call, done)
  return answered(
    call,
    200,
    call.held.map((it) => (it.id === id ? done.yes : it)),
    done.yes,
  )
}

async function remove(call: GraphCall, collection: Collection): Promise<Answer> {
  const it = find(call, collection)?.authenticator
  if (it === undefined) return notFound(call)
  const event = call.event('factor.removed', { factor: it.factor, authenticator: it.id })
  const { engine } = call.dialect
  const { tenant } = call.exchange
  const gone = await dropAuthenticators(engine.parts, tenant, call.user.id, (one) => one.id === it.id, event)
  return gone.no === undefined ? { status: 204 } : refused(call, gone)
}

function refuseTrouble(trouble: Trouble, requestId: string): Answer {
  const say = (status: number, code: string, text: string) => graphError({ requestId }, status, code, text)
  switch (trouble.trouble) {
    case 'malformed':
      return say(400, 'badRequest', trouble.detail)
    case 'too-large':
      return say(413, 'badRequest', 'The request is too large.')
    case 'wrong-type':
      return say(415, 'badRequest', 'Send application/json.')
    case 'wrong-method':
      return say(405, 'methodNotAllowed', 'The method is not allowed here.')
    case 'not-found':
      return say(404, 'itemNotFound', 'There is nothing here.')
    case 'unavailable':
      return say(503, 'serviceNotAvailable', 'Try again later.')
    case 'crash':
      return say(500, 'generalException', 'Something went wrong.')
  }
}
