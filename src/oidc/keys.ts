import { generateSigningKey, importSigningKey, type SigningKey, signingAlgorithms } from '#crypto/signing.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId } from '#model/ids.ts'
import type { SigningKeyRow, SigningKeyState } from '#model/signing-key.ts'
import type { SigningAlgorithm } from '#model/tenant.ts'
import type { Clock } from '#ports/clock.ts'
import type { Keyring } from '#ports/keyring.ts'
import { insert, put, row, type Store, type Write } from '#ports/store.ts'

/** Epoch ms a key has to be published for before it signs (S-43). */
export const publishedBeforeUse = 24 * 60 * 60 * 1000
/** How long another process may go on with the keys it has read, ms. */
export const keysCachedFor = 5_000
/** ID tokens live 36,000 s; no key leaves before the last of them. */
const longestIdToken = 36_000_000
/** Allowance for processes that still sign with the key just retired, and for clocks that differ. */
const retirementSlack = 60 * 60 * 1000

/** A key that may sign, or whose signatures are still accepted. */
export interface LoadedKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly state: SigningKeyState
  readonly createdAt: number
  /** Private half, ready to sign. */
  readonly signing: SigningKey
  readonly publicJwk: Readonly<Record<string, unknown>>
  /** Private JWK, for the library that signs on its own; never leaves the process. */
  readonly privateJwk: Readonly<Record<string, unknown>>
}

/** The keys of one tenant as they stood at one moment. Immutable; take a new one per request. */
export interface KeySnapshot {
  readonly tenant: TenantId
  /** Changes whenever any key does. */
  readonly version: string
  /** The key that signs with this algorithm. @throws Error when the snapshot was taken without it, a bug of the caller. */
  active(alg: SigningAlgorithm): LoadedKey
  /** A key of this tenant whose signatures count, whatever its state. */
  byKid(kid: string): LoadedKey | undefined
  readonly keys: readonly LoadedKey[]
  /** The published key set (RFC 7517 section 5): public members only (S-43). */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
}

export interface Rotation {
  readonly rotated: readonly { readonly alg: SigningAlgorithm; readonly active: string; readonly retired: string }[]
  /** Keys not yet published for a day; `readyAt` is epoch ms. */
  readonly tooYoung: readonly { readonly alg: SigningAlgorithm; readonly readyAt: number }[]
}

export interface TenantKeys {
  /** The tenant's keys, with an active and a next key for each of these algorithms, made now if there are none. */
  snapshot(tenant: TenantId, algorithms: readonly SigningAlgorithm[]): Promise<KeySnapshot>
  /**
   * Moves every ring of the tenant on: next → active, active → retired, and a new next.
   * A next key younger than a day is left alone unless `force` says the active one is compromised.
   */
  rotate(tenant: TenantId, options?: { readonly force?: boolean }): Promise<Rotation>
  /** Forgets what was read, so that the next snapshot reads anew. */
  forget(tenant: TenantId): void
}

/** The little row that says which key signs; it is what two processes race for. */
interface RingState {
  readonly active: string
  readonly next: string
  readonly turn: number
}

interface Cached {
  readonly snapshot: KeySnapshot
  readonly readAt: number
}

export interface TenantKeysOptions {
  readonly store: Store
  readonly keyring: Keyring
  readonly clock: Clock
}

/** The signing keys of all tenants, read through a cache that is at most 5 s old. */
export function createTenantKeys({ store, keyring, clock }: TenantKeysOptions): TenantKeys {
  const cache = new Map<TenantId, Cached>()
  const reading = new Map<TenantId, Promise<KeySnapshot>>()
  const making = new Map<string, Promise<void>>()

  async function read(tenant: TenantId): Promise<KeySnapshot> {
    const before = cache.get(tenant)?.snapshot
    const now = clock.now()
    const rows = await store.list('signing_keys', tenant, { limit: 1000 })
    const live = rows.filter((key) => key.expiresAt === undefined || key.expiresAt > now)
    const version = live
      .map((key) => `${key.id}:${key.state}`)
      .sort()
      .join(' ')
    const snapshot =
      before?.version === version
        ? before
        : buildSnapshot(
            tenant,
            version,
            live.map((key) => load(key, before)),
          )
    cache.set(tenant, { snapshot, readAt: now })
    return snapshot
  }

  function load(key: SigningKeyRow, before: KeySnapshot | undefined): LoadedKey {
    const known = before?.byKid(key.id)
    if (known !== undefined) return { ...known, state: key.state }
    const privateJwk = JSON.parse(keyring.openText(key.sealed, sealContext(key.tenant, key.id))) as Record<
      string,
      unknown
    >
    return {
      kid: key.id,
      alg: key.alg,
      state: key.state,
      createdAt: key.createdAt,
      signing: importSigningKey(privateJwk),
      publicJwk: key.publicJwk,
      privateJwk,
    }
  }

  /** One read at a time a tenant, however many requests wait for it. */
  function fresh(tenant: TenantId): Promise<KeySnapshot> {
    const under = reading.get(tenant)
    if (under !== undefined) return under
    const promise = read(tenant).finally(() => reading.delete(tenant))
    reading.set(tenant, promise)
    return promise
  }

  async function current(tenant: TenantId): Promise<KeySnapshot> {
    const cached = cache.get(tenant)
    // The development clock may also be set back; a negative age counts as stale.
    const age = cached === undefined ? -1 : clock.now() - cached.readAt
    return cached !== undefined && age >= 0 && age < keysCachedFor ? cached.snapshot : fresh(tenant)
  }

  async function newKey(tenant: TenantId, alg: SigningAlgorithm, state: SigningKeyState): Promise<SigningKeyRow> {
    const { kid: id, publicJwk, privateJwk } = await generateSigningKey(alg)
    const now = clock.now()
    return {
      tenant,
      id,
      alg,
      state,
      publicJwk: { ...publicJwk },
      sealed: keyring.seal(JSON.stringify(privateJwk), sealContext(tenant, id)),
      createdAt: now,
      ...(state === 'active' ? { activatedAt: now } : {}),
    }
  }

  /** Makes the first two keys of an algorithm; of several processes that try, one wins and the others take its keys. */
  async function found(tenant: TenantId, alg: SigningAlgorithm): Promise<void> {
    if ((await store.get('artifacts', tenant, ringId(alg))) === undefined) {
      const [active, next] = await Promise.all([newKey(tenant, alg, 'active'), newKey(tenant, alg, 'next')])
      await store.change({ ring: row('artifacts', tenant, ringId(alg)) }, ({ ring }) =>
        ring !== undefined
          ? { result: undefined }
          : {
              result: undefined,
              writes: [
                insert('artifacts', ringRow(tenant, alg, { active: active.id, next: next.id, turn: 1 })),
                insert('signing_keys', active),
                insert('signing_keys', next),
              ],
            },
      )
    }
    cache.delete(tenant)
    // A read begun before the commit must not be the one that is believed.
    reading.delete(tenant)
  }

  function foundOnce(tenant: TenantId, alg: SigningAlgorithm): Promise<void> {
    const name = `${tenant} ${alg}`
    const under = making.get(name)
    if (under !== undefined) return under
    const promise = found(tenant, alg).finally(() => making.delete(name))
    making.set(name, promise)
    return promise
  }

  async function turn(tenant: TenantId, alg: SigningAlgorithm, force: boolean): Promise<Partial<Rotation>> {
    const ring = await store.get('artifacts', tenant, ringId(alg))
    if (ring === undefined) return {}
    const state = readRing(ring)
    const fresh = await newKey(tenant, alg, 'next')
    const apis = await store.list('apis', tenant, { limit: 1000 })
    const longest = Math.max(longestIdToken, 86_400_000, ...apis.map((api) => api.accessTokenLifetime * 1000))
    return store.change(
      {
        ring: row('artifacts', tenant, ringId(alg)),
        active: row('signing_keys', tenant, state.active),
        next: row('signing_keys', tenant, state.next),
      },
      (now): { result: Partial<Rotation>; writes?: Write[] } => {
        // Another process has turned it meanwhile: that was the rotation asked for.
        if (now.ring === undefined || readRing(now.ring).turn !== state.turn) return { result: {} }
        if (now.next === undefined || now.active === undefined) throw new Error(`key ring ${tenant}/${alg} lost a key`)
        const readyAt = now.next.createdAt + publishedBeforeUse
        const time = clock.now()
        if (!force && readyAt > time) return { result: { tooYoung: [{ alg, readyAt }] } }
        return {
          result: { rotated: [{ alg, active: state.next, retired: state.active }] },
          writes: [
            put('artifacts', ringRow(tenant, alg, { active: state.next, next: fresh.id, turn: state.turn + 1 })),
            put('signing_keys', { ...now.next, state: 'active', activatedAt: time }),
            put('signing_keys', {
              ...now.active,
              state: 'retired',
              retiredAt: time,
              expiresAt: time + longest + retirementSlack,
            }),
            insert('signing_keys', fresh),
          ],
        }
      },
    )
  }

  const lacks = (snapshot: KeySnapshot, alg: SigningAlgorithm): boolean =>
    !snapshot.keys.some((key) => key.alg === alg && key.state === 'active')

  return {
    async snapshot(tenant, algorithms) {
      const snapshot = await current(tenant)
      const missing = algorithms.filter((alg) => lacks(snapshot, alg))
      if (missing.length === 0) return snapshot
      await Promise.all([...new Set(missing)].map((alg) => foundOnce(tenant, alg)))
      return fresh(tenant)
    },
    async rotate(tenant, options = {}) {
      const rotated: Rotation['rotated'][number][] = []
      const tooYoung: Rotation['tooYoung'][number][] = []
      for (const alg of signingAlgorithms) {
        const result = await turn(tenant, alg, options.force ?? false)
        rotated.push(...(result.rotated ?? []))
        tooYoung.push(...(result.tooYoung ?? []))
      }
      cache.delete(tenant)
      reading.delete(tenant)
      return { rotated, tooYoung }
    },
    forget(tenant) {
      cache.delete(tenant)
    },
  }
}

function buildSnapshot(tenant: TenantId, version: string, keys: readonly LoadedKey[]): KeySnapshot {
  const byKid = new Map(keys.map((key) => [key.kid, key]))
  const active = new Map(keys.filter((key) => key.state === 'active').map((key) => [key.alg, key]))
  // The key that signs first: clients that take the first of a kind are right most of the time.
  const order: Record<SigningKeyState, number> = { active: 0, next: 1, retired: 2 }
  const published = [...keys].sort((a, b) => order[a.state] - order[b.state] || a.createdAt - b.createdAt)
  return {
    tenant,
    version,
    keys,
    active(alg) {
      const key = active.get(alg)
      if (key === undefined) throw new Error(`no ${alg} key in this snapshot of tenant ${tenant}`)
      return key
    },
    byKid: (kid) => byKid.get(kid),
    jwks: { keys: published.map((key) => publicMembers(key)) },
  }
}

/** Public members by name: a private one can not slip through because it is not on the list. */
function publicMembers(key: LoadedKey): Readonly<Record<string, unknown>> {
  const out: Record<string, unknown> = { kty: key.publicJwk.kty, use: 'sig', alg: key.alg, kid: key.kid }
  for (const name of ['crv', 'x', 'y', 'n', 'e']) {
    if (key.publicJwk[name] !== undefined) out[name] = key.publicJwk[name]
  }
  return out
}

function sealContext(tenant: TenantId, kid: string): readonly string[] {
  return ['signing-key', tenant, kid]
}

function ringId(alg: SigningAlgorithm): string {
  return `SigningRing:${alg}`
}

function ringRow(tenant: TenantId, alg: SigningAlgorithm, state: RingState): Artifact {
  return { tenant, id: ringId(alg), model: 'SigningRing', payload: { ...state } }
}

function readRing(ring: Artifact): RingState {
  return ring.payload as unknown as RingState
}
