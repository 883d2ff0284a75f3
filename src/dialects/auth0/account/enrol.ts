import { z } from 'zod'
import { tokenDigest } from '#crypto/digest.ts'
import { offerPasswordChange } from '#engine/accounts/change-password.ts'
import type { Flow } from '#engine/flow.ts'
import { limits } from '#engine/limits.ts'
import { offerRecoveryCode } from '#engine/offer-recovery-code.ts'
import type { Answer } from '#http/route.ts'
import type { Factor, KeyWish } from '#ports/factor.ts'
import { accountAudience } from '../audience.ts'
import { dialectName } from '../dialect.ts'
import { noStore } from '../wire.ts'
import { accountTypes, type KeyWord } from '../words.ts'
import { bodyOf, type Call, type Handler } from './call.ts'
import { identityOf, locationOf, methodId, passwordId } from './method.ts'
import { invalidField, refused, unsupportedType } from './wire.ts'

/**
 * The flow of one enrolment. SDKs fetch a token per scope and may bring another one to the second step, so an enrolment
 * belongs to its `auth_session` and not to a token; who may go on with it is still decided by user and client.
 */
export function flowOf(call: Call, session: string): Flow {
  const { claims, user, caller, exchange } = call
  const audience = accountAudience(exchange.base)
  return {
    by: 'token',
    id: `me:${tokenDigest(session)}`,
    user: user.id,
    client: caller.application.id,
    proofs: claims.amr.includes('pwd')
      ? [{ factor: 'password', channel: 'password', at: (claims.authTime ?? 0) * 1_000 }]
      : [],
    wish: { dialect: dialectName, grantType: 'my-account', audience, scope: claims.scope },
  }
}

/** Strict: the API takes no members it does not know (auth0.md §5.2); of passwords they are not listed. */
const start = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('phone'),
    phone_number: z.string(),
    preferred_authentication_method: z.enum(['sms', 'voice']).optional(),
  }),
  z.strictObject({ type: z.literal('email'), email: z.string() }),
  z.strictObject({ type: z.literal('totp') }),
  z.strictObject({ type: z.literal('push-notification') }),
  z.strictObject({ type: z.literal('recovery-code') }),
  z.strictObject({
    type: z.literal('passkey'),
    connection: z.string().optional(),
    identity_user_id: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('webauthn-platform') }),
  z.strictObject({ type: z.literal('webauthn-roaming') }),
  z.object({ type: z.literal('password') }),
])
type Start = z.output<typeof start>

/** `POST /authentication-methods`: starts an enrolment; nothing counts before it is verified (auth0.md §5.2). */
export const startEnrolment: Handler = async (call) => {
  const read = bodyOf(call, start)
  if ('status' in read) return read
  const { body } = read
  if (body.type === 'recovery-code') return await startRecoveryCode(call)
  if (body.type === 'password') return await startPassword(call)
  const elsewhere = body.type === 'passkey' ? otherIdentity(call, body) : undefined
  if (elsewhere !== undefined) return elsewhere
  const factor = factorOf(call, body)
  if (factor === undefined) return unsupportedType
  const { parts } = call.dialect.engine
  const session = parts.random.token()
  const target = body.type === 'phone' ? body.phone_number : body.type === 'email' ? body.email : undefined
  const flow = flowOf(call, session)
  const enrolled = await call.dialect.engine.enrol({
    caller: call.caller,
    flow,
    kind: factor.kind,
    target,
    // There is no member to show one in; whoever wants one asks for it by its own type.
    savedCodes: false,
    ...keyWish(body.type),
  })
  if (enrolled.no !== undefined) return refused(enrolled, parts)
  const { authenticator, challenge, show } = enrolled.yes
  return accepted(call, methodId(factor, authenticator), {
    // The second half is what the engine calls the challenge that was sent; both are unguessable, neither is stored.
    auth_session: challenge === undefined ? session : `${session}.${challenge}`,
    ...(show?.uri === undefined ? {} : { barcode_uri: show.uri }),
    ...(show?.secret === undefined ? {} : { manual_input_code: show.secret }),
    ...(show?.publicKey === undefined ? {} : { authn_params_public_key: show.publicKey }),
  })
}

/** There is one directory, and in it one identity a user. */
function otherIdentity({ exchange, user }: Call, it: Extract<Start, { type: 'passkey' }>): Answer | undefined {
  const { connection = exchange.tenant.defaultConnection, identity_user_id: identity = identityOf(user.id) } = it
  if (connection !== exchange.tenant.defaultConnection)
    return invalidField('connection', 'The connection does not exist.')
  return identity === identityOf(user.id)
    ? undefined
    : invalidField('identity_user_id', 'The user has no such identity.')
}

/** What kind of key a word asks for. */
const keyWishes: Readonly<Record<KeyWord, KeyWish>> = {
  passkey: { discoverable: true },
  'webauthn-roaming': { attachment: 'cross-platform' },
  'webauthn-platform': { attachment: 'platform' },
}
const keyWish = (type: string): { readonly key?: KeyWish } =>
  Object.hasOwn(keyWishes, type) ? { key: keyWishes[type as KeyWord] } : {}

/** The kind to enrol: of a phone the way that is preferred, else the first that is switched on. */
function factorOf({ dialect, exchange }: Call, body: Start): Factor | undefined {
  const all = [...dialect.engine.parts.factors.values()].filter(
    (it) => it.traits.enrollable && accountTypes(it).includes(body.type),
  )
  const preferred = body.type === 'phone' ? body.preferred_authentication_method : undefined
  const fitting = all.filter((it) => preferred === undefined || it.traits.channel === preferred)
  return fitting.find((it) => exchange.tenant.factors.includes(it.kind)) ?? fitting[0]
}

async function startRecoveryCode(call: Call): Promise<Answer> {
  const { parts } = call.dialect.engine
  const offered = await offerRecoveryCode(parts, call.caller, call.user.id)
  if (offered.no !== undefined) return refused(offered, parts)
  const { handle, authenticator, codes } = offered.yes
  const factor = parts.factors.get(authenticator.factor)
  if (factor === undefined) return unsupportedType
  return accepted(call, methodId(factor, authenticator), { auth_session: handle, recovery_code: codes[0] })
}

/** What a new password must be; `max_length_exceeded`: a longer one is refused, never cut (S-39). */
const policy = {
  complexity: {
    min_length: limits.passwordWithFactor,
    character_types: [],
    character_type_rule: 'all',
    identical_characters: 'allow',
    sequential_characters: 'allow',
    max_length_exceeded: 'error',
  },
  profile_data: { active: true, blocked_fields: ['name', 'username', 'email'] },
  history: { active: false, size: 0 },
  dictionary: { active: true, default: 'en_10k' },
}

async function startPassword(call: Call): Promise<Answer> {
  const handle = await offerPasswordChange(call.dialect.engine.parts, call.caller, call.user.id)
  return accepted(call, passwordId(call.user), { auth_session: handle, policy })
}

function accepted(call: Call, id: string, body: object): Answer {
  return { status: 202, body: { id, ...body }, headers: { ...noStore, location: locationOf(call, id) } }
}
