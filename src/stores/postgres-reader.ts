import type { PoolClient } from 'pg'
import { type Cells, gathered, runBatch, type Step, type StepAnswer } from './postgres-batch.ts'
import type { Connections } from './postgres-connection.ts'
import { unavailable } from './postgres-errors.ts'
import { createLane, type Waiting } from './postgres-lane.ts'

/** Reads one round trip takes along at most: the rating of a login needs 19 at once, and must not wait for two. */
const mostTogether = 32
/** Reads for which another round trip begins while one is under way. */
const enough = 16

interface Read extends Waiting {
  readonly step: Step
  readonly resolve: (answer: StepAnswer) => void
}

/** Short reads by key; those asked for while others are under way go together. */
export function createReader(connections: Connections): (step: Step) => Promise<StepAnswer> {
  const ask = createLane<Read, readonly StepAnswer[]>(connections, {
    most: connections.size,
    enough,
    take: (queue) => queue.splice(0, mostTogether),
    run: (client, batch) =>
      readAll(
        client,
        batch.map(({ step }) => step),
      ),
    done: (batch, answers) => batch.forEach(({ resolve }, at) => void resolve(answers[at] as StepAnswer)),
    failed: (batch, error) => {
      const why = unavailable(error)
      for (const { reject } of batch) reject(why)
    },
  })
  return (step) => new Promise((resolve, reject) => ask({ step, at: performance.now(), resolve, reject }))
}

/** The answer of each step, where those that look up alike share a statement. */
async function readAll(client: PoolClient, steps: readonly Step[]): Promise<readonly StepAnswer[]> {
  const groups = gathered(steps)
  const answers = await runBatch(
    client,
    groups.map(({ step }) => step),
  )
  const each: StepAnswer[] = steps.map(() => ({ rows: [], count: 0 }))
  groups.forEach(({ of }, at) => {
    const answer = answers[at] as StepAnswer
    if (of.length === 1) each[of[0] as number] = answer
    else share(answer, of, steps, each)
  })
  return each
}

/** Gives each of the steps that shared a statement its own rows, which begin with the number of a list and a place in it. */
function share({ rows }: StepAnswer, of: readonly number[], steps: readonly Step[], each: StepAnswer[]): void {
  const lengths = steps[of[0] as number]?.lists?.map((it) => it.length) ?? []
  const given = of.map((): Cells[] => [])
  for (const cells of rows as (string | null)[][]) {
    // Tenants and keys: two lists for each.
    const length = lengths[2 * Number(cells[0])] as number
    const before = Number(cells[1]) - 1
    cells[1] = String((before % length) + 1)
    given[Math.floor(before / length)]?.push(cells)
  }
  of.forEach((at, n) => {
    const rows = given[n] as Cells[]
    each[at] = { rows, count: rows.length }
  })
}
