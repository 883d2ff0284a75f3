import type { PasswordHasher } from '#ports/passwords.ts'
import type { Ref, Store, Write } from '#ports/store.ts'
import type { Step, TracedWrite } from '../plan.ts'

/** Notes what passes through a store: each read with the size of what it found, each change with its writes. */
export function tracingStore(store: Store, note: (step: Step) => void): Store {
  const passed = {
    get: async (...args: Parameters<Store['get']>) => {
      const found = await store.get(...args)
      note({ do: 'read', found: [sizeOf(found)] })
      return found
    },
    list: async (...args: Parameters<Store['list']>) => {
      const found = await store.list(...args)
      note({ do: 'read', found: [sizeOf(found[0])] })
      return found
    },
    change: async (refs: Readonly<Record<string, Ref>>, decide: Parameters<Store['change']>[1]) => {
      let writes: readonly TracedWrite[] = []
      let sizes: readonly number[] = []
      const result = await store.change(refs, (found) => {
        sizes = Object.values(found as object).map((it: unknown) => sizeOf(Array.isArray(it) ? it[0] : it))
        const decision = decide(found)
        writes = (decision.writes ?? []).map(traced)
        return decision
      })
      note({ do: 'change', found: sizes, writes })
      return result
    },
  }
  return new Proxy(store, {
    get: (_target, name) => {
      if (Object.hasOwn(passed, name)) return passed[name as keyof typeof passed]
      const value = store[name as keyof Store]
      return typeof value === 'function' ? value.bind(store) : value
    },
  })
}

/** Notes every comparison of a password. */
export function tracingHasher(hasher: PasswordHasher, note: (step: Step) => void): PasswordHasher {
  return {
    ...hasher,
    verify: async (password, stored) => {
      note({ do: 'hash' })
      return await hasher.verify(password, stored)
    },
  }
}

const sizeOf = (row: unknown): number => (row === undefined ? 0 : JSON.stringify(row).length)
const traced = (write: Write): TracedWrite => ({ do: write.do, size: write.do === 'remove' ? 0 : sizeOf(write.row) })
