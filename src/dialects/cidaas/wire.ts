import type { Answer, Exchange } from '#http/route.ts'
import type { Refusal, RefusalWord } from '#model/outcome.ts'
import type { Dialect } from './dialect.ts'

export const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

/** Success in the usual envelope (cidaas.md §1.3). */
export const ok = (data: unknown, status = 200): Answer => ({
  status,
  headers: noStore,
  body: { success: true, status, data },
})

/** Nothing there: SDKs read an empty answer as `false`. */
export const nothing: Answer = { status: 204, headers: noStore }

/** What is said of one trouble: status, code, key, text. */
export type Row = readonly [status: number, code: string, error: string, description: string]
type Of<W extends RefusalWord> = Extract<Refusal, { readonly no: W }>
type Table = { readonly [W in RefusalWord]: Row | ((refusal: Of<W>) => Row) }

const wrongCode: Row = [417, 'VER_0041', 'invalid_pass_code', 'The code is wrong or was used before.']
const unknownExchange: Row = [417, 'VER_0032', 'invalid_exchange_id', 'The exchange_id is unknown or was used before.']
const unknownTrack: Row = [400, 'VER_0025', 'invalid_track_id', 'The trackId is invalid.']
const notConfigured: Row = [417, 'VER_0026', 'method_not_configured', 'The user has not configured this method.']
const notActive: Row = [417, 'VER_0028', 'method_not_active', 'This method is not available.']
const badPayload: Row = [400, 'VER_0004', 'invalid_request_payload', 'The request could not be read.']
const tooMany: Row = [417, 'VER_0041', 'too_many_attempts', 'Too many attempts. Try again later.']

/** Every refusal in cidaas' words (cidaas.md §9.3, §9.4); the key serves login pages too. */
const table: Table = {
  'wrong-password': [417, 'VER_0041', 'invalid_username_password', 'User name or password is wrong.'],
  'too-many-attempts': tooMany,
  'blocked-user': [417, 'VER_0006', 'user_blocked', 'The account is blocked.'],
  'weak-password': ({ reason }) => [417, 'VER_0004', 'invalid_password', `The password is ${reason}.`],
  taken: [409, 'VER_0029', 'already_exists', 'The account exists already.'],
  'bad-email': [400, 'VER_0004', 'invalid_email', 'The e-mail address is invalid.'],
  'stale-proof': [403, 'VER_0006', 'stepup-required', 'A recent authentication is required.'],
  'more-proof': [417, 'VER_0006', 'mfa_required', 'A second factor is required.'],
  'ticket-unknown': unknownTrack,
  'ticket-expired': unknownTrack,
  'ticket-of-other-client': unknownTrack,
  'no-factor-available': notConfigured,
  'policy-unavailable': [417, 'VER_0006', 'invalid_request', 'The request cannot be judged at the moment.'],
  'risk-too-high': [417, 'VER_0006', 'login_blocked', 'This login looks too unusual to be let through.'],
  'challenge-unknown': unknownExchange,
  'challenge-expired': [417, 'VER_0033', 'exchange_id_expired', 'The exchange_id has expired.'],
  'challenge-of-other-flow': unknownExchange,
  'proof-missing': [400, 'VER_0046', 'pass_code_missing', 'The pass_code is missing.'],
  'wrong-proof': wrongCode,
  waiting: [417, 'VER_0041', 'authentication_pending', 'Not answered on the device yet.'],
  'slow-down': [417, 'VER_0041', 'authentication_pending', 'Not answered on the device yet; ask less often.'],
  declined: [417, 'VER_0041', 'authentication_denied', 'The request was denied.'],
  'not-enrolled': notConfigured,
  'not-enrolled-with': notConfigured,
  'already-enrolled': [409, 'VER_0029', 'already_configured', 'The method is configured already.'],
  'authenticator-unknown': notConfigured,
  'authenticator-disabled': tooMany,
  'last-authenticator': [400, 'VER_0022', 'delete_failed', 'The last method stays while a policy requires one.'],
  'factor-unknown': [400, 'VER_0030', 'unknown_method', 'There is no such method.'],
  'factor-off': notActive,
  'bad-address': [400, 'VER_0026', 'invalid_medium', 'The number or address is invalid.'],
  'bad-secret': badPayload,
  'blocked-by-admin': [417, 'VER_0026', 'medium_blocked', 'Nothing is sent to this number or address.'],
  'blocked-by-reputation': [417, 'VER_0026', 'medium_blocked', 'Nothing is sent to this number or address.'],
  'limit-reached': [417, 'VER_0029', 'limit_reached', 'The user has as many methods as there may be.'],
  'too-many-messages': [417, 'VER_0006', 'too_many_requests', 'Too many messages. Try again later.'],
  undeliverable: notActive,
  busy: [503, 'VER_0006', 'temporarily_unavailable', 'The service is busy. Try again in a few seconds.'],
}

/** The row of a refusal. */
export function rowOf(refusal: Refusal): Row {
  const entry = table[refusal.no] as Row | ((refusal: Refusal) => Row)
  return typeof entry === 'function' ? entry(refusal) : entry
}

/** Troubles of the wire itself that are no refusal of the engine. */
export const said = {
  badPayload,
  badJson: [400, 'VER1003', 'client_error', 'The body could not be read.'],
  missing: [400, 'VER1004', 'client_error', 'A required field is missing.'],
  usageType: [400, 'VER1004', 'client_error', 'The usage_type is not one of those there are.'],
  notHere: [417, 'VER_0028', 'not_available', 'This service is not available on this server.'],
  unknownMethod: [400, 'VER_0030', 'unknown_method', 'There is no such method.'],
  notActive,
  notConfigured,
  unknownUser: notConfigured,
  unknownExchange,
  unknownTrack,
  badKey: [400, 'VER_0035', 'invalid_fido2_payload', 'The FIDO2 payload is invalid.'],
  tooMany,
  codeMissing: [400, 'VER_0046', 'pass_code_missing', 'The pass_code is missing.'],
  dataMissing: [400, 'VER_0005', 'missing_data', 'A required field is missing.'],
  badRequestId: [400, 'VER_0006', 'invalid_request', 'The requestId is invalid.'],
  badStatusId: [400, 'VER1075', 'invalid_status_id', 'The status_id is not a UUID.'],
} as const satisfies Record<string, Row>

/** Classic service error (shape A), with the code and description of shape C beside it (cidaas.md §9.1). */
export function classic({ engine }: Dialect, [status, code, error, description]: Row): Answer {
  const { clock, random } = engine.parts
  return {
    status,
    headers: noStore,
    body: {
      success: false,
      status,
      code,
      error_description: description,
      error: {
        code: Number(/(?<!\d)\d+$/.exec(code)?.[0] ?? status),
        moreInfo: '',
        type: 'VerificationException',
        status,
        referenceNumber: `${clock.now()}-${random.id()}`,
        error,
      },
    },
  }
}

/** The service whose errors are of shape C (cidaas.md §9.1). */
const actions = '/verification-actions-srv/'
/** Set-ups there: cidaas documents 200, 400, 401 and 409 for them and no 417 (§6.2). */
const setUps = /^\/verification-actions-srv\/setup\/[^/]+\/(?:initiation|initiate|verification)(?:\/|$)/
/** In a login 409 is none of them either. */
const inLogin = /\/initiat(?:ion|e)\/./

function rowAt(path: string, row: Row): Row {
  const [status, code, error, description] = row
  const moved = setUps.test(path) && (status === 417 || (status === 409 && inLogin.test(path)))
  return moved ? [400, code, error, description] : row
}

/** Error of verification-actions-srv (shape C). */
export const action = ([status, code, error, description]: Row): Answer => ({
  status,
  headers: noStore,
  body: { success: false, status, code, error, error_description: description },
})

export function refuse(dialect: Dialect, refusal: Refusal): Answer {
  return withMore(classic(dialect, rowOf(refusal)), refusal)
}

/** What goes along with a refusal: how long to wait; the track to go on with, and a saved code that is shown now or never. */
function withMore(answer: Answer, refusal: Refusal): Answer {
  if ('retryAfter' in refusal) {
    return { ...answer, headers: { ...answer.headers, 'retry-after': String(refusal.retryAfter) } }
  }
  if (refusal.no !== 'more-proof') return answer
  const codes = refusal.show?.codes
  const more = { track_id: refusal.ticket, ...(codes ? { backup_codes: backupCodes(codes) } : {}) }
  return { ...answer, body: { ...(answer.body as object), ...more } }
}

/** Saved codes as cidaas lists them (cidaas.md §5.2). */
export const backupCodes = (codes: readonly string[]): readonly object[] =>
  codes.map((code) => ({ code, used: false, usedTime: null }))

/** The same in the words of the service that was called. */
export const refuseAt = (dialect: Dialect, { path }: Pick<Exchange, 'path'>, refusal: Refusal): Answer =>
  path.startsWith(actions) ? withMore(action(rowAt(path, rowOf(refusal))), refusal) : refuse(dialect, refusal)

export const sayAt = (dialect: Dialect, { path }: Pick<Exchange, 'path'>, row: Row): Answer =>
  path.startsWith(actions) ? action(rowAt(path, row)) : classic(dialect, row)

/** A body that could not be read, as each service says it (cidaas.md §9.1, §9.3). */
export function unreadable(dialect: Dialect, { path }: Pick<Exchange, 'path'>, detail: string): Answer {
  if (/^\/token-srv\/(?:token|revoke|introspect)$/.test(path)) return oauthError(400, 'invalid_request', detail)
  const [status, code, error] = path.startsWith(actions) ? said.badPayload : said.badJson
  return sayAt(dialect, { path }, [status, code, error, detail])
}

/** A required member is missing, by the code each service has for it (cidaas.md §9.3). */
export const missingAt = (dialect: Dialect, { path }: Pick<Exchange, 'path'>): Answer =>
  sayAt(dialect, { path }, path.startsWith(actions) ? said.dataMissing : said.missing)

/** OAuth error (shape D). */
export const oauthError = (status: number, error: string, description: string, more: object = {}): Answer => ({
  status,
  headers: noStore,
  body: { error, error_description: description, ...more },
})

/** Resource guard (shape E). */
export const denied = ({ engine }: Dialect, status: 401 | 403 = 401): Answer => ({
  status,
  headers: { ...noStore, 'www-authenticate': 'Bearer' },
  body: {
    error: 'Access denied for this resource',
    refnumber: `${engine.parts.clock.now()}-${engine.parts.random.id()}`,
  },
})

/** ISO 8601, as every time in this dialect's JSON is written. */
export const iso = (at: number): string => new Date(at).toISOString()
