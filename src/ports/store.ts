import type { TenantId } from '#model/ids.ts'
import type { Row } from '#model/row.ts'
import type { IndexName, TableName, Tables } from '#model/tables.ts'

/** One row, by its id. */
export interface OneRef<T extends TableName = TableName> {
  readonly one: true
  readonly table: T
  readonly tenant: TenantId
  readonly id: string
  /**
   * The row as `get` has just answered it. A store may decide upon that instead of reading it again, as long as it
   * holds it against what is there in the commit.
   */
  readonly seen?: Tables[T]
  /** What is decided may rest on an older state of the row, unless it writes the row. */
  readonly loosely?: true
}
/** All rows with a value in an index (at most 1,000). */
export interface ManyRef<T extends TableName = TableName> {
  readonly one: false
  readonly table: T
  readonly index: IndexName<T>
  readonly tenant: TenantId
  readonly value: string
}
export type Ref = { [T in TableName]: OneRef<T> | ManyRef<T> }[TableName]
export type Refs = Readonly<Record<string, Ref>>

/** What the refs of a change found. */
export type Found<R extends Refs> = {
  readonly [K in keyof R]: R[K] extends OneRef<infer T>
    ? Tables[T] | undefined
    : R[K] extends ManyRef<infer T>
      ? readonly Tables[T][]
      : never
}

export type Write = {
  [T in TableName]:
    | { readonly do: 'insert' | 'put' | 'upsert'; readonly table: T; readonly row: Tables[T] }
    | { readonly do: 'remove'; readonly table: T; readonly tenant: TenantId; readonly id: string }
}[TableName]

/** What a change decided: its answer, and the writes that commit with it, all or none. */
export interface Decision<R> {
  readonly result: R
  readonly writes?: readonly Write[]
  /**
   * What the answer will need besides, and can be made while the writes are under way; must not throw, nor show anybody
   * what it made before the change has resolved. A store may leave it out.
   */
  readonly meanwhile?: () => void
}

export interface ListOptions<T extends TableName> {
  readonly by?: { readonly index: IndexName<T>; readonly value: string }
  /** Exclusive: rows whose id comes after (or, descending, before) this one. */
  readonly after?: string
  /** Skips so many rows; for page numbers. Prefer `after`. */
  readonly offset?: number
  /** At most 1,000; 100 when absent. */
  readonly limit?: number
  readonly descending?: boolean
}

/**
 * Where everything is kept. Tenant and id address every row; there is no query across tenants but `everyTenant`.
 *
 * `change` is the one way to write: the store locks and loads the rows named by `refs`, calls `decide` once they
 * cannot change any more, and commits its writes durably before the promise resolves. `decide` must be pure and
 * synchronous, since a store may run it again. Several changes may share one flush, each keeps its own all-or-nothing.
 * - `put` replaces a row that a ref of this change has loaded, and only if it is still exactly the row that was
 *   loaded: it is the conditional write by which one-time things are spent (S-27).
 * - `insert` adds a row that must not exist; `upsert` adds or replaces blindly; `remove` deletes if there.
 * - A ref whose id or value is empty names nothing: it finds nothing, and no row may have an empty id.
 * - A conflict on a key (two inserts of one unique value) makes the store run the change again, at most 3 times, so
 *   that `decide` sees the row it lost against; after that it throws `StoreConflict`.
 * - If `decide` throws, nothing of this change is written and the error is passed on.
 * Rejects with `StoreUnavailable` when the outcome is unknown or the store cannot be reached (S-32).
 */
export interface Store {
  get<T extends TableName>(table: T, tenant: TenantId, id: string): Promise<Tables[T] | undefined>
  list<T extends TableName>(table: T, tenant: TenantId, options?: ListOptions<T>): Promise<readonly Tables[T][]>
  count<T extends TableName>(
    table: T,
    tenant: TenantId,
    by?: { readonly index: IndexName<T>; readonly value: string },
  ): Promise<number>
  /** Ids of all tenants. */
  everyTenant(): Promise<readonly TenantId[]>
  change<const R extends Refs, A>(refs: R, decide: (found: Found<R>) => Decision<A>): Promise<A>
  /** Deletes at most `limit` (1,000) rows whose end lies before `now`; answers how many (S-170). */
  sweep(now: number, limit?: number): Promise<number>
  /** Rejects when the store cannot serve. Answers with the database's own time (epoch ms) where it has a clock. */
  check(): Promise<number | undefined>
  close(): Promise<void>
}

/** The store cannot be reached or the outcome of a commit is unknown; callers answer 503 and do not repeat. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}
/** A key stayed taken although the change was run again; nothing was written, and callers answer 503. */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict'
}

/** Names one row for a change. */
export function row<T extends TableName>(table: T, tenant: TenantId, id: string): OneRef<T> {
  return { one: true, table, tenant, id }
}
/** Names a row for a change that was read already. */
export function seen<T extends TableName>(table: T, it: Tables[T]): OneRef<T> {
  const { tenant, id } = it as Row
  return { one: true, table, tenant: tenant as TenantId, id, seen: it }
}
/** Names a row for a change that decides rightly even if the row changes before the commit, as long as it does not write it. */
export function loosely<T extends TableName>(ref: OneRef<T>): OneRef<T> {
  return { ...ref, loosely: true }
}
/** Names all rows with a value in an index for a change. */
export function rows<T extends TableName>(table: T, index: IndexName<T>, tenant: TenantId, value: string): ManyRef<T> {
  return { one: false, table, index, tenant, value }
}
export function insert<T extends TableName>(table: T, row: Tables[T]): Write {
  return { do: 'insert', table, row } as Write
}
export function put<T extends TableName>(table: T, row: Tables[T]): Write {
  return { do: 'put', table, row } as Write
}
export function upsert<T extends TableName>(table: T, row: Tables[T]): Write {
  return { do: 'upsert', table, row } as Write
}
export function remove(table: TableName, tenant: TenantId, id: string): Write {
  return { do: 'remove', table, tenant, id } as Write
}
