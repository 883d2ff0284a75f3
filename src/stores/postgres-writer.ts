import { type AuditQueue, joinQueued } from '#model/audit.ts'
import { Taken } from './change.ts'
import { gathered, listed, runBatch, type Step } from './postgres-batch.ts'
import { type Connections, callPatience } from './postgres-connection.ts'
import { isSound, ofChange, sqlState } from './postgres-errors.ts'
import { createLane, type Waiting } from './postgres-lane.ts'
import { Locks } from './postgres-locks.ts'
import { postgresStatements } from './postgres-sql.ts'

/** What a change writes, and the conditions it writes under: all or nothing. */
export interface Job {
  readonly conditions: readonly Step[]
  readonly steps: readonly Step[]
  /** Writes that can share statements with those of other changes; they come last. */
  readonly alike: readonly Step[]
  /** What waits to be linked into the chain of audit events; that of several changes may share a row. */
  readonly queued: readonly AuditQueue[]
  /** What it has read (shared) and writes (exclusive). */
  readonly locks: Locks
  /** Whether they have to be taken; not where the one row that was read is the one that is written. */
  readonly mustLock: boolean
}

interface Write extends Job, Waiting {
  readonly resolve: () => void
}

/** Changes one transaction takes along at most. */
const mostTogether = 16
/** Changes for which another transaction begins while one is under way. */
const enough = 8

/**
 * Commits what changes have decided. Those that are ready at the same time, and do not touch what another one touches,
 * share a transaction and so one flush to disk and one round trip. When it fails for one of them, nothing of it was
 * written, and each runs again alone.
 * Rejects with Taken where a change has to decide again, else with StoreUnavailable.
 */
export function createWriter(connections: Connections): (job: Job) => Promise<void> {
  const ask = createLane<Write, unknown>(connections, {
    most: Math.ceil(connections.size / 5),
    enough,
    take: takeGroup,
    run: (client, group) => runBatch(client, stepsOf(group)),
    done: (group) => {
      for (const { resolve } of group) resolve()
    },
    failed: (group, error) => {
      if (group.length > 1 && sqlState(error) !== undefined && isSound(error)) for (const job of group) void alone(job)
      else for (const { reject } of group) reject(ofChange(error))
    },
  })

  async function alone(job: Write): Promise<void> {
    try {
      const left = callPatience - (performance.now() - job.at)
      await connections.use(left, (client) => runBatch(client, stepsOf([job])))
      job.resolve()
    } catch (error) {
      job.reject(error instanceof Taken ? error : ofChange(error))
    }
  }

  return (job) => new Promise((resolve, reject) => ask({ ...job, at: performance.now(), resolve, reject }))
}

/** Takes those out of the queue that can share a transaction with the first one; the others stay in their order. */
function takeGroup(queue: Write[]): readonly Write[] {
  const group: Write[] = []
  const left: Write[] = []
  const held = new Locks()
  for (const job of queue) {
    if (group.length < mostTogether && !held.clashes(job.locks)) {
      group.push(job)
      held.join(job.locks)
    } else left.push(job)
  }
  queue.splice(0, queue.length, ...left)
  return group
}

function stepsOf(group: readonly Job[]): readonly Step[] {
  const locks = new Locks()
  for (const job of group) if (job.mustLock) locks.join(job.locks)
  const sharing = (steps: readonly Step[]) => gathered(steps).map(({ step }) => step)
  return [
    ...(locks.size > 0 ? [locks.wait()] : []),
    ...sharing(group.flatMap((job) => job.conditions)),
    ...group.flatMap((job) => job.steps),
    ...sharing([...group.flatMap((job) => job.alike), ...queueSteps(group.flatMap((job) => job.queued))]),
  ]
}

/** The inserts of what waits to be linked. */
export function queueSteps(queued: readonly AuditQueue[]): readonly Step[] {
  return joinQueued(queued).map((row) =>
    listed(postgresStatements.audit_queue.insert, [[row.tenant], [row.id], [null], [JSON.stringify(row)]], 3),
  )
}
