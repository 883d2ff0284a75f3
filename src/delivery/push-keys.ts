import { newPushKeyPair, type PushKeyPair } from '#crypto/push-key.ts'
import type { TenantId } from '#model/ids.ts'
import type { Keyring } from '#ports/keyring.ts'
import { type Decision, insert, row, type Store } from '#ports/store.ts'

const model = 'PushKey'
const id = `${model}:current`

/** The keys of all tenants, each made once, when first asked for, and kept sealed: subscriptions are bound to them. */
export interface PushKeys {
  readonly of: (tenant: TenantId) => Promise<PushKeyPair>
}

export function createPushKeys({ store, keyring }: { readonly store: Store; readonly keyring: Keyring }): PushKeys {
  const known = new Map<TenantId, PushKeyPair>()

  async function read(tenant: TenantId): Promise<PushKeyPair> {
    const fresh = await newPushKeyPair()
    // Of two processes that make one at once, the first wins.
    const kept = await store.change({ it: row('artifacts', tenant, id) }, ({ it }): Decision<PushKeyPair> => {
      if (it !== undefined) {
        const { publicKey, sealed } = it.payload as { readonly publicKey: string; readonly sealed: string }
        return { result: { publicKey, privateKey: keyring.openText(sealed, [model, tenant]) } }
      }
      const payload = { publicKey: fresh.publicKey, sealed: keyring.seal(fresh.privateKey, [model, tenant]) }
      return { result: fresh, writes: [insert('artifacts', { tenant, id, model, payload })] }
    })
    known.set(tenant, kept)
    return kept
  }

  return { of: async (tenant) => known.get(tenant) ?? (await read(tenant)) }
}
