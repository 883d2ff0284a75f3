import type { TenantId, UserId } from '#model/ids.ts'
import { remove } from '#ports/store.ts'
import type { Parts } from '../parts.ts'

/** Deletes all that was remembered of a user's logins: counters, profile and decisions (S-101). Answers how many rows. */
export async function forgetRisk({ store }: Pick<Parts, 'store'>, tenant: TenantId, user: UserId): Promise<number> {
  let gone = 0
  await store.change({}, () => ({ result: undefined, writes: [remove('risk_profiles', tenant, user)] }))
  for (const table of ['risk_counters', 'risk_decisions'] as const) {
    for (;;) {
      const some = await store.list(table, tenant, { by: { index: 'user', value: user }, limit: 500 })
      if (some.length === 0) break
      await store.change({}, () => ({ result: undefined, writes: some.map((it) => remove(table, tenant, it.id)) }))
      gone += some.length
    }
  }
  return gone
}
