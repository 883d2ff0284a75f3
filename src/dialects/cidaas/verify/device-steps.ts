import { decide } from '#engine/approvals/decide.ts'
import { claimedBy } from '#engine/approvals/devices.ts'
import { type PendingRequest, pendingRequests } from '#engine/approvals/pending.ts'
import type { Caller } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { exchangeIdOf, inputOf, isUuid } from '../input.ts'
import { iso, missingAt, ok, type Row, refuseAt, said, sayAt } from '../wire.ts'
import { methodWord } from '../words.ts'
import {
  type DeviceStage,
  type Exchanging,
  exchangeObject,
  moveExchange,
  readExchange,
  readExchangeRow,
  rowOfChallenge,
} from './exchanges.ts'
import { readStatus, type StatusWord } from './statuses.ts'
import { progressOf } from './statuses-of-devices.ts'

/**
 * Steps of a device by cidaas' paths (cidaas.md §4.7). There they rest on ids a device sends; here every one carries a
 * `statement` signed by the device's key as well (docs/push.md), and there is no plain yes (S-86, S-88).
 */
const notTheDevice: Row = [
  417,
  'VER_0040',
  'device_mismatch',
  'The step has to be signed by the device that was asked.',
]

interface Step {
  readonly exchange: Exchange
  readonly it: Exchanging
  readonly application: Application
  readonly caller: Caller
}

/** The exchange of a step: by the id of the step before, or at first by the name its request has on the device. */
async function stepOf(dialect: Dialect, exchange: Exchange, stages: readonly string[]): Promise<Step | Answer> {
  const say = (row: Row): Answer => sayAt(dialect, exchange, row)
  const word = methodWord(exchange.params.method)
  if (word === undefined) return say(said.unknownMethod)
  const id = exchangeIdOf(inputOf(exchange))
  if (id === undefined) return missingAt(dialect, exchange)
  const tenant = exchange.tenant.id
  const it = isUuid(id)
    ? await readExchange(dialect, tenant, id)
    : await readExchangeRow(dialect, tenant, rowOfChallenge(id))
  if (it === undefined || it.word !== word || !stages.includes(it.stage)) return say(said.unknownExchange)
  if (it.endsAt <= dialect.engine.parts.clock.now()) return refuseAt(dialect, exchange, { no: 'challenge-expired' })
  const application = await dialect.engine.parts.store.get('applications', tenant, it.client)
  if (application === undefined) return say(said.unknownExchange)
  return { exchange, it, application, caller: callerOf(exchange, application) }
}

/** A device that is called by another name than its own is none (VER_0040). */
async function isNamedRight(dialect: Dialect, { caller, exchange }: Step): Promise<boolean> {
  const input = inputOf(exchange)
  const named = input.text('device_id')
  const claimed = await claimedBy(dialect.engine.parts, { caller, statement: input.raw('statement') })
  if (claimed === undefined) return false
  return named === undefined || named === claimed.authenticator.id || named === claimed.authenticator.key
}

/** A signed step that only says that the device is there: what it may know of the request, or the refusal. */
async function presence(dialect: Dialect, step: Step): Promise<PendingRequest | Answer> {
  const { exchange, caller, it } = step
  if (!(await isNamedRight(dialect, step))) return sayAt(dialect, exchange, notTheDevice)
  const statement = inputOf(exchange).raw('statement')
  const waiting = await pendingRequests(dialect.engine.parts, { caller, statement })
  if (waiting.no !== undefined) return sayAt(dialect, exchange, notTheDevice)
  return waiting.yes.find((one) => one.challenge === it.challenge) ?? sayAt(dialect, exchange, notTheDevice)
}

const goTo =
  (from: readonly string[], to: DeviceStage, status: StatusWord, more: object) =>
  async (dialect: Dialect, exchange: Exchange): Promise<Answer> => {
    const step = await stepOf(dialect, exchange, from)
    if ('status' in step) return step
    const request = await presence(dialect, step)
    if ('status' in request) return request
    const next = await moveExchange(dialect, exchange.tenant.id, step.it, to, status)
    if (next === undefined) return sayAt(dialect, exchange, said.unknownExchange)
    return ok({ ...core(dialect, step, next), ...more, request: shownTo(request) })
  }

/** `push/acknowledge`: the device has the request. */
export const acknowledge = goTo(['initiated'], 'acknowledged', 'PUSH_ACKNOWLEDGED', {})

/** `allow`: somebody looks at it. The number is typed and not chosen from a list, so none is sent (S-86). */
export const allow = goTo(['acknowledged'], 'allowed', 'ALLOWED', { push_random_numbers: [] })

/** `deny` and `reject`: a signed no. "This was not me" is the device's `report`. */
export async function deny(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const step = await stepOf(dialect, exchange, ['initiated', 'acknowledged', 'allowed'])
  if ('status' in step) return step
  const heard = await decided(dialect, step, 'answer')
  if (heard !== undefined) return heard
  await nowOf(dialect, step)
  return ok(core(dialect, step, dialect.engine.parts.random.id()))
}

/** The last word of a device, by the path of verifications: its yes with the number that was shown at the login. */
export async function decideStep(dialect: Dialect, exchange: Exchange, it: Exchanging): Promise<Answer> {
  const step = await stepOf(dialect, exchange, ['allowed'])
  if ('status' in step) return step
  const heard = await decided(dialect, step, 'answer')
  if (heard !== undefined) return heard
  const now = await nowOf(dialect, step)
  if (now === 'DENIED') return refuseAt(dialect, exchange, { no: 'declined' })
  const id = dialect.engine.parts.random.id()
  return ok({ exchange_id: exchangeObject(dialect, id, it.endsAt), sub: it.sub, status_id: it.statusId })
}

/** `setup/:method/scan`: the key of a new device, signed with itself and bound by the secret of the link. */
export async function scan(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const step = await stepOf(dialect, exchange, ['initiated'])
  if ('status' in step) return step
  const heard = await decided(dialect, step, 'enrol')
  if (heard !== undefined) return heard
  const next = await moveExchange(dialect, exchange.tenant.id, step.it, 'scanned', 'SCANNED')
  if (next === undefined) return sayAt(dialect, exchange, said.unknownExchange)
  return ok({ ...core(dialect, step, next), user_info: { sub: step.it.sub }, push_random_numbers: [] })
}

/** `setup/devices/notifications`: what waits for this device. */
export async function notifications(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const { tenant } = exchange
  const statement = inputOf(exchange).raw('statement')
  const nobody = { id: '', name: '' } as unknown as Application
  const waiting = await pendingRequests(dialect.engine.parts, { caller: callerOf(exchange, nobody), statement })
  if (waiting.no !== undefined) return sayAt(dialect, exchange, notTheDevice)
  return ok(
    waiting.yes.map((it) => ({
      tenant_name: tenant.name,
      tenant_key: tenant.id,
      verification_type: 'PUSH',
      requested_types: ['PUSH'],
      request_time: iso(it.at),
      expires_at: iso(it.expiresAt),
      exchange_id: it.challenge,
      client_name: it.application,
      message: '',
      request: shownTo(it),
    })),
  )
}

/** Hands the device's word to the engine. An answer: why it does not count. */
async function decided(dialect: Dialect, step: Step, act: 'enrol' | 'answer'): Promise<Answer | undefined> {
  const { exchange, caller, it } = step
  const statement = inputOf(exchange).raw('statement')
  if (!(await isNamedRight(dialect, step))) return sayAt(dialect, exchange, notTheDevice)
  const claimed = await claimedBy(dialect.engine.parts, { caller, statement })
  // A statement names its challenge; one for another request does not move this one.
  const challenge = await dialect.engine.parts.store.get('challenges', exchange.tenant.id, it.challenge ?? '')
  const isOther =
    act === 'answer' ? claimed?.challenge !== it.challenge : challenge?.authenticator !== claimed?.authenticator.id
  if (challenge === undefined || isOther) return sayAt(dialect, exchange, notTheDevice)
  const heard = await decide(dialect.engine.parts, { caller, statement }, act)
  return heard.no === undefined ? undefined : refuseAt(dialect, exchange, heard)
}

async function nowOf(dialect: Dialect, { exchange, it }: Step): Promise<StatusWord | undefined> {
  const status = await readStatus(dialect, exchange.tenant.id, it.statusId)
  return status && (await progressOf(dialect, exchange, status))
}

function core(dialect: Dialect, { exchange, it, application }: Step, next: string): object {
  const input = inputOf(exchange)
  return {
    exchange_id: exchangeObject(dialect, next, it.endsAt),
    sub: it.sub,
    status_id: it.statusId,
    push_id: input.text('push_id'),
    device_id: input.text('device_id'),
    client_id: input.text('client_id'),
    client_name: application.name,
    message: '',
    address: {},
    device_info: {},
  }
}

/** What a device signs when it answers. */
const shownTo = ({ challenge, nonce, application, place, at }: PendingRequest): object => ({
  challenge,
  nonce,
  application,
  place,
  at,
})
