import type { Parts } from '../parts.ts'
import { type LinkParts, linkAll } from './link.ts'
import { retain } from './retain.ts'

const day = 86_400_000

/** Whether any tenant has events that wait to be linked; reads only. */
export async function somethingToLink({ store }: Pick<Parts, 'store'>): Promise<boolean> {
  for (const tenant of await store.everyTenant()) {
    if ((await store.list('audit_queue', tenant, { limit: 1 })).length > 0) return true
  }
  return false
}

/** Links what waits, tenant by tenant. */
export async function linkEverywhere(parts: LinkParts): Promise<void> {
  for (const tenant of await parts.store.everyTenant()) await linkAll(parts, tenant)
}

/** Takes away the audit rows of tenants that keep them for so many days only. */
export async function retainEverywhere(parts: Pick<Parts, 'store' | 'keyring' | 'clock'>): Promise<void> {
  for (const id of await parts.store.everyTenant()) {
    const days = (await parts.store.get('tenants', id, id))?.audit?.retentionDays
    if (days !== undefined) await retain(parts, id, parts.clock.now() - days * day)
  }
}
