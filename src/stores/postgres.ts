import type { TenantId } from '#model/ids.ts'
import type { IndexName, TableName, Tables } from '#model/tables.ts'
import { type Decision, type Found, type ListOptions, type Refs, type Store, StoreUnavailable } from '#ports/store.ts'
import type { Decide } from './change.ts'
import { listed, runBatch, type Step, type StepAnswer, step, type Value } from './postgres-batch.ts'
import { runChange } from './postgres-change.ts'
import { type Connections, connect, longPatience } from './postgres-connection.ts'
import { unavailable } from './postgres-errors.ts'
import { createReader } from './postgres-reader.ts'
import { answerRow } from './postgres-seen.ts'
import { everyTenant, postgresStatements, sweepTable } from './postgres-sql.ts'
import { createWriter, type Job } from './postgres-writer.ts'
import { columnOf, isStorable, sqlTables, sweptTables } from './sql.ts'

/** Rows one query may answer with, and one transaction may sweep (S-170). */
const mostRows = 1000

const standing = 'SELECT pg_is_in_recovery(), floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** What the store did since it was opened, and what its connections do now. */
export interface PostgresFigures {
  readonly conflicts: number
  readonly connections: number
  readonly idle: number
  readonly waiting: number
}

/**
 * Opens a PostgreSQL store (15 or newer) and migrates it. `url` is `postgres://user:password@host:port/database`, with
 * the driver's parameters such as `sslmode`, and `pool` for how many connections this process may hold (10).
 * Throws StoreUnavailable, in words for an operator, when it cannot be reached, only reads, or would not be durable.
 */
export async function open(url: string): Promise<PostgresStore> {
  return new PostgresStore(await connect(url))
}

/** The port on PostgreSQL, which any number of processes and machines may share. */
export class PostgresStore implements Store {
  readonly #connections: Connections
  readonly #readSoon: (step: Step) => Promise<StepAnswer>
  readonly #write: (job: Job) => Promise<void>
  #running = 0
  #idle: PromiseWithResolvers<void> | undefined
  #ended: Promise<void> | undefined
  #conflicts = 0

  constructor(connections: Connections) {
    this.#connections = connections
    this.#readSoon = createReader(connections)
    this.#write = createWriter(connections)
  }

  figures(): PostgresFigures {
    const { total, idle, waiting } = this.#connections.idle()
    return { conflicts: this.#conflicts, connections: total, idle, waiting }
  }

  async get<T extends TableName>(table: T, tenant: TenantId, id: string): Promise<Tables[T] | undefined> {
    return this.#taken(async () => {
      if (!isStorable(tenant) || !isStorable(id)) return undefined
      const { rows } = await this.#readSoon(listed(postgresStatements[table].get, [[tenant], [id]]))
      return rows[0] && (answerRow(table, tenant, rows[0]) as unknown as Tables[T])
    })
  }

  async list<T extends TableName>(
    table: T,
    tenant: TenantId,
    options: ListOptions<T> = {},
  ): Promise<readonly Tables[T][]> {
    const { by, offset = 0, limit = 100, descending = false } = options
    return this.#taken(async () => {
      const column = by && columnOf(sqlTables[table], by.index)
      if (!isStorable(tenant) || (by && !isStorable(by.value))) return []
      const after = options.after === undefined ? undefined : storablePart(options.after)
      const values: Value[] = [tenant]
      if (by) values.push(by.value)
      if (after !== undefined) values.push(after)
      values.push(Math.max(0, Math.min(limit, mostRows)), Math.max(0, offset))
      const text = postgresStatements[table].list({ column, after: after !== undefined, descending })
      // A set found by its index is small as a rule; whole tables have their way to a connection of their own.
      const { rows } = by ? await this.#readSoon(step(text, ...values)) : await this.#readAlone(step(text, ...values))
      return rows.map(([doc]) => JSON.parse(doc as string) as Tables[T])
    })
  }

  async count<T extends TableName>(
    table: T,
    tenant: TenantId,
    by?: { readonly index: IndexName<T>; readonly value: string },
  ): Promise<number> {
    return this.#taken(async () => {
      const column = by && columnOf(sqlTables[table], by.index)
      if (!isStorable(tenant) || (by && !isStorable(by.value))) return 0
      const text = postgresStatements[table].count(column)
      const { rows } = await this.#readAlone(step(text, tenant, ...(by ? [by.value] : [])))
      return Number(rows[0]?.[0])
    })
  }

  async everyTenant(): Promise<readonly TenantId[]> {
    return this.#taken(async () => {
      const { rows } = await this.#readSoon(step(everyTenant))
      return rows.map(([id]) => id as TenantId)
    })
  }

  async change<const R extends Refs, A>(refs: R, decide: (found: Found<R>) => Decision<A>): Promise<A> {
    const means = {
      connections: this.#connections,
      read: this.#readSoon,
      write: this.#write,
      onConflict: () => {
        this.#conflicts++
      },
    }
    return this.#taken(async () => (await runChange(means, refs, decide as unknown as Decide)) as A)
  }

  async sweep(now: number, limit: number = mostRows): Promise<number> {
    return this.#taken(async () => {
      const most = Math.max(0, Math.min(limit, mostRows))
      let swept = 0
      // A transaction a table: together they delete at most `limit`, and no row waits for another table's.
      for (const table of sweptTables) {
        if (swept >= most) break
        swept += (await this.#readAlone(step(sweepTable(table), now, most - swept))).count
      }
      return swept
    })
  }

  async check(): Promise<number | undefined> {
    return this.#taken(async () => {
      const { rows } = await this.#readSoon(step(standing))
      const [isStandby, time] = rows[0] ?? []
      if (isStandby !== 'f') throw new StoreUnavailable('the database server is a standby, which only reads')
      return Number(time)
    })
  }

  async close(): Promise<void> {
    if (!this.#ended) {
      this.#idle = Promise.withResolvers<void>()
      if (this.#running === 0) this.#idle.resolve()
      this.#ended = this.#idle.promise.then(() => this.#connections.end())
    }
    return this.#ended
  }

  /** Work that was taken on is finished before the store closes. */
  async #taken<A>(work: () => Promise<A>): Promise<A> {
    if (this.#ended) throw new StoreUnavailable('the store is closed')
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
      if (this.#running === 0) this.#idle?.resolve()
    }
  }

  async #readAlone(one: Step): Promise<StepAnswer> {
    return this.#connections.use(longPatience, async (client) => {
      try {
        return (await runBatch(client, [one]))[0] as StepAnswer
      } catch (error) {
        throw unavailable(error)
      }
    })
  }
}

/** What comes before the first character no key can hold: whatever sorts after the one sorts after the other. */
function storablePart(text: string): string {
  const at = [...text].findIndex((character) => !isStorable(character))
  return at < 0 ? text : [...text].slice(0, at).join('')
}
