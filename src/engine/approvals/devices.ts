import type { Authenticator } from '#model/authenticator.ts'
import type { TenantId } from '#model/ids.ts'
import { type Outcome, yes } from '#model/outcome.ts'
import type { Factor, Heard } from '#ports/factor.ts'
import { type Decision, put, row } from '#ports/store.ts'
import { removeAuthenticator } from '../authenticators.ts'
import { limits } from '../limits.ts'
import type { Caller, Parts } from '../parts.ts'
import { sealContext } from '../tools.ts'

/** Something a device has said, unchecked. */
export interface DeviceCall {
  /** `home` is needed: a statement is meant for one server. */
  readonly caller: Caller
  readonly statement: unknown
}

/** A device that has proved its key, and what it says. */
export interface Known {
  readonly authenticator: Authenticator
  readonly factor: Factor
  readonly heard: Heard
}

/** Whose statement it claims to be; undefined: nobody's here, or no statement. */
export async function claimedBy(
  parts: Parts,
  { caller, statement }: DeviceCall,
): Promise<
  { readonly authenticator: Authenticator; readonly factor: Factor; readonly challenge?: string } | undefined
> {
  for (const factor of parts.factors.values()) {
    const { key, challenge } = factor.devices?.names(statement) ?? {}
    if (key === undefined || !caller.tenant.factors.includes(factor.kind)) continue
    const by = { index: 'key', value: key } as const
    const [authenticator] = await parts.store.list('authenticators', caller.tenant.id, { by, limit: 1 })
    if (authenticator?.factor === factor.kind) return { authenticator, factor, ...(challenge && { challenge }) }
  }
  return undefined
}

/**
 * A confirmed device and what it wants, signed by its key, for this server and just now. A removed device is unknown, and a
 * clock that is off is told apart, so that the device can go by ours.
 */
export async function hearDevice(parts: Parts, call: DeviceCall, act: string): Promise<Outcome<Known>> {
  const claimed = await claimedBy(parts, call)
  if (claimed?.authenticator.state !== 'confirmed') return { no: 'authenticator-unknown' }
  const { authenticator, factor } = claimed
  const heard = await factor.devices?.hear(call.statement, authenticator.memory ?? {})
  if (heard?.act !== act || heard.audience !== call.caller.home) return { no: 'wrong-proof', factor: factor.kind }
  if (Math.abs(parts.clock.now() - heard.at) > limits.deviceClockSkew * 1_000) return { no: 'stale-proof' }
  return yes({ authenticator, factor, heard })
}

/** Keeps, sealed, where a device can be alerted, or forgets it. */
export async function subscribeDevice(parts: Parts, call: DeviceCall): Promise<Outcome<undefined>> {
  const known = await hearDevice(parts, call, 'subscribe')
  if (known.no !== undefined) return known
  const { authenticator, factor, heard } = known.yes
  const where = factor.devices?.alerted(heard.says)
  if (where === undefined) return { no: 'bad-secret' }
  return await changeOnce(parts, authenticator, heard, (it) => ({
    ...it,
    sealed: parts.keyring.seal(where, sealContext(it)),
  }))
}

/** A change a device asks for: obeyed once, and in the order of its own clock. */
function changeOnce(
  parts: Parts,
  { tenant, id }: Authenticator,
  { at }: Heard,
  change: (it: Authenticator) => Authenticator,
): Promise<Outcome<undefined>> {
  return parts.store.change({ it: row('authenticators', tenant, id) }, ({ it }): Decision<Outcome<undefined>> => {
    if (it?.state !== 'confirmed') return { result: { no: 'authenticator-unknown' } }
    if ((it.heardAt ?? 0) >= at) return { result: { no: 'stale-proof' } }
    return { result: yes(undefined), writes: [put('authenticators', { ...change(it), heardAt: at })] }
  })
}

/** The device goes, by its own word; the last factor stays while one is required (S-66). */
export async function leaveDevice(parts: Parts, call: DeviceCall): Promise<Outcome<undefined>> {
  const known = await hearDevice(parts, call, 'leave')
  if (known.no !== undefined) return known
  const { user, id } = known.yes.authenticator
  const removed = await removeAuthenticator(parts, call.caller, user, id)
  return removed.no === undefined ? yes(undefined) : removed
}

/** A push service says that it knows a device no more: it is not alerted again, and goes on asking by itself. */
export async function forgetAlert(
  parts: Pick<Parts, 'store' | 'keyring'>,
  tenant: TenantId,
  challenge: string,
  sent: string,
): Promise<void> {
  const found = await parts.store.get('challenges', tenant, challenge)
  const ref = { it: row('authenticators', tenant, found?.authenticator ?? '') }
  await parts.store.change(ref, ({ it }): Decision<undefined> => {
    // A newer subscription has taken its place meanwhile.
    const kept = it?.sealed === undefined ? '' : parts.keyring.openText(it.sealed, sealContext(it))
    if (it === undefined || !kept.includes(JSON.stringify(sent))) return { result: undefined }
    return { result: undefined, writes: [put('authenticators', { ...it, sealed: undefined })] }
  })
}
