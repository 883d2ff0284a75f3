import { performance } from 'node:perf_hooks'
import type { PoolClient } from 'pg'
import { StoreUnavailable } from '#ports/store.ts'
import { type Connections, callPatience, queuePatience } from './postgres-connection.ts'
import { unavailable } from './postgres-errors.ts'

/** After so long nobody waits for a connection somebody else has asked for, ms. */
const longInComing = 50

/** What waits to go together with others. */
export interface Waiting {
  /** Since when; monotonic ms. */
  readonly at: number
  readonly reject: (error: unknown) => void
}

export interface Lane<T extends Waiting, A> {
  /** Batches under way at once, at most. */
  readonly most: number
  /** How many no longer wait for the batch under way, and go by another. */
  readonly enough: number
  /** Takes a batch out of a queue that is not empty. */
  readonly take: (queue: T[]) => readonly T[]
  readonly run: (client: PoolClient, batch: readonly T[]) => Promise<A>
  /** Called once the connection is back, for whoever needs it next. */
  readonly done: (batch: readonly T[], answer: A) => void
  readonly failed: (batch: readonly T[], error: unknown) => void
}

/**
 * A queue whose work goes to the database in batches. A batch costs more by itself (a message there and back, for
 * writes a flush to disk) than each piece of work adds to it. So while one is under way the others gather, and the next
 * starts when that one is back, when enough have come together, or when this process has nothing else to do.
 */
export function createLane<T extends Waiting, A>(connections: Connections, lane: Lane<T, A>): (it: T) => void {
  const queue: T[] = []
  let running = 0
  /** Of those running: still without a connection, so that their batch is still in the queue. */
  let coming = 0
  let lastComing = 0
  let scheduled = false

  /** A connection that is long in coming may never come; who asks then tries for another. */
  const soon = () => (coming > 0 && performance.now() - lastComing < longInComing ? coming : 0)

  /** Comes back once the events of this turn, and those that waited behind them, have had theirs. */
  function schedule(): void {
    if (scheduled || queue.length === 0 || soon() > 0 || running >= lane.most) return
    scheduled = true
    const before = events()
    setImmediate(() => {
      scheduled = false
      start(before === events())
    })
  }

  function start(isIdle: boolean): void {
    const full = Math.floor(queue.length / lane.enough)
    const wanted = queue.length > 0 && (running === coming || isIdle) ? Math.max(1, full) : full
    for (let more = Math.min(wanted - soon(), lane.most - running); more > 0; more--) void next()
    schedule()
  }

  async function next(): Promise<void> {
    running++
    coming++
    const began = performance.now()
    lastComing = began
    let batch: readonly T[] | undefined
    try {
      const answer = await connections.use(patienceOf(queue), async (client) => {
        coming--
        refuseLate(queue)
        batch = queue.length > 0 ? lane.take(queue) : []
        schedule()
        return batch.length > 0 ? await lane.run(client, batch) : undefined
      })
      if (answer !== undefined) lane.done(batch ?? [], answer)
    } catch (error) {
      if (batch) lane.failed(batch, error)
      else {
        coming--
        // Those who came later try for another one: the database may be back by now.
        const later = queue.findIndex(({ at }) => at > began)
        for (const { reject } of queue.splice(0, later < 0 ? queue.length : later)) reject(unavailable(error))
      }
    } finally {
      running--
      start(false)
    }
  }

  return (it) => {
    queue.push(it)
    schedule()
  }
}

/** Events this process has handled since it began. */
const events = () => performance.nodeTiming.uvMetricsInfo.events

/** How long the oldest of a queue may still have to wait for its answer, ms. */
function patienceOf([oldest]: readonly Waiting[]): number {
  return oldest ? callPatience - (performance.now() - oldest.at) : callPatience
}

/** Takes those out of a queue, oldest first, who have waited too long for more than a refusal. */
function refuseLate(queue: Waiting[]): void {
  const tooOld = performance.now() - queuePatience
  const late = queue.findIndex(({ at }) => at > tooOld)
  if (late === 0 || queue.length === 0) return
  const why = new StoreUnavailable('the database does not answer in time')
  for (const { reject } of queue.splice(0, late < 0 ? queue.length : late)) reject(why)
}
