import { z } from 'zod'
import { clientOfJourney, type Journey, type JourneyKind, journeyToken, readJourney } from '#engine/journeys/journey.ts'
import type { Caller } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { Wish } from '#model/ticket.ts'
import { type Call, idsOf } from '../call.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { wishOf } from '../issue-tokens.ts'
import { errors, fail, type Ids } from '../wire.ts'
import { actionErrors, failAction, refuseAction } from './wire.ts'

/** The name under which journeys of this generation are kept; the older one does not go on with them, nor it with those. */
export const previewName = 'entra-preview'

/**
 * Who is calling. Keys are bound to an address (S-163): they are offered to origins the tenant has named for them and
 * to clients that are no pages; what they are held against is configuration in any case.
 */
export function previewCaller(exchange: Exchange, application: Application, correlation: string): Caller {
  const { origin } = exchange.headers
  const keys = [exchange.base, ...(exchange.tenant.keys?.origins ?? [])]
  const base = origin === undefined || keys.includes(origin) ? { base: exchange.base } : {}
  return { ...callerOf(exchange, application, correlation), dialect: previewName, home: exchange.base, ...base }
}

/** What the first request asks for; kept with the journey, so that no later step can add to it (S-49). */
export interface Ask {
  readonly scope: readonly string[]
  readonly audience?: string
  /** The scope as it was written. */
  readonly asked?: string
  readonly acrs: readonly string[]
  /** S256 of the verifier the code will need (RFC 7636). */
  readonly challenge?: string
  /** Extensions the client knows. */
  readonly capabilities: readonly string[]
}

export const askOf = ({ state }: Journey): Ask => state.extra as unknown as Ask

/** The tokens a journey is for, in the engine's terms. */
export function wishOfJourney(journey: Journey): Wish {
  const { audience, scope, asked, acrs } = askOf(journey)
  const api = audience === undefined ? {} : { api: { id: audience } }
  return { ...wishOf('authorization_code', { ...api, names: scope }, asked, acrs), dialect: previewName }
}

const word = z.string().max(2_048).optional()
const bodySchema = z.looseObject({
  continuationToken: z.string().min(1).max(400),
  clientId: word,
  username: word,
  password: word,
  newPassword: word,
  otp: word,
  email: word,
  phoneNumber: word,
  channel: word,
  attributes: z.record(z.string().max(256), z.string().max(4_096)).optional(),
  ext_credential: z.looseObject({}).optional(),
  ext_recoveryCode: word,
  ext_recoveryCodes: z.boolean().optional(),
  ext_passwordless: z.boolean().optional(),
})
export type Body = z.infer<typeof bodySchema>

/** An action on a journey: whose it is has been looked at, and that it is alive. */
export interface Step {
  /** For what both generations share. */
  readonly call: Call
  readonly body: Body
  readonly journey: Journey
}

export type StepHandler = (step: Step) => Promise<Answer>

/** A fresh token for where a journey stands. */
export const tokenOf = ({ dialect }: Pick<Call, 'dialect'>, journey: Journey): string =>
  journeyToken(dialect.engine.parts, journey)

/** The same step with its journey further on. */
export const at = (step: Step, journey: Journey): Step => ({ ...step, journey })

/**
 * Finds the application a request is for: by the name it gives, else by the token it brings, since the SDKs name
 * themselves only at the beginning and at the end.
 */
export async function applicationOf(
  { engine }: Dialect,
  { tenant }: Exchange,
  it: { readonly clientId?: string; readonly token?: string },
): Promise<Application | undefined> {
  const { parts } = engine
  const id =
    it.clientId === undefined
      ? it.token && (await clientOfJourney(parts, tenant.id, it.token))
      : asId<ClientId>(it.clientId)
  return id ? await parts.store.get('applications', tenant.id, id) : undefined
}

/** Why an application may not come here, in flat words; undefined: it may. */
export function unfit(ids: Ids, application: Application | undefined): Answer | undefined {
  if (application === undefined) return fail(ids, errors.unknownClient)
  if (application.authMethod !== 'none') return fail(ids, errors.confidentialClient)
  return application.nativeAuth ? undefined : fail(ids, errors.notNative)
}

/** Runs an action: reads its body, and finds client and journey by the continuation token. */
export const onJourney =
  (dialect: Dialect, handle: StepHandler, ...kinds: readonly JourneyKind[]) =>
  async (exchange: Exchange): Promise<Answer> => {
    const { parts } = dialect.engine
    const ids = idsOf(exchange, parts)
    const parsed = bodySchema.safeParse(exchange.body)
    if (!parsed.success) return failAction(ids, actionErrors.malformed(whatIsWrong(parsed.error)))
    const body = parsed.data
    const token = body.continuationToken
    const application = await applicationOf(dialect, exchange, { token, ...named(body.clientId) })
    if (application === undefined) return failAction(ids, actionErrors.badToken)
    const no = unfit(ids, application)
    if (no !== undefined) return no
    const caller = previewCaller(exchange, application, ids.correlation)
    const found = await readJourney(parts, caller, token)
    if (found.no !== undefined) return refuseAction(ids, found)
    if (!kinds.includes(found.yes.kind)) return failAction(ids, actionErrors.badToken)
    const call: Call = { dialect, exchange, caller, ids, params: {}, adds: false }
    return await handle({ call, body, journey: found.yes })
  }

const named = (clientId: string | undefined) => (clientId === undefined ? {} : { clientId })

/** Names members only: values may be secrets. */
const whatIsWrong = ({ issues }: z.ZodError): string =>
  issues[0] === undefined || issues[0].path.length === 0
    ? 'Send a JSON object.'
    : `The member ${issues[0].path.map(String).join('.')} is missing or of the wrong type.`
