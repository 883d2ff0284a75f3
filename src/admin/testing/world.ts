import { createKeyring } from '#crypto/keyring.ts'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { seededRandom } from '#crypto/seeded-random.ts'
import type { Parts } from '#engine/parts.ts'
import { factorMap } from '#factors/index.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { Store } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'

/** TESTS ONLY: everything the engine works with, on a store in memory and a clock that stands still. */
export async function testParts() {
  const store: Store = await openStore('sqlite::memory:')
  let time = Date.UTC(2026, 10, 1)
  const parts: Parts = {
    store,
    clock: { now: () => time },
    random: seededRandom('admin'),
    keyring: createKeyring([Buffer.alloc(32, 7)]),
    // Cheap on purpose: these tests are about who may do what, not about the cost of a hash.
    passwords: createPasswordHasher({ params: { memory: 32, passes: 1, parallelism: 1 } }),
    factors: factorMap(),
    channels: new Set(['sms', 'voice', 'email']),
    nudge: () => {},
    addressExempt: () => true,
  }
  return {
    parts,
    store,
    pass(ms: number) {
      time += ms
    },
    /** Everything a tenant has, as one text: what a dump would show. */
    async dump(tenant: TenantId = asId<TenantId>('demo')) {
      const tables = ['tenants', 'applications', 'apis', 'users', 'authenticators', 'events', 'messages'] as const
      const rows = await Promise.all(tables.map((table) => store.list(table, tenant, { limit: 1_000 })))
      return JSON.stringify(rows)
    },
  }
}
