import { Taken } from './change.ts'
import { gathered, runBatch, type Step } from './postgres-batch.ts'
import { type Connections, callPatience } from './postgres-connection.ts'
import { isSound, ofChange, sqlState, unavailable } from './postgres-errors.ts'
import { Locks } from './postgres-locks.ts'
import { patienceOf, refuseLate } from './postgres-reader.ts'

/** What a change writes, and the conditions it writes under: all or nothing. */
export interface Job {
  readonly steps: readonly Step[]
  /** What it has read (shared) and writes (exclusive). */
  readonly locks: Locks
  /** Whether they have to be taken; not where the one row that was read is the one that is written. */
  readonly mustLock: boolean
}

interface Waiting extends Job {
  /** Since when; monotonic ms. */
  readonly at: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Changes one transaction takes along at most. */
const mostTogether = 16

/**
 * Commits what changes have decided. Those that are ready at the same time, and do not touch what another one touches,
 * share a transaction and so one flush to disk and one round trip. When it fails for one of them, nothing of it was
 * written, and each runs again alone.
 * Rejects with Taken where a change has to decide again, else with StoreUnavailable.
 */
export function createWriter(connections: Connections): (job: Job) => Promise<void> {
  const queue: Waiting[] = []
  // Few, so that changes find each other while a flush is under way.
  const mostWriters = Math.ceil(connections.size / 5)
  let scheduled = false
  let writing = 0

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      startWriting()
    })
  }

  function startWriting(): void {
    const wanted = Math.min(Math.ceil(queue.length / mostTogether), mostWriters - writing)
    for (let started = 0; started < wanted; started++) void writeSome()
  }

  async function writeSome(): Promise<void> {
    writing++
    let group: readonly Waiting[] = []
    try {
      await connections.use(patienceOf(queue), async (client) => {
        refuseLate(queue)
        group = takeGroup(queue)
        if (group.length > 0) await runBatch(client, stepsOf(group))
      })
      for (const { resolve } of group) resolve()
    } catch (error) {
      // Where no connection was to be had for so long, those who came last would not get one either.
      if (group.length === 0) for (const { reject } of queue.splice(0)) reject(unavailable(error))
      else if (group.length > 1 && sqlState(error) !== undefined && isSound(error))
        for (const job of group) void alone(job)
      else for (const { reject } of group) reject(ofChange(error))
    } finally {
      writing--
      if (queue.length > 0) startWriting()
    }
  }

  async function alone(job: Waiting): Promise<void> {
    try {
      const left = callPatience - (performance.now() - job.at)
      await connections.use(left, (client) => runBatch(client, stepsOf([job])))
      job.resolve()
    } catch (error) {
      job.reject(error instanceof Taken ? error : ofChange(error))
    }
  }

  return (job) =>
    new Promise((resolve, reject) => {
      queue.push({ ...job, at: performance.now(), resolve, reject })
      schedule()
    })
}

/** Takes those out of the queue that can share a transaction with the first one; the others stay in their order. */
function takeGroup(queue: Waiting[]): readonly Waiting[] {
  const group: Waiting[] = []
  const left: Waiting[] = []
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
  const steps = group.flatMap((job) => job.steps)
  // What may be refused, replaced or removed goes before what is only added: no change adds a row it also removes.
  const [alone, alike] = [steps.filter((it) => !it.several), steps.filter((it) => it.several)]
  return [...(locks.size > 0 ? [locks.wait()] : []), ...alone, ...gathered(alike).map(({ step }) => step)]
}
