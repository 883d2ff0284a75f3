import { proveResetAddress, startReset, submitNewPassword } from '#engine/accounts/reset-by-code.ts'
import { askPasswordReset } from '#engine/accounts/reset-password.ts'
import { canonicalEmail } from '#engine/addresses.ts'
import { sendAddressCode } from '#engine/journeys/address-code.ts'
import { type Journey, journeyToken, openJourney, readJourney } from '#engine/journeys/journey.ts'
import type { Caller } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { type Input, inputOf, requestIdOf } from '../input.ts'
import { toErrorPage, toPage } from '../redirect.ts'
import { readRequest } from '../requests.ts'
import { classic, ok, type Row, rowOf, said } from '../wire.ts'

/**
 * The reset of a forgotten password (cidaas.md §10.6): a code to the mailbox, then the new password. All three steps
 * answer alike whether or not there is such an account (S-102).
 */
type Step = (dialect: Dialect, exchange: Exchange) => Promise<Answer>

const badReset: Row = [400, '10002', 'invalid_request', 'The resetRequestId is invalid.']
const badCode: Row = [417, '10008', 'invalid_code', 'The code is wrong, was used before or has expired.']
const differ: Row = [417, '10009', 'passwords_differ', 'The two passwords differ.']
const used: Row = [417, 'VER_0007', 'password_already_resetted', 'The password was reset already.']

/** `initiatereset`: {email or username, resetMedium, processingType, requestId} → {reset_initiated, rprq}. */
export const initiateReset: Step = async (dialect, exchange) => {
  const input = inputOf(exchange)
  const found = await readRequest(dialect, exchange, requestIdOf(exchange))
  if (found === undefined) return classic(dialect, said.badRequestId)
  const login = input.any('identifier')
  if (login === undefined) return classic(dialect, said.missing)
  if ((input.text('resetMedium') ?? 'EMAIL').toUpperCase() !== 'EMAIL') return classic(dialect, said.notActive)
  const caller = callerOf(exchange, found.application)
  const { parts } = dialect.engine
  if (input.text('processingType')?.toUpperCase() === 'LINK') {
    const link = (ticket: string) => `${exchange.base}/u/reset-password?${new URLSearchParams({ ticket })}`
    await askPasswordReset(parts, { caller, email: login, link })
  }
  const journey = await resetJourney(dialect, caller, login)
  if (input.text('processingType')?.toUpperCase() !== 'LINK') {
    // Refusals are not told: a budget is used up only for mailboxes that exist.
    await sendAddressCode(parts, caller, journey, 'password-reset')
  }
  return ok({ reset_initiated: true, rprq: handleOf(dialect, caller, journey) })
}

/** The journey of a reset; for a name that is nobody's, one that can come to nothing. */
async function resetJourney({ engine }: Dialect, caller: Caller, login: string): Promise<Journey> {
  const started = await startReset(engine.parts, caller, { login, extra: {} })
  if (started.yes) return started.yes
  const address = canonicalEmail(login).yes
  const state = { login, user: asId<never>(''), emailKey: address?.key ?? login }
  return await openJourney(engine.parts, caller, { kind: 'reset', phase: 'address', state })
}

/** A handle that says which application it was given to, since later calls do not. */
const handleOf = ({ engine }: Dialect, { application }: Caller, journey: Journey): string =>
  `${Buffer.from(application.id).toString('base64url')}~${journeyToken(engine.parts, journey)}`

async function readHandle(dialect: Dialect, exchange: Exchange, handle: string | undefined) {
  const [client, token] = handle?.split('~') ?? []
  if (client === undefined || token === undefined) return undefined
  const id = asId<ClientId>(Buffer.from(client, 'base64url').toString())
  const application = await dialect.engine.parts.store.get('applications', exchange.tenant.id, id)
  if (application === undefined) return undefined
  const caller = callerOf(exchange, application)
  return { caller, read: await readJourney(dialect.engine.parts, caller, token) }
}

/** `validatecode`: {resetRequestId, code} → {exchangeId, resetRequestId}, by redirect where it came as a form. */
export const validateReset: Step = async (dialect, exchange) => {
  const input = inputOf(exchange)
  const resetRequestId = input.text('resetRequestId')
  const it = await readHandle(dialect, exchange, resetRequestId)
  const journey = it?.read.yes
  if (it === undefined || journey?.kind !== 'reset') return no(dialect, exchange, badReset)
  const code = input.any('code')
  if (code === undefined) return no(dialect, exchange, said.codeMissing)
  const { caller } = it
  const proved = await proveResetAddress(dialect.engine.parts, { caller, journey, code })
  if (proved.no !== undefined) return no(dialect, exchange, badCode)
  const exchangeId = handleOf(dialect, caller, proved.yes)
  return exchange.bodyKind === 'form'
    ? toPage(exchange, 'password_set', { exchangeId, resetRequestId })
    : ok({ exchangeId, resetRequestId })
}

/** `acceptreset`: {resetRequestId, exchangeId, password, confirmPassword} → {reseted}. */
export const acceptReset: Step = async (dialect, exchange) => {
  const input = inputOf(exchange)
  const [exchangeId, resetRequestId] = [input.text('exchangeId'), input.text('resetRequestId')]
  const it = await readHandle(dialect, exchange, exchangeId)
  // Both name one journey: the exchange is its next stage.
  if (it === undefined || journeyIn(exchangeId) !== journeyIn(resetRequestId)) return no(dialect, exchange, badReset)
  const { caller, read } = it
  if (read.yes === undefined) return no(dialect, exchange, read.no === 'ticket-unknown' ? used : badReset)
  const [password, again] = [input.raw('password'), confirmation(input)]
  if (typeof password !== 'string' || password === '') return no(dialect, exchange, said.missing)
  if (password !== again) return no(dialect, exchange, differ)
  const done = await submitNewPassword(dialect.engine.parts, { caller, journey: read.yes, password })
  if (done.no !== undefined) return no(dialect, exchange, refusalOf(done))
  return exchange.bodyKind === 'form' ? toPage(exchange, 'password_set_success', {}) : ok({ reseted: true })
}

const confirmation = (input: Input): unknown => input.raw('confirmPassword') ?? input.raw('confirm_password')
const journeyIn = (handle: string | undefined): string | undefined => handle?.split('~')[1]?.split('.')[0]
const refusalOf = (done: Extract<Outcome<Journey>, { yes?: undefined }>): Row =>
  done.no === 'ticket-unknown' ? used : rowOf(done)

/** In the way the caller asked: a form is a navigation and ends at a page. */
function no(dialect: Dialect, exchange: Exchange, row: Row): Answer {
  const [, code, , description] = row
  return exchange.bodyKind === 'form'
    ? toErrorPage(exchange, String(Number(/(?<!\d)\d+$/.exec(code)?.[0] ?? 0)), description)
    : classic(dialect, row)
}

const actions: Readonly<Record<string, Step>> = {
  initiatereset: initiateReset,
  validatecode: validateReset,
  acceptreset: acceptReset,
}

/** `POST /password-srv/resetpassword?action=…`, as newer SDKs call the same three. */
export const resetAction: Step = async (dialect, exchange) => {
  const action = (exchange.query.action ?? '').toLowerCase()
  const step = Object.hasOwn(actions, action) ? actions[action] : undefined
  const unknown: Row = [400, 'VER_0003', 'invalid_action', 'There is no such action.']
  return step ? await step(dialect, exchange) : no(dialect, exchange, unknown)
}
