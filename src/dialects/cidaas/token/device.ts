import { audit } from '#engine/events.ts'
import type { Outcome } from '#model/outcome.ts'
import { type DeviceRefusal, deviceRefs, planDevice, readDevice } from '#oidc/devices.ts'
import type { Minted } from '#oidc/mint.ts'
import type { Decision } from '#ports/store.ts'
import { deviceGrantType } from '../device/start.ts'
import { callerOf } from '../dialect.ts'
import { noStore, oauthError } from '../wire.ts'
import { answerOf, mint, orderFor } from './claims.ts'
import type { Grant } from './token.ts'

export { deviceGrantType }

/** Where a device stands, in the words of RFC 8628 section 3.5. */
const refusals: Readonly<Record<DeviceRefusal, readonly [error: string, description: string]>> = {
  unknown: ['invalid_grant', 'The device code is unknown.'],
  expired: ['expired_token', 'The device code has expired.'],
  pending: ['authorization_pending', 'Nobody has approved yet.'],
  'slow-down': ['slow_down', 'Ask five seconds less often.'],
  denied: ['access_denied', 'The request was denied.'],
  used: ['invalid_grant', 'The device code was used before.'],
}

const refused = (no: DeviceRefusal) => oauthError(400, ...refusals[no])

/** A device asks whether somebody has approved (cidaas.md §2.10). */
export const deviceGrant: Grant = async (dialect, { exchange, application, params }) => {
  const { device_code: deviceCode } = params
  if (deviceCode === undefined) return oauthError(400, 'invalid_request', 'Missing required parameter: device_code')
  const { parts } = dialect.engine
  const now = parts.clock.now()
  const looked = await readDevice(parts, { tenant: exchange.tenant.id, application, deviceCode, now })
  if (looked.no !== undefined) return refused(looked.no)
  const look = looked.yes
  const user = await parts.store.get('users', exchange.tenant.id, look.user)
  if (user === undefined || user.blocked) return refused('denied')
  const order = await orderFor(dialect, exchange, application)
  const { assurance, proofs, scope, sid } = look
  const granted = { user, subject: user.id, assurance, proofs, scope, sid, grantType: deviceGrantType }
  const { minted, writes } = mint(exchange, { ...order, ...granted, revocable: true })
  const caller = callerOf(exchange, application)
  const outcome = await parts.store.change(deviceRefs(look), (found): Decision<Outcome<Minted>> => {
    const plan = planDevice(found, { look, minted: { ...minted, writes }, keyring: parts.keyring })
    const fields = { user: user.id, details: { grant: 'device_code' } }
    const failed = plan.no === undefined ? {} : { outcome: 'failure' as const, reason: plan.no }
    const event = audit(parts, caller, 'login.granted', { ...fields, ...failed })
    return { result: plan.yes ? { yes: plan.yes } : { no: 'challenge-unknown' }, writes: [...plan.writes, event] }
  })
  if (outcome.no !== undefined) return refused('used')
  return { status: 200, headers: noStore, body: answerOf(await outcome.yes.respond(), user, sid) }
}
