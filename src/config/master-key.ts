import { auditKeyRing } from '#model/audit.ts'
import type { Keyring } from '#ports/keyring.ts'
import type { Store } from '#ports/store.ts'
import type { Problem } from './problem.ts'

/**
 * Whether the master keys are those the database was sealed with: looks at the audit key of each tenant, which
 * its first start makes, at signing keys and at authenticators. A wrong key is thus told at the start and not by the first user who needs it.
 */
export async function masterKeyProblem(store: Store, keyring: Keyring): Promise<Problem | undefined> {
  for (const tenant of await store.everyTenant()) {
    const [ring, keys, authenticators] = await Promise.all([
      store.get('artifacts', tenant, auditKeyRing),
      store.list('signing_keys', tenant, { limit: 20 }),
      store.list('authenticators', tenant, { limit: 20 }),
    ])
    const texts = [ring?.payload.sealed, ...[...keys, ...authenticators].map(({ sealed }) => sealed)]
    const strange = texts.filter((it) => typeof it === 'string').find((it) => !keyring.keyIds.includes(keyIdOf(it)))
    if (strange === undefined) continue
    return {
      key: 'POLYFACTOR_MASTER_KEY',
      problem: `does not open what the database holds: that was sealed with key ${keyIdOf(strange)}`,
      mend: 'Give the key this database was made with (in development: data/master.key); after a rotation, list the old key after the new one',
    }
  }
  return undefined
}

/** The id of the key that sealed a text (`v1.<key id>.<data>`); safe to show. */
function keyIdOf(sealed: string): string {
  return sealed.split('.')[1] ?? 'unknown'
}
