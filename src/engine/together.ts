import type { Ref, Refs } from '#ports/store.ts'

/**
 * The refs of several parts of one change. Each part finds its rows by the names it gave them, so one name must not
 * stand for two rows: one part would decide upon the other's. Parts may name the same row alike.
 * @throws Error naming the name, which is a bug in the code that put the parts together
 */
export function together<R extends Refs>(own: R, ...others: readonly (Refs | undefined)[]): R & Refs {
  const all: Record<string, Ref> = { ...own }
  for (const refs of others) {
    for (const [name, ref] of Object.entries(refs ?? {})) {
      const known = all[name]
      if (known !== undefined && !isSame(known, ref)) throw new Error(`two rows of one change are called "${name}"`)
      all[name] = ref
    }
  }
  return all as R & Refs
}

const isSame = (a: Ref, b: Ref): boolean => {
  if (a.table !== b.table || a.tenant !== b.tenant) return false
  if (a.one && b.one) return a.id === b.id
  return !a.one && !b.one && a.index === b.index && a.value === b.value
}
