import { ask, type PostgresKind, type PostgresServer, startPostgres } from '#test/support/postgres.ts'

/** As docs/scaling.md tells operators, in the small. */
const settings = `shared_buffers = 256MB
min_wal_size = 1GB
max_wal_size = 4GB
checkpoint_timeout = 15min`

/** Starts a server with settings an operator would give it; those of tests are for many servers side by side. */
export async function startSteadyPostgres(kind: PostgresKind): Promise<PostgresServer> {
  const server = await startPostgres(kind)
  server.configure(settings)
  await server.stop()
  await server.start()
  return server
}

/**
 * Lets a database be one that has been at work for a while: a new one makes a log file of 16 MB anew every second of
 * load, and everybody waits for it; later they are used again.
 */
export async function settle(database: string): Promise<void> {
  for (let files = 0; files < 64; files++) {
    await ask(database, "SELECT pg_logical_emit_message(true, 'bench', '')")
    await ask(database, 'SELECT pg_switch_wal()')
  }
  await ask(database, 'CHECKPOINT')
}
