import cluster, { type Worker } from 'node:cluster'
import { alone, type Siblings } from '#ports/siblings.ts'

/** Messages between a worker and the process that started it; each knows its own by the member it has. */
type Message =
  | { readonly ask: { readonly id: number; readonly topic: string; readonly value: unknown; readonly keep: boolean } }
  | { readonly asked: { readonly id: number; readonly topic: string; readonly value: unknown } }
  | { readonly told: { readonly id: number; readonly value: unknown } }
  | { readonly answers: { readonly id: number; readonly values: readonly unknown[] } }

/** Who does not answer in so long is left out, ms. */
const patience = 1_000

/** The siblings of this process: the other workers, or nobody. */
export function siblings(): Siblings {
  if (!cluster.isWorker) return alone()
  const handlers = new Map<string, (value: unknown) => unknown>()
  const waiting = new Map<number, (values: readonly unknown[]) => void>()
  let last = 0
  const say = (message: Message): void => void process.send?.(message, undefined, undefined, () => {})
  process.on('message', async (received: unknown) => {
    const message = received as Message
    if ('answers' in message) {
      waiting.get(message.answers.id)?.(message.answers.values)
      waiting.delete(message.answers.id)
    } else if ('asked' in message) {
      const { id, topic, value } = message.asked
      say({ told: { id, value: await handlers.get(topic)?.(value) } })
    }
  })
  return {
    handle: (topic, answer) => void handlers.set(topic, answer),
    everybody: (topic, value, { keep = false } = {}) =>
      new Promise((resolve) => {
        last += 1
        waiting.set(last, resolve)
        say({ ask: { id: last, topic, value, keep } })
      }),
  }
}

interface Round {
  readonly asker: Worker
  readonly id: number
  readonly missing: Set<Worker>
  readonly values: unknown[]
  readonly timer: NodeJS.Timeout
}

/** In the process that started the workers: hands questions round and answers back. */
export function createRelay(alive: ReadonlySet<Worker>) {
  const rounds = new Map<number, Round>()
  const kept = new Map<string, unknown>()
  let last = 0
  const say = (worker: Worker, message: Message): void => {
    if (worker.isConnected()) worker.send(message, () => {})
  }

  function finish(number: number): void {
    const round = rounds.get(number)
    if (round === undefined) return
    rounds.delete(number)
    clearTimeout(round.timer)
    say(round.asker, { answers: { id: round.id, values: round.values } })
  }

  return {
    /** A message of a worker that is not the relay's is none of its business. */
    take(worker: Worker, message: object): void {
      const known = message as Message
      if ('ask' in known) {
        const { id, topic, value, keep } = known.ask
        if (keep) kept.set(topic, value)
        last += 1
        const number = last
        const timer = setTimeout(finish, patience, number)
        rounds.set(number, { asker: worker, id, missing: new Set(alive), values: [], timer })
        for (const one of alive) say(one, { asked: { id: number, topic, value } })
      } else if ('told' in known) {
        const round = rounds.get(known.told.id)
        if (round === undefined || !round.missing.delete(worker)) return
        round.values.push(known.told.value)
        if (round.missing.size === 0) finish(known.told.id)
      }
    },
    /** A worker serves from now on: it is told what was told to the others. */
    welcome(worker: Worker): void {
      for (const [topic, value] of kept) say(worker, { asked: { id: 0, topic, value } })
    },
    gone(worker: Worker): void {
      for (const [number, round] of rounds) if (round.missing.delete(worker) && round.missing.size === 0) finish(number)
    },
  }
}
