import type { Store } from '#ports/store.ts'
import type { Tracing } from '#ports/tracing.ts'
import { decorated } from './decorated.ts'

/** The store, each of whose changes is a span that names the tables it read and wrote, and nothing of what is in them. */
export function tracedStore(store: Store, tracing: Tracing | undefined): Store {
  if (tracing === undefined) return store
  return decorated(store, {
    change(refs, decide) {
      const read = [...new Set(Object.values(refs).map(({ table }) => table))].sort().join(' ')
      return tracing.span('store.change', { 'polyfactor.tables.read': read }, async (note) => {
        let written = ''
        let decided = 0
        const result = await store.change(refs, (found) => {
          const decision = decide(found)
          decided += 1
          written = [...new Set((decision.writes ?? []).map(({ table }) => table))].sort().join(' ')
          return decision
        })
        note({ 'polyfactor.tables.written': written, 'polyfactor.decided': decided })
        return result
      })
    },
  })
}
