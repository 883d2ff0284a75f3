import { z } from 'zod'
import type { KeyRule, Tenant } from '#model/tenant.ts'
import { bodyOf, type Call, type Handler } from './call.ts'
import { changeSettings } from './settings.ts'
import { invalidBody, ok } from './wire.ts'

/** `GET /guardian/factors/push-notification/selected-provider`: devices enrol with the server itself (docs/push.md). */
export const getPushProvider: Handler = async () => ok({ provider: 'guardian' })

const provider = z.object({ provider: z.enum(['guardian', 'sns', 'direct']) })

/** `PUT …/selected-provider`: there is no other to choose. */
export const setPushProvider: Handler = async (call) => {
  const read = bodyOf(call, provider)
  if ('status' in read) return read
  if (read.body.provider !== 'guardian') return invalidBody('Devices enrol with this server only: use guardian.')
  return ok(read.body)
}

const plain: KeyRule = { origins: [], attestation: 'none', roots: [], userVerification: 'preferred' }

const shown = ({ keys }: Pick<Tenant, 'keys'>) => ({
  userVerification: keys?.userVerification ?? plain.userVerification,
  overrideRelyingParty: keys?.rpId !== undefined,
  ...(keys?.rpId === undefined ? {} : { relyingPartyIdentifier: keys.rpId }),
})

/** `GET /guardian/factors/webauthn-{roaming,platform}/settings`: keys are one factor here, with one rule. */
export const getKeySettings: Handler = async ({ exchange }) => ok(shown(exchange.tenant))

const settings = z.object({
  userVerification: z.enum(['discouraged', 'preferred', 'required']),
  overrideRelyingParty: z.boolean().default(false),
  relyingPartyIdentifier: z.string().min(1).max(253).optional(),
})

/**
 * `PUT …/settings`: whether keys have to make sure of their user, and the domain they are bound to, which is the public
 * host or one above it, since at any other no browser would use them. The rest of the tenant's rule for keys stays.
 */
export const setKeySettings: Handler = async (call) => {
  const read = bodyOf(call, settings)
  if ('status' in read) return read
  const { userVerification, overrideRelyingParty, relyingPartyIdentifier: rpId } = read.body
  if (userVerification === 'discouraged')
    return invalidBody("'discouraged' is not supported: use 'preferred' or 'required'.")
  if (overrideRelyingParty && !(rpId !== undefined && isAbove(call, rpId))) {
    return invalidBody("The relyingPartyIdentifier must be the server's own domain or one above it.")
  }
  const made = (tenant: Tenant): Tenant => {
    const { rpId: _old, ...kept } = tenant.keys ?? plain
    return { ...tenant, keys: { ...kept, userVerification, ...(overrideRelyingParty && rpId ? { rpId } : {}) } }
  }
  await changeSettings(call, 'settings of keys', (tenant) => ({ tenant: made(tenant) }))
  return ok(shown(made(call.exchange.tenant)))
}

function isAbove({ exchange }: Call, domain: string): boolean {
  const host = new URL(exchange.base).hostname
  return host === domain || (domain.includes('.') && host.endsWith(`.${domain}`))
}
