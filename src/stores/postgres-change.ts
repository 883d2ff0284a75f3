import type { Row } from '#model/row.ts'
import type { TableName } from '#model/tables.ts'
import { type Ref, type Refs, StoreConflict, type Write } from '#ports/store.ts'
import {
  type Decide,
  endOf,
  type Loaded,
  repeats,
  runDecide,
  sameValues,
  storable,
  Taken,
  takeLoaded,
} from './change.ts'
import { type Cells, runBatch, type Step, type StepAnswer, shared, step, type Value } from './postgres-batch.ts'
import { type Connections, callPatience } from './postgres-connection.ts'
import { isSound, ofChange, sqlState } from './postgres-errors.ts'
import { Locks } from './postgres-locks.ts'
import { loadAll, loadLocked, postgresStatements, type RefShape, stillSame } from './postgres-sql.ts'
import type { Job } from './postgres-writer.ts'
import { columnOf, hasSets, indexValues, isStorable, setColumnOf, sqlTables } from './sql.ts'

/** What a change needs to run. */
export interface Means {
  readonly connections: Connections
  readonly read: (step: Step) => Promise<StepAnswer>
  readonly write: (job: Job) => Promise<void>
  readonly onConflict: () => void
}

type LoadedRow = Loaded<string>

/** A ref as it is asked for. */
interface Asked {
  readonly name: string
  readonly ref: Ref
  readonly shape: RefShape
  readonly key: string
}

/** What was found, and in which form it is to be compared. */
interface FoundRefs {
  readonly found: Readonly<Record<string, unknown>>
  readonly loaded: LoadedRow[]
  /** By ref, as `stillSame` wants it. */
  readonly prints: ReadonlyMap<Asked, string>
}

/** What a decision has to write. */
interface Plan {
  readonly steps: readonly Step[]
  readonly locks: Locks
  /** Rows whose own conditional write tells whether they are still the same. */
  readonly replaced: ReadonlySet<string>
  /** The writes touch no set and nothing but the one row that was read. */
  readonly alone: boolean
}

/**
 * Runs a change. First without locks: one round trip reads, `decide` runs, one round trip locks, looks whether all that
 * was read still stands, and writes; it fails as a whole when something has changed. Then again, at most 3 times, with
 * everything locked before it is read, so that a row that many want is given to one after the other.
 * Throws what `decide` throws, StoreConflict or StoreUnavailable; after the latter it is not known what was written.
 */
export async function runChange(means: Means, refs: Refs, decide: Decide): Promise<unknown> {
  const asked = askedRefs(refs)
  // What an attempt had to lock, so that the next one can take it from the start, in order with all the rest.
  const wanted = new Locks()
  for (const { ref, key } of asked) lockRef(wanted, ref, key, true)
  const run = { means, refs, asked, decide, wanted }
  for (let attempt = 0; ; attempt++) {
    try {
      return attempt === 0 ? await withoutLocks(run) : await locked(run)
    } catch (error) {
      if (!(error instanceof Taken)) throw error
      means.onConflict()
      if (attempt === repeats) throw new StoreConflict(error.message, { cause: error.cause })
    }
  }
}

interface Run {
  readonly means: Means
  readonly refs: Refs
  readonly asked: readonly Asked[]
  readonly decide: Decide
  readonly wanted: Locks
}

async function withoutLocks({ means, refs, asked, decide, wanted }: Run): Promise<unknown> {
  const rows = asked.length === 0 ? [] : (await means.read(loadStep(asked))).rows
  const read = gather(refs, asked, rows)
  const { result, writes } = runDecide(decide, read.found)
  if (!writes || writes.length === 0) return result
  const plan = planWrites(writes, read.loaded)
  const others = asked.filter(({ ref }) => !(ref.one && plan.replaced.has(rowKey(ref.table, ref.tenant, ref.id))))
  for (const { ref, key } of others) lockRef(plan.locks, ref, key, false)
  const conditions = others.length > 0 ? [sameStep(others, read.prints)] : []
  wanted.claim(plan.locks)
  const mustLock = !plan.alone || others.length > 0
  await means.write({ steps: [...conditions, ...plan.steps], locks: plan.locks, mustLock })
  return result
}

async function locked({ means, refs, asked, decide, wanted }: Run): Promise<unknown> {
  const held = new Locks()
  held.claim(wanted)
  return await means.connections.use(callPatience, async (client) => {
    const run = (steps: readonly Step[]) =>
      runBatch(client, steps).catch((error: unknown) => {
        throw ofChange(error)
      })
    try {
      const loads = asked.map(({ ref, shape, key }) => step(loadLocked(shape), ref.tenant, key))
      const [, , ...answers] = await run([step('BEGIN'), held.wait(), ...loads])
      const rows = answers.flatMap((it, at) => it.rows.map(([, ...cells]) => [String(at), ...cells]))
      const read = gather(refs, asked, rows)
      const { result, writes } = runDecide(decide, read.found)
      const plan = planWrites(writes ?? [], read.loaded)
      const more = plan.locks.without(held)
      const before = more.size > 0 ? [more.attempt()] : []
      wanted.claim(more)
      await run([...before, ...plan.steps, step('COMMIT')])
      return result
    } catch (error) {
      const cause = (error as { cause?: unknown }).cause
      if (sqlState(cause) === undefined ? !isConnectionLost(error) : isSound(cause)) await run([step('ROLLBACK')])
      throw error
    }
  })
}

const isConnectionLost = (error: unknown) => error instanceof Error && error.name === 'StoreUnavailable'

function askedRefs(refs: Refs): readonly Asked[] {
  const asked: Asked[] = []
  for (const [name, ref] of Object.entries(refs)) {
    const key = ref.one ? ref.id : ref.value
    if (!ref.one) setColumnOf(sqlTables[ref.table], ref.index)
    if (!isStorable(key) || !isStorable(ref.tenant)) continue
    asked.push({ name, ref, key, shape: ref.one ? { table: ref.table } : { table: ref.table, index: ref.index } })
  }
  return asked
}

function loadStep(asked: readonly Asked[]): Step {
  return step(loadAll(asked.map(({ shape }) => shape)), ...asked.flatMap(({ ref, key }) => [ref.tenant, key]))
}

function sameStep(asked: readonly Asked[], prints: ReadonlyMap<Asked, string>): Step {
  const values = asked.flatMap((it) => [it.ref.tenant, it.key, prints.get(it) ?? ''])
  return step(stillSame(asked.map(({ shape }) => shape)), ...values)
}

function lockRef(locks: Locks, ref: Ref, key: string, exclusive: boolean): void {
  if (ref.one) locks.row(ref.table, ref.tenant, ref.id, exclusive)
  else locks.set(ref.table, columnOf(sqlTables[ref.table], ref.index), ref.tenant, key, exclusive)
}

function gather(refs: Refs, asked: readonly Asked[], rows: readonly Cells[]): FoundRefs {
  const found: Record<string, unknown> = {}
  for (const [name, ref] of Object.entries(refs)) found[name] = ref.one ? undefined : []
  const loaded: LoadedRow[] = []
  const prints = new Map<Asked, string>(asked.map((it) => [it, it.ref.one ? '0' : '']))
  for (const [at, rev, id, doc, expiresAt, ...values] of rows as readonly (readonly string[])[]) {
    const it = asked[Number(at)] as Asked
    const { table, tenant } = it.ref
    const row = JSON.parse(doc as string) as Row
    const width = sqlTables[table].columns.length
    loaded.push({
      table,
      tenant,
      id: id as string,
      rev: rev as string,
      expiresAt: (expiresAt as string | null) ?? null,
      values: values.slice(0, width),
    })
    if (it.ref.one) {
      found[it.name] = row
      prints.set(it, rev as string)
    } else {
      ;(found[it.name] as Row[]).push(row)
      const before = prints.get(it)
      prints.set(it, before ? `${before},${id}:${rev}` : `${id}:${rev}`)
    }
  }
  return { found, loaded, prints }
}

const rowKey = (table: TableName, tenant: string, id: string) => `${table}\0${tenant}\0${id}`

function planWrites(writes: readonly Write[], loaded: LoadedRow[]): Plan {
  const locks = new Locks()
  const steps: Step[] = []
  const replaced = new Set<string>()
  let alone = true
  for (const one of writes) {
    const { table } = one
    const sql = sqlTables[table]
    const statements = postgresStatements[table]
    const inSets = (tenant: string, values: readonly (string | null)[]) =>
      values.forEach((value, at) => {
        const column = sql.columns[at]?.column
        if (value !== null && column !== undefined && hasSets(table)) locks.set(table, column, tenant, value, true)
      })
    if (one.do === 'remove') {
      if (!isStorable(one.id) || !isStorable(one.tenant)) continue
      alone = false
      locks.row(table, one.tenant, one.id, true)
      const before = loaded.find((it) => it.table === table && it.tenant === one.tenant && it.id === one.id)
      if (before) inSets(one.tenant, before.values)
      steps.push(step(statements.remove, one.tenant, one.id))
      continue
    }
    const row: Row = one.row
    const values = indexValues(sql, row)
    const expiresAt = endOf(row)
    const doc = JSON.stringify(row)
    if (one.do === 'put') {
      const before = takeLoaded(loaded, table, row)
      replaced.add(rowKey(table, row.tenant, row.id))
      locks.row(table, row.tenant, row.id, true)
      // A set is also what its rows hold, so those who decide on it must not overlap with this write.
      if (hasSets(table) && values.some((it) => it !== null)) alone = false
      inSets(row.tenant, before.values)
      if (String(expiresAt) === String(before.expiresAt) && sameValues(before.values, values)) {
        steps.push(shared(statements.putDoc, statements.putDocs, doc, row.tenant, row.id, before.rev))
        continue
      }
      const stored: Value[] = [...storable(table, values)]
      inSets(row.tenant, values)
      if (hasSets(table) && !sameValues(before.values, values)) alone = false
      steps.push(step(statements.put, expiresAt, doc, ...stored, row.tenant, row.id, before.rev))
      continue
    }
    if (!isStorable(row.id) || !isStorable(row.tenant))
      throw new TypeError(`an id in ${table} holds a broken character`)
    const before = loaded.find((it) => it.table === table && it.tenant === row.tenant && it.id === row.id)
    if (before) inSets(row.tenant, before.values)
    inSets(row.tenant, values)
    if (hasSets(table)) {
      alone = false
      locks.row(table, row.tenant, row.id, true)
    }
    const stored: Value[] = [row.tenant, row.id, expiresAt, doc, ...storable(table, values)]
    steps.push(
      one.do === 'insert'
        ? shared(statements.insert, statements.inserts, ...stored)
        : step(statements.upsert, ...stored),
    )
  }
  return { steps, locks, replaced, alone }
}
