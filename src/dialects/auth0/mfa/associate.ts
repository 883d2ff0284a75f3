import type { Enrolment } from '#engine/enrol.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { allowsGrant } from '../audience.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { clientOf, stringsOf } from '../token-request.ts'
import { bearerTable, noStore, oauthError, refuse } from '../wire.ts'
import { authenticatorType, channelWord, deviceId, typeWord } from '../words.ts'
import { readBearerOf } from './bearer.ts'

/** `POST /mfa/associate`: starts the enrolment of an authenticator; the first use of it confirms (auth0.md §2). */
export async function associate(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const { parts } = dialect.engine
  const body = (exchange.body ?? {}) as Readonly<Record<string, unknown>>
  const strings = stringsOf(body)
  const bearer = await readBearerOf(dialect, exchange, strings.mfa_token)
  if (bearer.no !== undefined) return refuse(bearerTable, bearer, parts)
  const { flow, application, scope } = bearer.yes
  if (strings.client_secret !== undefined || strings.client_assertion !== undefined) {
    const client = await clientOf(dialect, exchange, strings)
    if ('answer' in client) return client.answer
    if (client.application.id !== application.id) return refuse(bearerTable, { no: 'ticket-of-other-client' }, parts)
  } else if (strings.client_id !== undefined && strings.client_id !== application.id) {
    // Never required, but looked at if it is there (auth0.md §2.1).
    return refuse(bearerTable, { no: 'ticket-of-other-client' }, parts)
  }
  if (flow.by === 'token' && !scope.includes('enroll')) {
    return oauthError(403, 'insufficient_scope', 'Insufficient scope, expected: enroll')
  }
  const kind = kindWanted(dialect, body)
  if ('status' in kind) return kind
  if (!allowsGrant(application, kind.grant)) {
    return oauthError(403, 'unauthorized_client', `Grant type '${kind.grant}' not allowed for the client.`)
  }
  const target = kind.reach === 'phone' ? e164(body.phone_number) : kind.reach === 'email' ? body.email : undefined
  const caller = callerOf(exchange, application)
  const enrolled = await dialect.engine.enrol({ caller, flow, kind: kind.kind, target })
  if (enrolled.no !== undefined) return refuse(bearerTable, enrolled, parts)
  return { status: 200, body: association(enrolled.yes), headers: noStore }
}

/** A number as Auth0 takes it, without spaces or dashes (auth0.md §9.23); anything else is as good as none. */
const e164 = (input: unknown): string | undefined =>
  typeof input === 'string' && /^\+[0-9]{1,15}$/.test(input) ? input : undefined

interface Wanted {
  readonly kind: string
  /** The grant that will confirm it: told now when it is off, before the user types a code (auth0.md §2.7, §9.19). */
  readonly grant: string
  readonly reach?: 'phone' | 'email'
}

const unsupported = oauthError(400, 'unsupported_authenticator_type', 'Unsupported type')

/** The one kind a request enrols; `oob_channels` may be a bare string (auth0.md §2.1, §9.4). */
function kindWanted({ engine }: Dialect, body: Readonly<Record<string, unknown>>): Wanted | Answer {
  const types = words(body.authenticator_types)
  if (types === undefined) return oauthError(400, 'invalid_request', 'Missing required parameter: authenticator_types')
  if (types.length !== 1) {
    return oauthError(400, 'invalid_request', 'Exactly one authenticator type can be associated in a request.')
  }
  const [type] = types
  if (type !== 'otp' && type !== 'oob') return unsupported
  const channels = type === 'oob' ? words(body.oob_channels) : []
  if (channels === undefined) return oauthError(400, 'invalid_request', 'Missing required parameter: oob_channels')
  const factor = [...engine.parts.factors.values()].find(
    ({ traits }) =>
      traits.enrollable &&
      authenticatorType(traits) === type &&
      (type === 'otp' || channelWord(traits) === channels[0]),
  )
  const grant = `http://auth0.com/oauth/grant-type/mfa-${type}`
  return factor ? { kind: factor.kind, grant, reach: factor.traits.reach } : unsupported
}

function words(input: unknown): readonly string[] | undefined {
  if (typeof input === 'string' && input !== '') return [input]
  const list = Array.isArray(input) ? input : []
  return list.length > 0 && list.every((it) => typeof it === 'string') ? list : undefined
}

function association({ factor, authenticator, challenge, show, recoveryCodes }: Enrolment): object {
  const type = authenticatorType(factor.traits)
  const more = {
    ...(recoveryCodes ? { recovery_codes: recoveryCodes } : {}),
    id: deviceId(factor, authenticator),
    type: typeWord(factor.traits),
  }
  if (type === 'otp') return { authenticator_type: type, secret: show?.secret, barcode_uri: show?.uri, ...more }
  const binding = factor.traits.proof === 'code' ? { binding_method: 'prompt' } : {}
  const uri = show?.uri === undefined ? {} : { barcode_uri: show.uri }
  return {
    authenticator_type: type,
    ...binding,
    ...uri,
    oob_channel: channelWord(factor.traits),
    oob_code: challenge,
    ...more,
  }
}
