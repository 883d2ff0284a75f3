import type { Store } from '#ports/store.ts'

/** A store that does some things its own way, and all else as the one behind it. */
export function decorated(store: Store, own: Partial<Store>): Store {
  return {
    get: (...args) => store.get(...args),
    list: (...args) => store.list(...args),
    count: (...args) => store.count(...args),
    everyTenant: () => store.everyTenant(),
    change: (...args) => store.change(...args),
    sweep: (...args) => store.sweep(...args),
    check: () => store.check(),
    close: () => store.close(),
    ...own,
  }
}
