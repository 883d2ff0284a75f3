import { lengthPrefixed, tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import { type Decision, insert, type OneRef, put, remove, row, rows, type Write } from '#ports/store.ts'
import { audit } from './events.ts'
import { waitSeconds } from './ladder.ts'
import { limits } from './limits.ts'
import type { Caller, Parts } from './parts.ts'

const model = 'TrustedDevice'

/** A browser a user wants remembered: a convenience, no authenticator (S-48). */
export interface TrustedDevice {
  /** Row id; names the device in lists. Not a secret. */
  readonly id: string
  readonly user: UserId
  readonly client: string
  /** Public key whose private half cannot leave the browser (JWK). */
  readonly key: Readonly<Record<string, unknown>>
  readonly name?: string
  readonly userAgent: string
  readonly address: string
  /** Epoch ms. */
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly expiresAt: number
}

interface Payload extends Pick<TrustedDevice, 'key' | 'name' | 'userAgent' | 'address' | 'createdAt' | 'lastUsedAt'> {
  /** What the account was like when the device was trusted. */
  readonly stamp: string
}

/** The row of a device, by the secret the browser holds; only the digest is stored (S-47). */
export const trustedDeviceId = (secret: string): string => `${model}:${tokenDigest(secret)}`

/** What a change has to load to know what the caller's device is worth. */
export const deviceRef = (caller: Caller): OneRef<'artifacts'> =>
  row('artifacts', caller.tenant.id, caller.trustedDevice ?? '')

/**
 * Everything whose change ends the trust, as one text: the password, and each authenticator with its state and, for
 * saved codes, its last use. So it dies by itself, whoever changes a factor and wherever (S-47).
 */
function stampOf(parts: Pick<Parts, 'factors'>, user: User, authenticators: readonly Authenticator[]): string {
  const held = authenticators
    .filter((it) => it.state !== 'pending')
    .map((it) => {
      const saved = parts.factors.get(it.factor)?.traits.proof === 'lookup'
      return `${it.id} ${it.state} ${it.target ?? ''} ${saved ? (it.lastUsedAt ?? '') : ''}`
    })
  return tokenDigest(lengthPrefixed([String(user.passwordChangedAt ?? 0), ...held.sort()]).toString('latin1'))
}

/** Whether the device still stands for what it was trusted for. A locked factor suspends it. */
export function isTrusted(
  parts: Pick<Parts, 'factors'>,
  device: Artifact | undefined,
  account: { readonly user: User; readonly authenticators: readonly Authenticator[] },
  now: number,
): boolean {
  if (device === undefined || device.model !== model || device.user !== account.user.id) return false
  if ((device.expiresAt ?? 0) <= now || account.user.blocked) return false
  if (account.authenticators.some((it) => waitSeconds(it, now) > 0)) return false
  return (device.payload as unknown as Payload).stamp === stampOf(parts, account.user, account.authenticators)
}

/** s; 0 where none is remembered. What the application says comes before what the tenant says. */
export const trustLifetime = ({ tenant, application }: Pick<Caller, 'tenant' | 'application'>): number =>
  application.trustedDeviceSeconds ?? tenant.limits?.trustedDeviceSeconds ?? limits.trustedDevice

/** Whether a device is young enough for this application, wherever it was trusted. */
export const isYoungEnough = (caller: Caller, device: Artifact | undefined, now: number): boolean =>
  device !== undefined && now - (device.payload as unknown as Payload).createdAt < trustLifetime(caller) * 1_000

const accountRefs = (tenant: TenantId, user: UserId) => ({
  user: row('users', tenant, user),
  authenticators: rows('authenticators', 'user', tenant, user),
})

/**
 * Remembers this browser, after a second factor was proved in it. Answers the secret for the browser to keep: 256 bits,
 * shown once. Undefined: there is no such user, or the tenant remembers no devices.
 */
export async function trustDevice(
  parts: Parts,
  caller: Caller,
  user: UserId,
  it: { readonly key: Readonly<Record<string, unknown>>; readonly name?: string },
): Promise<{ readonly secret: string; readonly id: string } | undefined> {
  const tenant = caller.tenant.id
  const lifetime = trustLifetime(caller)
  if (lifetime === 0) return undefined
  const secret = parts.random.token()
  const id = trustedDeviceId(secret)
  return await parts.store.change(
    accountRefs(tenant, user),
    (found): Decision<{ secret: string; id: string } | undefined> => {
      if (found.user === undefined) return { result: undefined }
      const now = parts.clock.now()
      const payload: Payload = {
        ...it,
        userAgent: caller.userAgent.slice(0, 300),
        address: caller.address,
        createdAt: now,
        lastUsedAt: now,
        stamp: stampOf(parts, found.user, found.authenticators),
      }
      const device: Artifact = {
        tenant,
        id,
        model,
        user,
        client: caller.application.id,
        payload: { ...payload },
        expiresAt: now + lifetime * 1_000,
      }
      return {
        result: { secret, id },
        writes: [insert('artifacts', device), audit(parts, caller, 'device.trusted', { user })],
      }
    },
  )
}

/** A device by its row; undefined when it is gone or over. What it is worth is judged where tokens are. */
export async function readTrustedDevice(
  parts: Pick<Parts, 'store' | 'clock'>,
  tenant: TenantId,
  id: string,
): Promise<TrustedDevice | undefined> {
  const found = await parts.store.get('artifacts', tenant, id)
  return found !== undefined && found.model === model && (found.expiresAt ?? 0) > parts.clock.now()
    ? deviceOf(found)
    : undefined
}

/** The devices a user has told to be remembered and that still count, newest first. */
export async function listTrustedDevices(
  parts: Pick<Parts, 'store' | 'clock' | 'factors'>,
  tenant: TenantId,
  user: UserId,
): Promise<readonly TrustedDevice[]> {
  const by = { index: 'user', value: user } as const
  const [owner, artifacts, authenticators] = await Promise.all([
    parts.store.get('users', tenant, user),
    parts.store.list('artifacts', tenant, { by, limit: 1_000 }),
    parts.store.list('authenticators', tenant, { by, limit: 1_000 }),
  ])
  if (owner === undefined) return []
  const now = parts.clock.now()
  return artifacts
    .filter((it) => isTrusted(parts, it, { user: owner, authenticators }, now))
    .map(deviceOf)
    .sort((a, b) => b.createdAt - a.createdAt)
}

/** Notes that a device was used, at most once a minute. */
export async function noteDeviceUse(parts: Parts, caller: Caller): Promise<void> {
  await parts.store.change({ device: deviceRef(caller) }, ({ device }): Decision<undefined> => {
    const now = parts.clock.now()
    const used = (device?.payload as unknown as Payload | undefined)?.lastUsedAt ?? now
    if (device === undefined || now - used < 60_000) return { result: undefined }
    const payload = { ...device.payload, lastUsedAt: now, address: caller.address }
    return { result: undefined, writes: [put('artifacts', { ...device, payload })] }
  })
}

/** Forgets a device of this user; false when it is not theirs. */
export async function forgetTrustedDevice(parts: Parts, caller: Caller, user: UserId, id: string): Promise<boolean> {
  const tenant = caller.tenant.id
  return await parts.store.change({ device: row('artifacts', tenant, id) }, ({ device }): Decision<boolean> => {
    if (device === undefined || device.model !== model || device.user !== user) return { result: false }
    const writes: Write[] = [remove('artifacts', tenant, id), audit(parts, caller, 'device.forgotten', { user })]
    return { result: true, writes }
  })
}

/** Forgets every device of a user: each asks for the second factor again at its next login. Answers how many. */
export async function forgetTrustedDevices(parts: Parts, caller: Caller, user: UserId): Promise<number> {
  const tenant = caller.tenant.id
  return await parts.store.change(
    { artifacts: rows('artifacts', 'user', tenant, user) },
    ({ artifacts }): Decision<number> => {
      const devices = artifacts.filter((it) => it.model === model)
      return {
        result: devices.length,
        writes: devices.flatMap((it) => [
          remove('artifacts', tenant, it.id),
          audit(parts, caller, 'device.forgotten', { user, actor: 'client' }),
        ]),
      }
    },
  )
}

function deviceOf(row: Artifact): TrustedDevice {
  const { stamp: _stamp, ...shown } = row.payload as unknown as Payload
  return { ...shown, id: row.id, user: row.user as UserId, client: row.client ?? '', expiresAt: row.expiresAt ?? 0 }
}
