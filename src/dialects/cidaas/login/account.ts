import { addressOwed, sendOwnAddressCode, verifyOwnAddress } from '#engine/acts/verify-address.ts'
import { codeLifetime } from '#engine/challenges.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { inputOf, isUuid } from '../input.ts'
import { toErrorPage, toPage } from '../redirect.ts'
import { type LoginRequest, readRequest, unmask } from '../requests.ts'
import { findRegistration, readRegistration } from '../users/registration.ts'
import { proveRegistration, sendRegistrationCode } from '../users/verify-address.ts'
import { openExchange, readExchange } from '../verify/exchanges.ts'
import { findTrack, readTrackById, type Track } from '../verify/tracks.ts'
import { classic, ok, type Row, refuseAt, said, sayAt } from '../wire.ts'
import { mayGoOn } from './after-register.ts'

/**
 * Starts the verification of the address an account has, in a login that waits for it (cidaas.md §6.2). The code goes to
 * that address and to no other. Whoever names an account without such a login gets the same answer, and nothing is sent.
 */
async function begin(dialect: Dialect, exchange: Exchange, request: LoginRequest) {
  const registration = await registering(dialect, exchange, request)
  if (registration) await sendRegistrationCode(dialect, exchange, registration)
  const track = registration ? undefined : await waiting(dialect, exchange, request)
  const caller = track && callerOf(exchange, track.application)
  if (track && caller) {
    const sent = await sendOwnAddressCode(dialect.engine.parts, { caller, ticket: track.ticket })
    if (sent.no !== undefined) return sent
  }
  const channel = track ? (addressOwed(track.ticket) ?? 'email') : mediumOf(exchange)
  const opened = await openExchange(dialect, exchange.tenant.id, {
    word: channel === 'sms' ? 'SMS' : 'EMAIL',
    kind: channel,
    purpose: registration
      ? { for: 'registration', track: registration.track }
      : { for: 'track', track: track?.ticket.id ?? '' },
    client: request.client,
    request: request.id,
    sub: '',
    lifetime: codeLifetime({ tenant: exchange.tenant } as Parameters<typeof codeLifetime>[0]),
  })
  return { yes: opened.exchangeId, no: undefined }
}

/** What a caller that is nobody's wants to have verified: the answer looks the same. */
const mediumOf = (exchange: Exchange): 'email' | 'sms' =>
  /^(mobile|phone|sms)$/i.test(inputOf(exchange).text('verificationMedium') ?? '') ? 'sms' : 'email'

/** Somebody who registers in this request, by the masked id they were given or the track. */
async function registering(dialect: Dialect, exchange: Exchange, request: LoginRequest) {
  const input = inputOf(exchange)
  const named = [input.any('track'), input.any('user')]
  for (const handle of named) {
    const it = await readRegistration(dialect, exchange, handle)
    if (it?.request === request.id && mayGoOn(exchange, it)) return it
  }
  const byEmail = await findRegistration(dialect, exchange, request, input.text('email'))
  return byEmail && mayGoOn(exchange, byEmail) ? byEmail : undefined
}

/** The login of this user in this request; by the masked id, or by the address of the account. */
async function waiting(dialect: Dialect, exchange: Exchange, request: LoginRequest): Promise<Track | undefined> {
  const input = inputOf(exchange)
  const named = unmask(request, input.any('user'))
  const users = named ? [named] : Object.values(request.masked)
  for (const user of users) {
    const track = await findTrack(dialect, exchange, request, user)
    const owed = track && addressOwed(track.ticket)
    if (owed === undefined) continue
    const known = await dialect.engine.parts.store.get('users', exchange.tenant.id, user)
    const byEmail = owed === 'email' && known?.email?.toLowerCase() === input.text('email')?.toLowerCase()
    const number = input.text('mobile') ?? input.text('mobile_number') ?? input.text('phone')
    if (named !== undefined || byEmail || (owed === 'sms' && known?.phoneNumber === number)) return track
  }
  return undefined
}

/** `POST /verification-actions-srv/account/initiation`, a form: off to the page that takes the code. */
export async function startAccount(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, inputOf(exchange).any('request'))
  if (found === undefined) return toErrorPage(exchange, '10001', 'The requestId is invalid or has expired.')
  const begun = await begin(dialect, exchange, found.request)
  if (begun.no !== undefined) return toErrorPage(exchange, '6', 'No message can be sent at the moment.')
  const input = inputOf(exchange)
  const query = { accvid: begun.yes, requestId: found.request.id, track_id: input.any('track'), sub: input.any('user') }
  return toPage(exchange, 'verification_complete', query, [], found.request.pages)
}

/** The JSON twin for native applications. */
export async function startAccountNative(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, inputOf(exchange).any('request'))
  if (found === undefined) return classic(dialect, said.badRequestId)
  const begun = await begin(dialect, exchange, found.request)
  return begun.no === undefined ? ok({ accvid: begun.yes }) : refuseAt(dialect, exchange, begun)
}

/** Whether an exchange is one of these: no other has an address' word without a challenge of its own. */
const verifies = ({ word, sub }: { readonly word: string; readonly sub: string }): boolean =>
  sub === '' && (word === 'EMAIL' || word === 'SMS')

const badAccvid: Row = [400, 'VER_0006', 'invalid_request', 'The accvid is invalid.']

/** `POST /verification-actions-srv/account` {accvid, code} and its older path. */
export async function verifyAccount(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const id = input.text('accvid')
  const code = input.any('code')
  if (code === undefined) return sayAt(dialect, exchange, said.codeMissing)
  const it = isUuid(id) ? await readExchange(dialect, exchange.tenant.id, id) : undefined
  if (it?.purpose.for === 'registration') {
    const registration = await readRegistration(dialect, exchange, it.purpose.track)
    const proved = registration && (await proveRegistration(dialect, exchange, registration, code))
    if (proved === undefined) return sayAt(dialect, exchange, badAccvid)
    return proved.no === undefined ? ok({ verified: true }) : refuseAt(dialect, exchange, proved)
  }
  if (it === undefined || it.purpose.for !== 'track' || !verifies(it)) return sayAt(dialect, exchange, badAccvid)
  const track = it.purpose.track === '' ? undefined : await readTrackById(dialect, exchange, it.purpose.track)
  if (track === undefined) return refuseAt(dialect, exchange, { no: 'wrong-proof', factor: it.kind })
  const caller = callerOf(exchange, track.application)
  const done = await verifyOwnAddress(dialect.engine.parts, { caller, ticket: track.ticket, code })
  return done.no === undefined ? ok({ verified: true }) : refuseAt(dialect, exchange, done)
}
