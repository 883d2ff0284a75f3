import type { Connection, PoolClient } from 'pg'
import { serialize } from 'pg-protocol'
import { asArray, asDocuments, asValue, bind, execute, sync } from './postgres-messages.ts'

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
  /**
   * In place of values: what each array parameter holds. Steps with the same statement have lists of the same lengths;
   * several of them are one step with longer lists.
   */
  readonly lists?: readonly (readonly Value[])[]
  /** Which of the lists holds documents. */
  readonly documents?: number
}

/** What one step answered. */
export interface StepAnswer {
  readonly rows: readonly Cells[]
  /** Rows the statement changed or answered. */
  readonly count: number
}

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

/**
 * A step whose parameters are arrays, and which may share its statement with others like it: what a statement costs by
 * itself is more than what a row adds to it. `documents`: which list holds JSON; it goes as one text with a separator that
 * JSON escapes (U+001E), since all its quotes would have to be escaped in an array.
 */
export function listed(text: string, lists: readonly (readonly Value[])[], documents?: number): Step {
  return { statement: statement(text), values: [], lists, ...(documents !== undefined && { documents }) }
}

/** Steps alike made one; in the order of their first steps. `of`: which of the given steps are in it. */
export function gathered(steps: readonly Step[]): readonly { readonly step: Step; readonly of: readonly number[] }[] {
  const alike = new Map<string, number[]>()
  steps.forEach(({ statement, lists }, at) => {
    const key = lists ? statement.name : `alone ${at}`
    const known = alike.get(key)
    if (known) known.push(at)
    else alike.set(key, [at])
  })
  return [...alike.values()].map((of) => ({ step: joined(of.map((at) => steps[at] as Step)), of }))
}

function joined(steps: readonly Step[]): Step {
  const [first] = steps as readonly [Step]
  if (steps.length === 1 || !first.lists) return first
  const lists = first.lists.map((): Value[] => [])
  for (const { lists: own = [] } of steps) own.forEach((list, at) => void lists[at]?.push(...list))
  return { ...first, lists }
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
    let messages = ''
    for (const { statement, values, lists, documents } of this.#steps) {
      if (!done.has(statement.name) && !asked.includes(statement.name)) {
        asked.push(statement.name)
        messages += serialize.parse({ name: statement.name, text: statement.text }).toString('latin1')
      }
      const encoded = lists?.map((list, at) => (at === documents ? asDocuments(list) : asArray(list)))
      messages += bind(statement.name, encoded ?? values.map(asValue)) + execute
    }
    // In one piece: forty small ones cost a sixth of the CPU time of a login to hand over.
    connection.stream.write(Buffer.from(messages + sync, 'latin1'))
  }

  handleDataRow(message: { readonly fields: (string | null)[] }): void {
    this.#rows.push(message.fields)
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#answers.push({ rows: this.#rows, count: Number(/(?<!\d)\d+$/.exec(message.text)?.[0] ?? 0) })
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

/** Runs steps as one transaction and one round trip, or inside the transaction a step of an earlier batch began. */
export function runBatch(client: PoolClient, steps: readonly Step[]): Promise<readonly StepAnswer[]> {
  return new Promise((resolve, reject) => {
    client.query(new Batch(steps, resolve, reject))
  })
}
