import type { Connection, PoolClient } from 'pg'
import { serialize } from 'pg-protocol'

/** A statement every connection prepares once, under a name of its own. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export type Value = string | number | null
/** One row of an answer, in the text format of the protocol. */
export type Cells = readonly (string | null)[]

/** A statement with its values. */
export interface Step {
  readonly statement: Statement
  readonly values: readonly Value[]
  /** Text of the statement that does the same for so many rows at once, with the values of all of them in a row. */
  readonly several?: (rows: number) => string
}

/** What one step answered. */
export interface StepAnswer {
  readonly rows: readonly Cells[]
  /** Rows the statement changed or answered. */
  readonly count: number
}

const execute = serialize.execute()
const sync = serialize.sync()

const named = new Map<string, Statement>()

/** The statement with this text; the same text is the same statement. */
export function statement(text: string): Statement {
  const known = named.get(text)
  if (known) return known
  const made = { name: `p${named.size}`, text }
  named.set(text, made)
  return made
}

export function step(text: string, ...values: Value[]): Step {
  return { statement: statement(text), values }
}

/** A step that may share a statement with others like it. */
export function shared(text: string, several: (rows: number) => string, ...values: Value[]): Step {
  return { statement: statement(text), values, several }
}

/** Rows one statement takes at most. Each size a power of two, so that a connection prepares few of them. */
const mostRows = 16

/**
 * Steps alike are made one statement: what a statement costs by itself is about what a row costs. Answers groups in the
 * order of their first steps; `of`: which of the given steps are in it.
 */
export function gathered(steps: readonly Step[]): readonly { readonly step: Step; readonly of: readonly number[] }[] {
  const alike = new Map<string, number[]>()
  steps.forEach(({ statement, several }, at) => {
    const key = several ? statement.name : `alone ${at}`
    const known = alike.get(key)
    if (known) known.push(at)
    else alike.set(key, [at])
  })
  return [...alike.values()].flatMap((all) =>
    portions(all).map((of) => ({ step: joined(of.map((at) => steps[at] as Step)), of })),
  )
}

function portions(all: readonly number[]): readonly (readonly number[])[] {
  const made: (readonly number[])[] = []
  for (let from = 0; from < all.length; ) {
    const size = Math.min(mostRows, 2 ** Math.floor(Math.log2(all.length - from)))
    made.push(all.slice(from, from + size))
    from += size
  }
  return made
}

function joined(steps: readonly Step[]): Step {
  const [first] = steps as readonly [Step]
  if (steps.length === 1 || !first.several) return first
  return step(first.several(steps.length), ...steps.flatMap(({ values }) => values))
}

/** What a connection has prepared, and what it was asked to prepare and has not confirmed. */
interface Prepared {
  readonly done: Set<string>
  readonly asked: string[]
}

const prepared = new WeakMap<Connection, Prepared>()

function preparedOn(connection: Connection): Prepared {
  const known = prepared.get(connection)
  if (known) return known
  const made: Prepared = { done: new Set(), asked: [] }
  prepared.set(connection, made)
  // Confirmations come in the order of the questions; a failed batch leaves those behind that were skipped.
  connection.on('parseComplete', () => {
    const name = made.asked.shift()
    if (name !== undefined) made.done.add(name)
  })
  return made
}

/** What the driver expects of a query that speaks the protocol by itself, as pg-cursor does. */
interface Submitted {
  submit(connection: Connection): void
  handleError(error: Error): void
}

/**
 * Several prepared statements in one round trip: Bind and Execute of each, one Sync (PostgreSQL 53.2.3, extended query,
 * pipelining). Without BEGIN they are one transaction, committed by the Sync; the first that fails ends all of them.
 * No row descriptions are asked for: all cells arrive as text.
 */
class Batch implements Submitted {
  readonly #steps: readonly Step[]
  readonly #resolve: (answers: readonly StepAnswer[]) => void
  readonly #reject: (error: Error) => void
  readonly #answers: StepAnswer[] = []
  #rows: Cells[] = []

  constructor(
    steps: readonly Step[],
    resolve: (answers: readonly StepAnswer[]) => void,
    reject: (error: Error) => void,
  ) {
    this.#steps = steps
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: Connection): void {
    const { done, asked } = preparedOn(connection)
    asked.length = 0
    const messages: Buffer[] = []
    for (const { statement, values } of this.#steps) {
      if (!done.has(statement.name) && !asked.includes(statement.name)) {
        asked.push(statement.name)
        messages.push(serialize.parse({ name: statement.name, text: statement.text }))
      }
      messages.push(serialize.bind({ statement: statement.name, values: values.map(asText) }), execute)
    }
    messages.push(sync)
    // In one piece: forty small ones cost a sixth of the CPU time of a login to hand over.
    connection.stream.write(Buffer.concat(messages))
  }

  handleDataRow(message: { readonly fields: (string | null)[] }): void {
    this.#rows.push(message.fields)
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#answers.push({ rows: this.#rows, count: Number(/\d+$/.exec(message.text)?.[0] ?? 0) })
    this.#rows = []
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' })
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#answers)
  }

  handleError(error: Error): void {
    this.#reject(error)
  }
}

function asText(value: Value): string | null {
  return typeof value === 'number' ? String(value) : value
}

/** Runs steps as one transaction and one round trip, or inside the transaction a step of an earlier batch began. */
export function runBatch(client: PoolClient, steps: readonly Step[]): Promise<readonly StepAnswer[]> {
  return new Promise((resolve, reject) => {
    client.query(new Batch(steps, resolve, reject))
  })
}
