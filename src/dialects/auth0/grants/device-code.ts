import { type DeviceRefusal, deviceRefs, planDevice, readDevice } from '#oidc/devices.ts'
import { redeem } from '../redeem.ts'
import type { Grant } from '../token-request.ts'
import { missing, noStore, oauthError } from '../wire.ts'

const invalid = oauthError(403, 'invalid_grant', 'Invalid or expired device code.')

/** Polling answers of RFC 8628 section 3.5. */
const refusals: Readonly<Record<DeviceRefusal, ReturnType<typeof oauthError>>> = {
  unknown: invalid,
  used: invalid,
  pending: oauthError(403, 'authorization_pending', 'User has yet to authorize device code.'),
  'slow-down': oauthError(429, 'slow_down', 'You are polling faster than the specified interval.'),
  expired: oauthError(403, 'expired_token', 'The device code has expired.'),
  denied: oauthError(403, 'access_denied', 'User cancelled the confirmation prompt.'),
}

/** `device_code`: polled for until a person has approved the device (auth0.md §1.4, RFC 8628). */
export const deviceCode: Grant = async (dialect, { exchange, application, grantType, params, dpopJkt }) => {
  if (params.device_code === undefined) return missing('device_code')
  const { parts } = dialect.engine
  const { keyring } = parts
  const question = {
    tenant: exchange.tenant.id,
    application,
    deviceCode: params.device_code,
    now: parts.clock.now(),
  }
  const looked = await readDevice(parts, question)
  if (looked.no !== undefined) return refusals[looked.no]
  const look = looked.yes
  const minted = await redeem(dialect, {
    exchange,
    application,
    grantType,
    dpopJkt,
    look,
    refs: deviceRefs(look),
    plan: (found, minted) => planDevice(found, { look, minted, keyring }),
  })
  return minted ? { status: 200, body: await minted.respond(), headers: noStore } : invalid
}
