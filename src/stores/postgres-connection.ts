import pg from 'pg'
import { StoreUnavailable } from '#ports/store.ts'
import { type Migration, missingMigrations, readMigrations } from './migrations.ts'
import { isSound, sqlState, unavailable } from './postgres-errors.ts'
import { inPostgres, keepRoom } from './postgres-sql.ts'

/** Limits the server enforces on every connection, ms (S-165). */
const serverLimits = { statement_timeout: 3000, lock_timeout: 1000, idle_in_transaction_session_timeout: 10_000 }
/** How long a call waits for a connection, ms, and for its answer, waiting included (S-165: 503 within 2 s). */
const connectPatience = 1500
export const callPatience = 1700
/** Who has waited so long in a queue is refused rather than begun with, ms. */
export const queuePatience = 1500
/** The same for calls nobody waits for in a request, a little above the server's own limit. */
export const longPatience = 4500
/** Connections of one process, unless the URL says `?pool=N`. */
const usualPool = 10
/** How many may wait for each connection; more would not get one in time, and are told so at once. */
const mostWaiting = 100
/** Any number will do, as long as all releases use the same. */
const migrationLock = 7_053_229
const oldestServer = 150_000

/** A bounded pool of connections to one database. */
export interface Connections {
  readonly size: number
  /** Runs work on a connection of its own; rejects with StoreUnavailable once `patience` (ms) is over. */
  use<A>(patience: number, work: (client: pg.PoolClient) => Promise<A>): Promise<A>
  idle(): { readonly total: number; readonly idle: number; readonly waiting: number }
  end(): Promise<void>
}

/** The driver's settings for a DATABASE_URL. Throws StoreUnavailable when it cannot be read. */
export function poolConfig(url: string): pg.PoolConfig {
  if (!URL.canParse(url)) throw new StoreUnavailable('DATABASE_URL should read postgres://user:password@host/database')
  const parsed = new URL(url)
  const size = Number(parsed.searchParams.get('pool') ?? usualPool)
  if (!Number.isInteger(size) || size < 1 || size > 1000) {
    throw new StoreUnavailable('DATABASE_URL: pool should be a number from 1 to 1000')
  }
  parsed.searchParams.delete('pool')
  const given = parsed.searchParams.get('options')
  parsed.searchParams.delete('options')
  // Statements are many and short: planning each anew would cost more than running it, and every one has its index.
  const settings = {
    ...serverLimits,
    default_transaction_isolation: 'read\\ committed',
    plan_cache_mode: 'force_generic_plan',
    enable_seqscan: 'off',
    jit: 'off',
  }
  const options = Object.entries(settings).map(([key, value]) => `-c ${key}=${value}`)
  return {
    connectionString: parsed.href,
    options: [...options, given].filter(Boolean).join(' '),
    application_name: 'polyfactor',
    max: size,
    connectionTimeoutMillis: connectPatience,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/** Connects, looks at the server's settings and migrates. Throws StoreUnavailable with the reason in words. */
export async function connect(url: string): Promise<Connections> {
  const pool = new pg.Pool(poolConfig(url))
  // A connection that breaks while nobody uses it is only taken out of the pool; one in use tells its user as well.
  pool.on('error', () => {})
  pool.on('connect', (client) => void client.on('error', () => {}))
  try {
    const client = await pool.connect()
    try {
      await verifySettings(client)
      await migrate(client, readMigrations())
      client.release()
    } catch (error) {
      client.release(true)
      throw error
    }
    return createConnections(pool)
  } catch (error) {
    await pool.end()
    throw unavailable(error)
  }
}

function createConnections(pool: pg.Pool): Connections {
  return {
    size: pool.options.max,
    async use(patience, work) {
      if (pool.waitingCount >= mostWaiting * pool.options.max) {
        throw new StoreUnavailable('the database does not answer: too many wait for a connection')
      }
      const until = performance.now() + patience
      const client = await clientOf(pool, Math.min(patience, connectPatience))
      return await within(until - performance.now(), client, work)
    },
    idle: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    end: () => pool.end(),
  }
}

/** A connection, if there is one in time; one that comes later goes back. */
async function clientOf(pool: pg.Pool, patience: number): Promise<pg.PoolClient> {
  const coming = pool.connect()
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new StoreUnavailable('the database does not answer: no connection in time')),
    Math.max(1, patience),
  )
  try {
    return await Promise.race([coming, late.promise])
  } catch (error) {
    coming.then(
      (client) => client.release(),
      () => {},
    )
    throw unavailable(error)
  } finally {
    clearTimeout(timer)
  }
}

/** Gives the connection back, or away when its state is not known: an answer that comes later has nobody to go to. */
async function within<A>(
  patience: number,
  client: pg.PoolClient,
  work: (client: pg.PoolClient) => Promise<A>,
): Promise<A> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new StoreUnavailable('the database does not answer in time')),
    Math.max(1, patience),
  )
  let sound = false
  try {
    const answer = await Promise.race([work(client), late.promise])
    sound = true
    return answer
  } catch (error) {
    // Errors of `decide` and the like say nothing about the connection; those of the server do.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    sound = sqlState(cause) === undefined ? !(error instanceof StoreUnavailable) : isSound(cause)
    throw error
  } finally {
    clearTimeout(timer)
    client.release(!sound)
  }
}

/** Settings under which an answered change could be lost stop the start (S-30), and so does a server that only reads. */
async function verifySettings(client: pg.PoolClient): Promise<void> {
  const wanted = ['server_version_num', 'fsync', 'full_page_writes', 'synchronous_commit', 'server_encoding']
  const columns = wanted.map((name) => `current_setting('${name}') AS ${name}`).join(', ')
  const { rows } = await client.query(`SELECT ${columns}, pg_is_in_recovery() AS standby`)
  const found = rows[0] as Record<string, string> & { standby: boolean }
  if (Number(found.server_version_num) < oldestServer) throw new StoreUnavailable('PostgreSQL 15 or newer is needed')
  if (found.standby) throw new StoreUnavailable('the database server is a standby, which only reads; name the primary')
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    if (found[name] === 'off') throw new StoreUnavailable(`the database runs with ${name} = off; it must be durable`)
  }
  if (found.server_encoding !== 'UTF8') {
    throw new StoreUnavailable(`the database's encoding is ${found.server_encoding}; create it with ENCODING 'UTF8'`)
  }
}

/** Brings the database to the shape this release needs, in one transaction; processes that start at once take turns. */
export async function migrate(client: pg.PoolClient, known: readonly Migration[]): Promise<void> {
  if ((await appliedMigrations(client)) === known.length) return
  await client.query('BEGIN')
  try {
    await client.query('SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0')
    await client.query(`SELECT pg_advisory_xact_lock(${migrationLock})`)
    await client.query('CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)')
    const missing = missingMigrations(await appliedMigrations(client), known)
    for (const { number, name, sql } of missing) {
      await client.query(inPostgres(sql))
      await client.query('INSERT INTO schema_migrations (number, name) VALUES ($1, $2)', [number, name])
    }
    if (missing.length > 0) await client.query(keepRoom)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

async function appliedMigrations(client: pg.PoolClient): Promise<number> {
  const there = await client.query("SELECT to_regclass('schema_migrations') IS NOT NULL AS there")
  if (!(there.rows[0] as { there: boolean }).there) return 0
  const { rows } = await client.query('SELECT coalesce(max(number), 0) AS number FROM schema_migrations')
  return (rows[0] as { number: number }).number
}
