import type { PoolClient } from 'pg'
import { StoreUnavailable } from '#ports/store.ts'
import { gathered, runBatch, type Step, type StepAnswer } from './postgres-batch.ts'
import { type Connections, callPatience, queuePatience } from './postgres-connection.ts'
import { unavailable } from './postgres-errors.ts'

/** Reads one round trip takes along at most: the rating of a login needs 19 at once, and must not wait for two. */
const mostTogether = 32

interface Waiting {
  readonly step: Step
  /** Since when; monotonic ms. */
  readonly at: number
  readonly resolve: (answer: StepAnswer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Short reads by key. Those asked for in one turn of the event loop, or while all connections are busy, go together:
 * what a statement costs is mostly its own message there and back.
 */
export function createReader(connections: Connections): (step: Step) => Promise<StepAnswer> {
  const queue: Waiting[] = []
  let scheduled = false
  let reading = 0

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      startReading()
    })
  }

  /** More readers than connections would only wait for each other. */
  function startReading(): void {
    const wanted = Math.min(Math.ceil(queue.length / mostTogether), connections.size - reading)
    for (let started = 0; started < wanted; started++) void readSome()
  }

  async function readSome(): Promise<void> {
    reading++
    let taken: Waiting[] = []
    try {
      const answers = await connections.use(patienceOf(queue), async (client) => {
        refuseLate(queue)
        taken = queue.splice(0, mostTogether)
        return await readAll(
          client,
          taken.map(({ step }) => step),
        )
      })
      // The connection is back by now, for whoever writes what depends on these answers.
      taken.forEach(({ resolve }, at) => {
        resolve(answers[at] as StepAnswer)
      })
    } catch (error) {
      const why = unavailable(error)
      // Where no connection was to be had for so long, those who came last would not get one either.
      if (taken.length === 0) taken = queue.splice(0)
      for (const { reject } of taken) reject(why)
    } finally {
      reading--
      if (queue.length > 0) startReading()
    }
  }

  return (step) =>
    new Promise((resolve, reject) => {
      queue.push({ step, at: performance.now(), resolve, reject })
      schedule()
    })
}

/** The answer of each step, where those that look a row up by its id share a statement. */
async function readAll(client: PoolClient, steps: readonly Step[]): Promise<readonly StepAnswer[]> {
  if (steps.length === 0) return []
  const groups = gathered(steps)
  const answers = await runBatch(
    client,
    groups.map(({ step }) => step),
  )
  const each: StepAnswer[] = steps.map(() => ({ rows: [], count: 0 }))
  groups.forEach(({ of }, at) => {
    const answer = answers[at] as StepAnswer
    if (of.length === 1) each[of[0] as number] = answer
    else for (const [n, ...cells] of answer.rows) each[of[Number(n)] as number] = { rows: [cells], count: 1 }
  })
  return each
}

/** How long the oldest of a queue may still have to wait for its answer, ms. */
export function patienceOf(queue: readonly { readonly at: number }[]): number {
  const [oldest] = queue
  return oldest ? callPatience - (performance.now() - oldest.at) : callPatience
}

/** Takes those out of a queue, oldest first, who have waited too long for more than a refusal. */
export function refuseLate(queue: { readonly at: number; readonly reject: (error: unknown) => void }[]): void {
  const tooOld = performance.now() - queuePatience
  const late = queue.findIndex(({ at }) => at > tooOld)
  if (late === 0 || queue.length === 0) return
  const why = new StoreUnavailable('the database does not answer in time')
  for (const { reject } of queue.splice(0, late < 0 ? queue.length : late)) reject(why)
}
