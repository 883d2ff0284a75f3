import { z } from 'zod'
import type { Tenant } from '#model/tenant.ts'
import type { Factor, FactorTraits } from '#ports/factor.ts'
import { channelWord } from '../words.ts'
import { bodyOf, type Call, type Handler } from './call.ts'
import { changeSettings, type PhoneSettings, readPhoneSettings } from './settings.ts'
import { invalidBody, managementError, ok } from './wire.ts'

interface FactorRow {
  readonly name: string
  /** The kinds the name stands for, told from traits. */
  readonly is: (traits: FactorTraits) => boolean
  /** Needs another one beside it (auth0.md §4). */
  readonly dependent?: true
}

const never = () => false

/** The factors in the order in which they are listed (auth0.md §7.1). Keys are one factor here under two names. */
export const factorRows: readonly FactorRow[] = [
  { name: 'sms', is: ({ reach }) => reach === 'phone' },
  { name: 'push-notification', is: ({ proof }) => proof === 'approval' },
  { name: 'otp', is: ({ proof, channel }) => proof === 'code' && channel === 'app' },
  { name: 'email', is: ({ reach }) => reach === 'email', dependent: true },
  { name: 'duo', is: never },
  { name: 'webauthn-roaming', is: ({ proof }) => proof === 'assertion' },
  { name: 'webauthn-platform', is: ({ proof }) => proof === 'assertion', dependent: true },
  { name: 'recovery-code', is: ({ proof }) => proof === 'lookup', dependent: true },
]

type Kinds = readonly Factor[]
const kindsOf = ({ is }: FactorRow, call: Call): Kinds =>
  [...call.dialect.engine.parts.factors.values()].filter((it) => is(it.traits))

const isOn = (kinds: Kinds, tenant: Pick<Tenant, 'factors'>): boolean =>
  kinds.some((it) => tenant.factors.includes(it.kind))

/** `GET /guardian/factors` */
export const listFactors: Handler = async (call) =>
  ok(
    factorRows.map((it) => ({
      name: it.name,
      enabled: isOn(kindsOf(it, call), call.exchange.tenant),
      trial_expired: false,
    })),
  )

const switchSchema = z.object({ enabled: z.boolean() })

/**
 * `PUT /guardian/factors/{name}`: switches a factor of the tenant. A dependent one needs an independent one beside it;
 * with the last independent one the dependent ones are switched off too, so that any order of calls ends where it should.
 */
export const setFactor: Handler = async (call) => {
  const wanted = factorRows.find((it) => it.name === call.exchange.params.name)
  if (wanted === undefined) return managementError(404, 'factor_not_found', 'Factor not found')
  const read = bodyOf(call, switchSchema)
  if ('status' in read) return read
  const { enabled } = read.body
  const kinds = kindsOf(wanted, call)
  if (!enabled && wanted.name === 'webauthn-platform' && isOn(kinds, call.exchange.tenant)) {
    return invalidBody("Keys are one factor here, built in or not: switch 'webauthn-roaming' off instead.")
  }
  if (enabled && kinds.length === 0) return invalidBody(`The factor '${wanted.name}' is not available on this server.`)
  let alone = false
  await changeSettings(call, `factor ${wanted.name} ${enabled ? 'on' : 'off'}`, (tenant, phone) => {
    alone = enabled && wanted.dependent === true && !hasIndependent(call, tenant)
    if (alone || isOn(kinds, tenant) === enabled) return {}
    return { tenant: enabled ? switchOn(tenant, kinds, phone) : switchOff(call, tenant, kinds) }
  })
  if (alone) return invalidBody(`The factor '${wanted.name}' needs an independent factor to be enabled first.`)
  return ok({ enabled })
}

const independent = (call: Call): Kinds => factorRows.filter((it) => !it.dependent).flatMap((it) => kindsOf(it, call))
const hasIndependent = (call: Call, tenant: Tenant): boolean => isOn(independent(call), tenant)

/** Phones are reached as was chosen last, else by text message, which is the first of their kinds. */
function switchOn(tenant: Tenant, kinds: Kinds, { messageTypes }: PhoneSettings): Tenant {
  const chosen = kinds.filter((it) => messageTypes?.includes(channelWord(it.traits)))
  const on = chosen.length > 0 ? chosen : kinds.slice(0, 1)
  return { ...tenant, factors: [...tenant.factors, ...on.map((it) => it.kind)] }
}

function switchOff(call: Call, tenant: Tenant, kinds: Kinds): Tenant {
  const without = (factors: readonly string[], gone: Kinds) =>
    factors.filter((name) => !gone.some((it) => it.kind === name))
  const left = { ...tenant, factors: without(tenant.factors, kinds) }
  if (hasIndependent(call, left)) return left
  const dependent = factorRows.filter((it) => it.dependent).flatMap((it) => kindsOf(it, call))
  return { ...left, factors: without(left.factors, dependent) }
}

const phoneRow = factorRows[0] as FactorRow

/** `GET /guardian/factors/phone/message-types`: `[]` until some were chosen or the factor was switched on. */
export const getMessageTypes: Handler = async (call) => {
  const { messageTypes } = await readPhoneSettings(call)
  const on = kindsOf(phoneRow, call).filter((it) => call.exchange.tenant.factors.includes(it.kind))
  return ok({ message_types: on.length > 0 ? on.map((it) => channelWord(it.traits)) : (messageTypes ?? []) })
}

const messageTypes = z.object({
  message_types: z
    .array(z.enum(['sms', 'voice']))
    .min(1)
    .max(2),
})

/** `PUT /guardian/factors/phone/message-types`: takes effect at once where the factor is on, else when it is. */
export const setMessageTypes: Handler = async (call) => {
  const read = bodyOf(call, messageTypes)
  if ('status' in read) return read
  const types = [...new Set(read.body.message_types)]
  const phones = kindsOf(phoneRow, call)
  await changeSettings(call, 'phone message types', (tenant, phone) => {
    const remembered = { phone: { ...phone, messageTypes: types } }
    if (!isOn(phones, tenant)) return remembered
    const others = tenant.factors.filter((name) => !phones.some((it) => it.kind === name))
    const chosen = phones.filter((it) => types.some((type) => type === channelWord(it.traits)))
    return { ...remembered, tenant: { ...tenant, factors: [...others, ...chosen.map((it) => it.kind)] } }
  })
  return ok({ message_types: types })
}

/** `GET …/selected-provider`. */
export const getProvider: Handler = async (call) => {
  const { provider } = await readPhoneSettings(call)
  return ok({ provider: provider ?? 'phone-message-hook' })
}

const provider = z.object({ provider: z.enum(['auth0', 'twilio', 'phone-message-hook']) })

/** `PUT …/selected-provider`: remembered for those who ask; what really sends is said in the server's configuration. */
export const setProvider: Handler = async (call) => {
  const read = bodyOf(call, provider)
  if ('status' in read) return read
  await changeSettings(call, 'phone provider', (_tenant, phone) => ({ phone: { ...phone, ...read.body } }))
  return ok(read.body)
}
