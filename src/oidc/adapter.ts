import type { Adapter, Payload } from 'oidc-provider/lib/provider.js'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { Clock } from '#ports/clock.ts'
import type { Keyring } from '#ports/keyring.ts'
import { put, remove, row, type Store, upsert } from '#ports/store.ts'
import { artifactId } from './artifacts.ts'
import { clockOffset } from './clock.ts'

export interface AdapterParts {
  readonly store: Store
  readonly keyring: Keyring
  readonly clock: Clock
  readonly tenant: TenantId
  /** The library's own error for a thing used twice; handed in, since the library is loaded late. */
  readonly alreadyUsed: (model: string) => Error
  /** An application in the words of client metadata (RFC 7591), or undefined. */
  readonly findClient: (id: string) => Promise<Payload | undefined>
  /** What the session of this `uid` rests on, for codes, so that policy can ask again at a refresh. */
  readonly sessionOf: (sessionUid: string, client: string) => Promise<SessionSaid | undefined>
}

/** What a code says of the session it was given on. */
export interface SessionSaid {
  readonly proofs: readonly Proof[]
  readonly device?: string
  readonly sid: string
}

/** Payloads of these hold values that work as keys (cookies, device and user codes), so they are sealed as a whole. */
const sealedModels = new Set(['Session', 'Interaction', 'DeviceCode', 'BackchannelAuthenticationRequest'])
/** Members that are times; the library reads the machine's clock, ours may have been moved. */
const times = ['iat', 'exp', 'consumed', 'loginTs', 'authTime', 'iiat']
/** The library deletes what a grant gave one model at a time. */
const familyAtOnce = 1000

/**
 * The store as `oidc-provider` wants it: one adapter per model. Rows are the same the other lane of tokens uses:
 * digests for ids, no bearer value inside (S-35), and consuming is the conditional write only one caller wins (S-27).
 */
export function createAdapter(parts: AdapterParts): (model: string) => Adapter {
  return (model) => (model === 'Client' ? clientAdapter(parts) : artifactAdapter(parts, model))
}

function artifactAdapter(parts: AdapterParts, model: string): Adapter {
  const { store, tenant, clock } = parts
  const read = (found: Artifact | undefined): Payload | undefined => {
    if (found === undefined || found.model !== model) return undefined
    return movedTimes(openPayload(parts, found), -clockOffset(clock))
  }

  return {
    async upsert(id, payload, expiresIn) {
      const whole = { ...movedTimes(payload, clockOffset(clock)), ...(await proofsFor(parts, model, payload)) }
      const artifact = toArtifact(parts, model, id, whole, expiresIn)
      await store.change({}, () => ({ result: undefined, writes: [upsert('artifacts', artifact)] }))
    },
    async find(id) {
      const payload = read(await store.get('artifacts', tenant, artifactId(model, id)))
      // What is stored has no value in it; who asks by value gets it back.
      return payload === undefined || 'jti' in payload ? payload : { ...payload, jti: id }
    },
    async findByUid(uid) {
      const [found] = await store.list('artifacts', tenant, { by: { index: 'uid', value: uid }, limit: 1 })
      return read(found)
    },
    async findByUserCode(userCode) {
      const value = userCodeKey(parts, userCode)
      const [found] = await store.list('artifacts', tenant, { by: { index: 'userCode', value }, limit: 1 })
      return read(found)
    },
    async consume(id) {
      const at = Math.floor(clock.now() / 1000)
      const won = await store.change({ one: row('artifacts', tenant, artifactId(model, id)) }, ({ one }) =>
        one === undefined || one.consumedAt !== undefined
          ? { result: false }
          : {
              result: true,
              writes: [put('artifacts', { ...one, consumedAt: at, payload: { ...one.payload, consumed: at } })],
            },
      )
      if (!won) throw parts.alreadyUsed(model)
    },
    async destroy(id) {
      await store.change({}, () => ({
        result: undefined,
        writes: [remove('artifacts', tenant, artifactId(model, id))],
      }))
    },
    async revokeByGrantId(grantId) {
      const by = { index: 'grant', value: grantId } as const
      const family = await store.list('artifacts', tenant, { by, limit: familyAtOnce })
      const writes = family.filter((one) => one.model === model).map((one) => remove('artifacts', tenant, one.id))
      if (writes.length > 0) await store.change({}, () => ({ result: undefined, writes }))
    },
  }
}

/** Codes carry what was proved; the library knows nothing of it and leaves it alone. */
async function proofsFor(parts: AdapterParts, model: string, { sessionUid, clientId }: Payload): Promise<Payload> {
  if (!model.endsWith('Code') || typeof sessionUid !== 'string') return {}
  return { ...(await parts.sessionOf(sessionUid, String(clientId))) }
}

/** Applications are read afresh each time, so that a change to one counts at once; the library caches by content. */
function clientAdapter({ findClient }: AdapterParts): Adapter {
  const never = (): Promise<never> => Promise.reject(new Error('applications are not written by the library'))
  return {
    find: findClient,
    upsert: never,
    consume: never,
    destroy: never,
    findByUid: never,
    findByUserCode: never,
    revokeByGrantId: never,
  }
}

function toArtifact(parts: AdapterParts, model: string, id: string, payload: Payload, expiresIn: number): Artifact {
  const { tenant, clock } = parts
  const stored = artifactId(model, id)
  const consumed = typeof payload.consumed === 'number' ? payload.consumed : undefined
  return {
    tenant,
    id: stored,
    model,
    payload: sealedModels.has(model) ? sealPayload(parts, stored, payload) : withoutValue(payload, id),
    expiresAt: typeof payload.exp === 'number' ? payload.exp * 1000 : clock.now() + expiresIn * 1000,
    ...(typeof payload.grantId === 'string' && model !== 'Interaction' ? { grantId: payload.grantId } : {}),
    ...(model === 'Session' && typeof payload.uid === 'string' ? { uid: payload.uid } : {}),
    ...(typeof payload.userCode === 'string' ? { userCode: userCodeKey(parts, payload.userCode) } : {}),
    ...(typeof payload.accountId === 'string' ? { user: payload.accountId } : {}),
    ...(typeof payload.clientId === 'string' ? { client: payload.clientId } : {}),
    ...(consumed === undefined ? {} : { consumedAt: consumed }),
  }
}

function withoutValue(payload: Payload, id: string): Payload {
  const { jti, ...rest } = payload
  return jti === undefined || jti === id ? rest : payload
}

/** A payload that holds values which work as keys, sealed whole; what the store must see stays beside the seal. */
export function sealPayload(
  { keyring, tenant }: Pick<AdapterParts, 'keyring' | 'tenant'>,
  id: string,
  payload: Payload,
): Payload {
  const { kind, exp, consumed } = payload
  const sealed = keyring.seal(JSON.stringify(payload), sealContext(tenant, id))
  return { kind, exp, ...(consumed === undefined ? {} : { consumed }), sealed }
}

/** The payload of a row, opened where it is sealed; members beside the seal win over those inside. */
export function openPayload({ keyring, tenant }: Pick<AdapterParts, 'keyring' | 'tenant'>, found: Artifact): Payload {
  const { sealed, ...open } = found.payload
  if (typeof sealed !== 'string') return { ...open }
  return { ...(JSON.parse(keyring.openText(sealed, sealContext(tenant, found.id))) as Payload), ...open }
}

function sealContext(tenant: TenantId, id: string): readonly string[] {
  return ['artifact', tenant, id]
}

/** A user code is short, so a plain digest of it could be tried through; its keyed hash can not. */
export function userCodeKey({ keyring, tenant }: Pick<AdapterParts, 'keyring' | 'tenant'>, userCode: string): string {
  return keyring.mac(userCode, ['user-code', tenant])
}

function movedTimes(payload: Payload, seconds: number): Payload {
  if (seconds === 0) return payload
  const out = { ...payload }
  for (const name of times) {
    const value = out[name]
    if (typeof value === 'number') out[name] = value + seconds
  }
  return out
}
