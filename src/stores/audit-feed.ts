import { eventDigest } from '#crypto/audit-chain.ts'
import type { EventDigest } from '#model/audit.ts'
import { type Decision, insert, type Store, type Write } from '#ports/store.ts'
import { decorated } from './decorated.ts'

/**
 * The store, with one thing more: a change that writes audit events also queues them for the hash chain, in the same
 * commit. So no event can be there and miss in the chain, whoever wrote it, and no two changes share a row for it.
 */
export function withAuditFeed(store: Store): Store {
  return decorated(store, {
    change: (refs, decide) => store.change(refs, (found) => fed(decide(found))),
  })
}

function fed<A>(decision: Decision<A>): Decision<A> {
  const { writes } = decision
  const events = writes?.filter((it) => it.table === 'events' && it.do === 'insert') ?? []
  return events.length === 0 ? decision : { ...decision, writes: [...(writes ?? []), ...queued(events)] }
}

/** One row for the events of a tenant, under the id of the first. */
function queued(writes: readonly Write[]): readonly Write[] {
  const byTenant = new Map<string, Extract<Write, { do: 'insert' | 'put' | 'upsert'; table: 'events' }>['row'][]>()
  for (const write of writes) {
    if (write.do !== 'insert' || write.table !== 'events') continue
    byTenant.set(write.row.tenant, [...(byTenant.get(write.row.tenant) ?? []), write.row])
  }
  return [...byTenant.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    const events = [first, ...others].map((it): EventDigest => [it.id, eventDigest(it)])
    return insert('audit_queue', { tenant: first.tenant, id: first.id, events })
  })
}
