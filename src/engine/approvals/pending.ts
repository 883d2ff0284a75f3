import type { Challenge } from '#model/challenge.ts'
import { type Outcome, yes } from '#model/outcome.ts'
import type { Occasion } from '#ports/factor.ts'
import { type Decision, put, rows } from '#ports/store.ts'
import { isOpen } from '../answer/attempt.ts'
import type { Parts } from '../parts.ts'
import { type DeviceCall, hearDevice } from './devices.ts'

/** A request that waits for a device. */
export interface PendingRequest extends Occasion {
  readonly challenge: string
  readonly nonce: string
  /** Epoch ms. */
  readonly expiresAt: number
}

/** Whether a device may still answer it. */
export const mayBeAnswered = (it: Challenge, now: number): boolean =>
  isOpen(it) && it.answered === undefined && it.codeExpiresAt > now

/** What waits for this device, the newest first. That it has been fetched is noted: some callers tell whoever waits. */
export async function pendingRequests(parts: Parts, call: DeviceCall): Promise<Outcome<readonly PendingRequest[]>> {
  const known = await hearDevice(parts, call, 'list')
  if (known.no !== undefined) return known
  const { authenticator, factor } = known.yes
  const { tenant, user, id } = authenticator
  const refs = { all: rows('challenges', 'user', tenant, user) }
  const open = await parts.store.change(refs, ({ all }): Decision<readonly Challenge[]> => {
    const now = parts.clock.now()
    const mine = all.filter((it) => it.authenticator === id && it.purpose === 'login' && mayBeAnswered(it, now))
    const unseen = mine.filter((it) => it.seenAt === undefined)
    return { result: mine, writes: unseen.map((it) => put('challenges', { ...it, seenAt: now })) }
  })
  const told = open.flatMap((it) => {
    const about = factor.devices?.told(it.state)
    return about === undefined ? [] : [{ ...about, challenge: it.id, expiresAt: it.codeExpiresAt }]
  })
  return yes(told.sort((one, other) => other.at - one.at))
}
