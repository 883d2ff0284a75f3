import { runBatch, type Step, type StepAnswer } from './postgres-batch.ts'
import { type Connections, callPatience } from './postgres-connection.ts'
import { unavailable } from './postgres-errors.ts'

/** Reads one round trip takes along at most. */
const mostTogether = 16

interface Waiting {
  readonly step: Step
  readonly number: number
  readonly resolve: (answer: StepAnswer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Short reads by key. Those asked for in one turn of the event loop, or while all connections are busy, go together:
 * what a statement costs is mostly its own message there and back.
 */
export function createReader(connections: Connections): (step: Step) => Promise<StepAnswer> {
  let queue: Waiting[] = []
  let scheduled = false
  let last = 0

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      for (let left = queue.length; left > 0; left -= mostTogether) void readSome(last)
    })
  }

  async function readSome(newest: number): Promise<void> {
    let taken: Waiting[] = []
    try {
      await connections.use(callPatience, async (client) => {
        taken = queue.splice(0, mostTogether)
        if (taken.length === 0) return
        const answers = await runBatch(
          client,
          taken.map(({ step }) => step),
        )
        taken.forEach(({ resolve }, at) => {
          resolve(answers[at] as StepAnswer)
        })
      })
    } catch (error) {
      const why = unavailable(error)
      if (taken.length === 0) {
        // No connection was to be had; those who came later have a wait of their own.
        taken = queue.filter(({ number }) => number <= newest)
        queue = queue.filter(({ number }) => number > newest)
      }
      for (const { reject } of taken) reject(why)
    }
  }

  return (step) =>
    new Promise((resolve, reject) => {
      queue.push({ step, number: ++last, resolve, reject })
      schedule()
    })
}
