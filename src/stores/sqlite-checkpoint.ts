import type { Connection } from './sqlite-connection.ts'

/**
 * Pages in the write-ahead log at which it is copied into the database; 2,000 pages are 8 MB and take 6 to 10 ms.
 * Pages that many requests write, such as the ends of tables, are copied once a round: longer rounds copy less.
 */
const fullLog = 2000
/** How long a checkpoint may wait for other processes, ms. */
const patience = 20

/** SQLite's answer to a checkpoint: whether it was kept from finishing, pages in the log, pages copied of them. */
interface Answer {
  readonly busy: number
  readonly log: number
  readonly checkpointed: number
}

/**
 * Keeps the write-ahead log short. SQLite's own automatic checkpoint never waits for a writer, so with two busy
 * processes the log is never copied whole, cannot begin anew, and grows without end (370 MB in 5 s seen). This one
 * takes the write lock for a moment, so that the next writer starts the log again.
 *
 * Answers the function to call after commits, when the answers are out. Failing does no harm: nothing is lost while the
 * log holds it, and the next call tries again.
 */
export function createCheckpointer({ db, logState }: Pick<Connection, 'db' | 'logState'>, busyTimeout: number) {
  let next = fullLog
  const restart = db.prepare('PRAGMA wal_checkpoint(RESTART)')
  return (): void => {
    try {
      const { log, checkpointed } = logState.get() as unknown as Answer
      if (log < fullLog) next = fullLog
      if (log < next || checkpointed === log) return
      next = log + fullLog
      db.exec(`PRAGMA busy_timeout = ${patience}`)
      try {
        const { busy } = restart.get() as unknown as Answer
        if (!busy) next = fullLog
      } finally {
        db.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
      }
    } catch {
      // A full disk; commits will say so.
    }
  }
}
