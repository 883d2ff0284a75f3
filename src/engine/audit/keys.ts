import { generateSigningKey, importSigningKey, type SigningKey } from '#crypto/signing.ts'
import type { Artifact } from '#model/artifact.ts'
import { auditKeyRing } from '#model/audit.ts'
import type { TenantId } from '#model/ids.ts'
import { insert, put, row, type Write } from '#ports/store.ts'
import type { Parts } from '../parts.ts'

type KeyParts = Pick<Parts, 'store' | 'keyring' | 'clock'>

/** A key heads are or were signed with, as it is published. */
export interface AuditKey {
  readonly kid: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly createdAt: number
  /** Signs nothing since; its private half is gone. */
  readonly retiredAt?: number
}

interface RingPayload {
  readonly keys: readonly AuditKey[]
  /** Private JWK of the key that signs, sealed. */
  readonly sealed: string
}

const model = 'AuditKeys'

/** The context under which the private half of an audit key is sealed. */
export const auditKeyContext = (tenant: TenantId, kid: string): readonly string[] => ['audit-key', tenant, kid]

export interface AuditKeys {
  readonly signing: SigningKey
  readonly keys: readonly AuditKey[]
}

/** The keys of a tenant's audit chain, made now if there are none. They sign nothing else, and no token verifies with them. */
export async function auditKeys(parts: KeyParts, tenant: TenantId): Promise<AuditKeys> {
  const found = (await parts.store.get('artifacts', tenant, auditKeyRing)) ?? (await firstRing(parts, tenant))
  const { keys, sealed } = found.payload as unknown as RingPayload
  const active = keys.at(-1)
  if (active === undefined) throw new Error(`the audit key ring of ${tenant} is empty`)
  const jwk = JSON.parse(parts.keyring.openText(sealed, auditKeyContext(tenant, active.kid)))
  return { signing: importSigningKey(jwk), keys }
}

/** The public keys only; empty while nothing was signed yet. */
export async function publishedAuditKeys(parts: Pick<Parts, 'store'>, tenant: TenantId): Promise<readonly AuditKey[]> {
  const found = await parts.store.get('artifacts', tenant, auditKeyRing)
  return found === undefined ? [] : (found.payload as unknown as RingPayload).keys
}

/**
 * A new key signs from now on; heads of the old one stay verifiable, and its private half is erased. `also`: what commits
 * with it, such as the audit row that tells of it (S-146).
 */
export async function rotateAuditKey(
  parts: KeyParts,
  tenant: TenantId,
  also: (kid: string) => readonly Write[] = () => [],
): Promise<string> {
  await auditKeys(parts, tenant)
  const fresh = await newKey(parts, tenant)
  await parts.store.change({ ring: row('artifacts', tenant, auditKeyRing) }, ({ ring }) => {
    if (ring === undefined) throw new Error(`the audit key ring of ${tenant} is gone`)
    const before = (ring.payload as unknown as RingPayload).keys
    const retired = before.map((it) => ({ ...it, retiredAt: it.retiredAt ?? parts.clock.now() }))
    const payload = { keys: [...retired, fresh.key], sealed: fresh.sealed }
    return { result: undefined, writes: [put('artifacts', { ...ring, payload }), ...also(fresh.key.kid)] }
  })
  return fresh.key.kid
}

async function newKey(parts: KeyParts, tenant: TenantId): Promise<{ readonly key: AuditKey; readonly sealed: string }> {
  const { kid, publicJwk, privateJwk } = await generateSigningKey('EdDSA')
  const sealed = parts.keyring.seal(JSON.stringify(privateJwk), auditKeyContext(tenant, kid))
  return { key: { kid, publicJwk: { ...publicJwk }, createdAt: parts.clock.now() }, sealed }
}

/** Of several processes that make the first key one wins, and the others take its. */
async function firstRing(parts: KeyParts, tenant: TenantId): Promise<Artifact> {
  const { key, sealed } = await newKey(parts, tenant)
  const made: Artifact = { tenant, id: auditKeyRing, model, payload: { keys: [key], sealed } }
  return await parts.store.change({ ring: row('artifacts', tenant, auditKeyRing) }, ({ ring }) =>
    ring === undefined ? { result: made, writes: [insert('artifacts', made)] } : { result: ring },
  )
}
