import type { DatabaseSync } from 'node:sqlite'

interface Waiting {
  readonly work: () => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Work that arrives in one turn of the event loop shares one transaction; the least code that does it. */
export function groupCommit(db: DatabaseSync): (work: () => void) => Promise<void> {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  let queue: Waiting[] = []
  const flush = () => {
    const group = queue
    queue = []
    try {
      begin.run()
      for (const { work } of group) work()
      commit.run()
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      for (const { reject } of group) reject(error)
      return
    }
    for (const { resolve } of group) resolve()
  }
  return (work) =>
    new Promise((resolve, reject) => {
      if (queue.push({ work, resolve, reject }) === 1) setImmediate(flush)
    })
}
