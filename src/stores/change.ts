import type { Row } from '#model/row.ts'
import type { TableName } from '#model/tables.ts'
import type { Decision } from '#ports/store.ts'
import { isStorable } from './sql.ts'

/** `decide`, whatever the types of its refs and answer. */
export type Decide = (found: Readonly<Record<string, unknown>>) => Decision<unknown>

/** How often a change is run again after a conflict (the port's contract). */
export const repeats = 3

/** A row as it was loaded: what `put` compares with. `R`: how the database spells whole numbers. */
export interface Loaded<R extends number | string> {
  readonly table: TableName
  readonly tenant: string
  readonly id: string
  readonly rev: R
  readonly expiresAt: R | null
  /** Of its index columns, in their order. */
  readonly values: readonly (string | null)[]
}

/** Thrown inside a change whose key was taken; makes it run again. */
export class Taken extends Error {}

/** Runs `decide` and holds it to the port: a promise would be decided upon after the rows are free again. */
export function runDecide(decide: Decide, found: Readonly<Record<string, unknown>>): Decision<unknown> {
  const decision = decide(found)
  if (typeof (decision as { then?: unknown }).then === 'function') {
    throw new TypeError('decide must be synchronous: it answered with a Promise')
  }
  return decision
}

/** The loaded row a `put` replaces; it is taken, since a second `put` in the same change would not replace what was loaded. */
export function takeLoaded<R extends number | string>(loaded: Loaded<R>[], table: TableName, row: Row): Loaded<R> {
  const at = loaded.findIndex((it) => it.id === row.id && it.table === table && it.tenant === row.tenant)
  if (at < 0) throw new TypeError(`put into ${table} of a row that no ref of this change has loaded, or twice`)
  return loaded.splice(at, 1)[0] as Loaded<R>
}

/** Whether a row stays in the same places of every index. */
export function sameValues(before: readonly (string | null)[], after: readonly (string | null)[]): boolean {
  for (let i = 0; i < after.length; i++) if (before[i] !== after[i]) return false
  return true
}

/** The values, if a database can hold all of them as keys; throws TypeError otherwise. */
export function storable(table: TableName, values: readonly (string | null)[]): readonly (string | null)[] {
  for (const value of values) {
    if (value !== null && !isStorable(value)) throw new TypeError(`an index value in ${table} holds a broken character`)
  }
  return values
}

/** A row's end as the database keeps it: whole ms, null for rows without one. */
export function endOf(row: Row): number | null {
  return row.expiresAt === undefined ? null : Math.ceil(row.expiresAt)
}
