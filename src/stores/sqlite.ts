import type { TenantId } from '#model/ids.ts'
import type { IndexName, TableName, Tables } from '#model/tables.ts'
import { type Decision, type Found, type ListOptions, type Refs, type Store, StoreUnavailable } from '#ports/store.ts'
import type { Decide } from './change.ts'
import { columnOf, isStorable, sweptTables } from './sql.ts'
import { changeOf, Spoiled } from './sqlite-change.ts'
import { createCheckpointer } from './sqlite-checkpoint.ts'
import { busyTimeout, type Connection, connect, databasePath, messageOf } from './sqlite-connection.ts'

/** How long changes wait for another process's transaction before they are refused, ms (S-165: lock limit 1 s). */
const lockPatience = 1000
/** A transaction takes no further change in after so long, ms: the process has more to do than writing. */
const longestTransaction = 10
/** Rows one query may answer with, and one transaction may sweep (S-170). */
const mostRows = 1000

/** What the store did since it was opened. */
export interface SqliteFigures {
  readonly transactions: number
  readonly changes: number
  readonly conflicts: number
}

/** One piece of work for the next transaction. */
interface Waiting {
  readonly work: (connection: Connection, guarded: boolean) => unknown
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * Opens the embedded store. `url` is `sqlite:./path/file.db` (made with its folder if missing) or `sqlite::memory:`.
 * Throws StoreUnavailable, in words for an operator, when the file cannot be opened, was used by a newer release, or
 * would not be durable (S-30).
 */
export async function open(url: string): Promise<SqliteStore> {
  const path = databasePath(url)
  return new SqliteStore(path, connect(path))
}

/**
 * The port on one SQLite file, which several processes may share.
 *
 * Changes that arrive in one turn of the event loop share one transaction and so one flush to disk; each is undone on
 * its own when it fails, and none is answered before the COMMIT has returned. A lone change waits for nobody.
 */
export class SqliteStore implements Store {
  readonly #path: string
  readonly #connection: Connection
  readonly #checkpoint: () => void
  #queue: Waiting[] = []
  #scheduled = false
  #closing: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined
  /** When the lock was first found taken by another process; monotonic ms. */
  #lockedSince: number | undefined
  /** The next transaction guards each change by a savepoint, since the one before was spoiled by one that failed. */
  #guarded = false
  /** A read transaction is open. */
  #reading = false
  #sweeping: Promise<unknown> = Promise.resolve()
  #transactions = 0
  #changes = 0
  #conflicts = 0

  constructor(path: string, connection: Connection) {
    this.#path = path
    this.#connection = connection
    this.#checkpoint = createCheckpointer(connection, busyTimeout)
  }

  figures(): SqliteFigures {
    return { transactions: this.#transactions, changes: this.#changes, conflicts: this.#conflicts }
  }

  async get<T extends TableName>(table: T, tenant: TenantId, id: string): Promise<Tables[T] | undefined> {
    return this.#read((connection) => {
      if (!isStorable(id)) return undefined
      const cells = connection.table(table).get.get(tenant, id) as unknown as [string] | undefined
      return cells && (JSON.parse(cells[0]) as Tables[T])
    })
  }

  async list<T extends TableName>(
    table: T,
    tenant: TenantId,
    options: ListOptions<T> = {},
  ): Promise<readonly Tables[T][]> {
    const { by, after, offset = 0, limit = 100, descending = false } = options
    return this.#read((connection) => {
      const prepared = connection.table(table)
      const column = by && columnOf(prepared.sql, by.index)
      if (by && !isStorable(by.value)) return []
      const values: (string | number)[] = [tenant]
      if (by) values.push(by.value)
      if (after !== undefined) values.push(after)
      values.push(Math.max(0, Math.min(limit, mostRows)), Math.max(0, offset))
      const statement = prepared.list({ column, after: after !== undefined, descending })
      return (statement.all(...values) as unknown as [string][]).map(([doc]) => JSON.parse(doc) as Tables[T])
    })
  }

  async count<T extends TableName>(
    table: T,
    tenant: TenantId,
    by?: { readonly index: IndexName<T>; readonly value: string },
  ): Promise<number> {
    return this.#read((connection) => {
      const prepared = connection.table(table)
      if (!by) return firstNumber(prepared.count().get(tenant))
      const statement = prepared.count(columnOf(prepared.sql, by.index))
      return isStorable(by.value) ? firstNumber(statement.get(tenant, by.value)) : 0
    })
  }

  async everyTenant(): Promise<readonly TenantId[]> {
    return this.#read((connection) =>
      connection.db
        .prepare('SELECT id FROM tenants ORDER BY id')
        .all()
        .map(({ id }) => id as TenantId),
    )
  }

  async change<const R extends Refs, A>(refs: R, decide: (found: Found<R>) => Decision<A>): Promise<A> {
    const onConflict = () => this.#conflicts++
    return this.#enqueue(changeOf(refs, decide as unknown as Decide, onConflict)) as Promise<A>
  }

  async sweep(now: number, limit: number = mostRows): Promise<number> {
    // One after the other, so that no two share a transaction.
    const swept = this.#sweeping.then(() => this.#enqueue((connection) => sweep(connection, now, limit)))
    this.#sweeping = swept.catch(() => {})
    return swept
  }

  async check(): Promise<undefined> {
    await this.everyTenant()
    // Takes the write lock and lets it go: fails on a file that is locked for long or read-only.
    await this.#enqueue(() => undefined)
    return undefined
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = Promise.withResolvers<void>()
      if (this.#queue.length === 0) this.#end()
    }
    return this.#closing.promise
  }

  #end(): void {
    this.#endReading()
    this.#connection.db.close()
    this.#closing?.resolve()
  }

  #read<A>(query: (connection: Connection) => A): A {
    if (this.#closing) throw new StoreUnavailable('the store is closed')
    try {
      this.#beginReading()
      return query(this.#connection)
    } catch (error) {
      throw isSqlite(error) ? this.#unavailable(error) : error
    }
  }

  /**
   * Reads that follow each other without a pause share a transaction: alone, each would lock and unlock the file, which
   * costs more than a read by its key. It ends before the process looks for new requests, so none sees old rows.
   */
  #beginReading(): void {
    if (this.#reading || this.#connection.db.isTransaction) return
    this.#connection.begin.run()
    this.#reading = true
    process.nextTick(this.#endReading)
  }

  readonly #endReading = (): void => {
    if (!this.#reading) return
    this.#reading = false
    try {
      this.#connection.commit.run()
    } catch {
      this.#rollBack()
    }
  }

  #unavailable(error: unknown): StoreUnavailable {
    return new StoreUnavailable(`the database ${this.#path} does not answer: ${messageOf(error)}`, { cause: error })
  }

  #enqueue<A>(work: (connection: Connection, guarded: boolean) => A): Promise<A> {
    if (this.#closing) return Promise.reject(new StoreUnavailable('the store is closed'))
    return new Promise<A>((resolve, reject) => {
      this.#queue.push({ work, resolve: resolve as (answer: unknown) => void, reject })
      this.#schedule()
    })
  }

  /** Flushes after the callbacks of this turn have run: who came with them comes along, and nobody waits longer. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    const began = this.#begin()
    if (began === 'locked') {
      this.#scheduled = true
      setTimeout(this.#flush, 1)
      return
    }
    if (began === 'begun') this.#runGroup()
    if (this.#queue.length > 0) this.#schedule()
    else if (this.#closing) this.#end()
  }

  /** Takes the write lock. `locked`: another process has it, ask again later. `refused`: all who waited were told. */
  #begin(): 'begun' | 'locked' | 'refused' {
    this.#endReading()
    const { db } = this.#connection
    try {
      // SQLite would sleep while it waits, and this process with it; so ask without waiting.
      db.exec(`PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; PRAGMA busy_timeout = ${busyTimeout}`)
      this.#lockedSince = undefined
      return 'begun'
    } catch (error) {
      db.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
      if (isBusy(error)) {
        this.#lockedSince ??= performance.now()
        if (performance.now() - this.#lockedSince < lockPatience) return 'locked'
      }
      this.#lockedSince = undefined
      this.#rejectAll(this.#queue.splice(0), error)
      return 'refused'
    }
  }

  #runGroup(): void {
    const began = performance.now()
    const settled: (() => void)[] = []
    const taken: Waiting[] = []
    try {
      for (const waiting of this.#queue) {
        taken.push(waiting)
        settled.push(this.#runOne(waiting))
        if (performance.now() - began > longestTransaction) break
      }
      this.#connection.commit.run()
    } catch (error) {
      if (error instanceof Spoiled) {
        // Nothing has been answered; all of them run again, and this time the one that fails is undone alone.
        this.#rollBack()
        this.#guarded = true
        return
      }
      this.#queue.splice(0, taken.length)
      this.#rejectAll(taken, error)
      return
    }
    this.#guarded = false
    this.#queue.splice(0, taken.length)
    this.#transactions++
    this.#changes += taken.length
    for (const settle of settled) settle()
    // Not now: the answers go out first.
    setImmediate(() => {
      this.#endReading()
      if (this.#connection.db.isOpen) this.#checkpoint()
    })
  }

  /** Answers what is to be told once the transaction has committed; throws when the transaction cannot go on. */
  #runOne({ work, resolve, reject }: Waiting): () => void {
    try {
      const answer = work(this.#connection, this.#guarded)
      return () => resolve(answer)
    } catch (error) {
      if (error instanceof Spoiled) throw endsTransaction(error.cause) ? error.cause : error
      if (endsTransaction(error) || !this.#connection.db.isTransaction) throw error
      return () => reject(error)
    }
  }

  #rejectAll(waiting: readonly Waiting[], error: unknown): void {
    this.#rollBack()
    for (const { reject } of waiting) reject(this.#unavailable(error))
  }

  #rollBack(): void {
    const { db } = this.#connection
    try {
      if (db.isTransaction) db.exec('ROLLBACK')
    } catch {
      // The next BEGIN will tell whether the connection still serves.
    }
  }
}

function sweep(connection: Connection, now: number, limit: number): number {
  const most = Math.max(0, Math.min(limit, mostRows))
  let swept = 0
  for (const name of sweptTables) {
    if (swept >= most) break
    swept += Number(connection.table(name).sweep.run(now, most - swept).changes)
  }
  return swept
}

function firstNumber(cells: unknown): number {
  return (cells as [number])[0]
}

function isSqlite(error: unknown): error is { readonly errcode: number } {
  return (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR'
}

/** SQLITE_BUSY, SQLITE_LOCKED and their kin. */
function isBusy(error: unknown): boolean {
  return isSqlite(error) && ((error.errcode & 0xff) === 5 || (error.errcode & 0xff) === 6)
}

/** Errors of the world rather than of one change: PERM, ABORT, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB. */
const worldErrors = new Set([3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26])
function endsTransaction(error: unknown): boolean {
  return isSqlite(error) && worldErrors.has(error.errcode & 0xff)
}
