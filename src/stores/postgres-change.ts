import type { AuditQueue } from '#model/audit.ts'
import type { Row } from '#model/row.ts'
import type { TableName } from '#model/tables.ts'
import { type OneRef, type Ref, type Refs, StoreConflict, type Write } from '#ports/store.ts'
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
import {
  type Cells,
  gathered,
  listed,
  runBatch,
  type Step,
  type StepAnswer,
  step,
  type Value,
} from './postgres-batch.ts'
import { type Connections, callPatience } from './postgres-connection.ts'
import { isSound, ofChange, sqlState } from './postgres-errors.ts'
import { Locks } from './postgres-locks.ts'
import { type FoundRow, knownOf, rowIn } from './postgres-seen.ts'
import { loadAll, loadLocked, postgresStatements, type RefShape, stillSame } from './postgres-sql.ts'
import { type Job, queueSteps } from './postgres-writer.ts'
import { checkKeys, columnOf, hasSets, indexValues, isKey, isStorable, setColumnOf, sqlTables } from './sql.ts'

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

/** A row, and the ref it was found by. */
interface RowOf extends FoundRow {
  readonly of: Asked
}

const rowOf = (of: Asked, cells: Cells): RowOf => ({ of, ...rowIn(of.ref.table, of.ref.tenant, cells) })

/** What was found, and in which form it is to be compared. */
interface FoundRefs {
  readonly found: Record<string, unknown>
  readonly loaded: LoadedRow[]
  /** By ref, as `stillSame` wants it. */
  readonly prints: Map<Asked, string>
}

/** What a decision has to write. */
interface Plan {
  /** What may be refused, replaced or removed; to go before what is only added: no change adds a row it also removes. */
  readonly steps: readonly Step[]
  /** What can share statements with other changes. */
  readonly alike: readonly Step[]
  readonly queued: readonly AuditQueue[]
  readonly locks: Locks
  /** Rows whose own conditional write tells whether they are still the same. */
  readonly replaced: ReadonlySet<string>
  /** Rows that are written or removed whatever they hold. */
  readonly written: ReadonlySet<string>
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
  const wanted: Locks[] = []
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
  readonly wanted: Locks[]
}

async function withoutLocks(run: Run): Promise<unknown> {
  const { means, refs, asked, decide, wanted } = run
  const known: RowOf[] = []
  const others = asked.filter((of) => {
    const found = knownOf(of.ref)
    if (found) known.push({ of, ...found })
    return found === undefined
  })
  const rows = others.length === 0 ? known : [...known, ...(await load(means, others))]
  const read = gather(refs, asked, rows)
  const { result, writes, meanwhile } = runDecide(decide, read.found)
  if (!writes || writes.length === 0) {
    // Nothing is written, so nothing tells whether what was seen before still stands.
    if (known.length === 0) return result
    return await withoutLocks({
      ...run,
      asked: asked.map((it) => ({ ...it, ref: { ...it.ref, seen: undefined } as Ref })),
    })
  }
  const plan = planWrites(writes, read.loaded)
  wanted.push(plan.locks)
  const unreplaced = asked.filter(({ ref }) => !ref.one || mustStand(ref, plan))
  for (const { ref, key } of unreplaced) lockRef(plan.locks, ref, key, false)
  const mustLock = !plan.alone || unreplaced.length > 0
  const { steps, alike, queued, locks } = plan
  const written = means.write({ conditions: sameSteps(unreplaced, read.prints), steps, alike, queued, locks, mustLock })
  // Twice: the first turn is the one that sends the writes.
  if (meanwhile) setImmediate(() => setImmediate(meanwhile))
  await written
  return result
}

/** Whether a row has to be held against what was read, as its own write does not do that. */
function mustStand(ref: OneRef, { replaced, written }: Plan): boolean {
  const key = rowKey(ref.table, ref.tenant, ref.id)
  return ref.loosely === true ? written.has(key) : !replaced.has(key)
}

/** Reads all refs in one round trip. */
async function load(means: Means, asked: readonly Asked[]): Promise<readonly RowOf[]> {
  const { text, pairs, counts } = loadAll(asked.map(({ shape }) => shape))
  const lists: string[][] = counts.flatMap(() => [[], []])
  const places: Asked[][] = counts.map(() => [])
  asked.forEach((it, at) => {
    const pair = pairs[at] as number
    lists[2 * pair]?.push(it.ref.tenant)
    lists[2 * pair + 1]?.push(it.key)
    places[pair]?.push(it)
  })
  const { rows } = await means.read(listed(text, lists))
  return rows.map((cells) => rowOf(places[Number(cells[0])]?.[Number(cells[1]) - 1] as Asked, cells))
}

async function locked({ means, refs, asked, decide, wanted }: Run): Promise<unknown> {
  const held = new Locks()
  for (const { ref, key } of asked) lockRef(held, ref, key, true)
  for (const locks of wanted) held.claim(locks)
  return await means.connections.use(callPatience, async (client) => {
    const run = (steps: readonly Step[]) =>
      runBatch(client, steps).catch((error: unknown) => {
        throw ofChange(error)
      })
    try {
      const loads = asked.map(({ ref, shape, key }) => step(loadLocked(shape), ref.tenant, key))
      const [, , ...answers] = await run([step('BEGIN'), held.wait(), ...loads])
      const rows = answers.flatMap((it, at) => it.rows.map((cells) => rowOf(asked[at] as Asked, cells)))
      const read = gather(refs, asked, rows)
      const { result, writes } = runDecide(decide, read.found)
      const plan = planWrites(writes ?? [], read.loaded)
      const more = plan.locks.without(held)
      const before = more.size > 0 ? [more.attempt()] : []
      wanted.push(more)
      const alike = gathered([...plan.alike, ...queueSteps(plan.queued)]).map((it) => it.step)
      await run([...before, ...plan.steps, ...alike, step('COMMIT')])
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
    if (!isKey(key) || !isStorable(ref.tenant)) continue
    asked.push({ name, ref, key, shape: ref.one ? { table: ref.table } : { table: ref.table, index: ref.index } })
  }
  return asked
}

/** Conditions that all refs still find what they found, a step for those looked up alike. */
function sameSteps(asked: readonly Asked[], prints: ReadonlyMap<Asked, string>): readonly Step[] {
  const alike = new Map<string, [string[], string[], string[]]>()
  for (const it of asked) {
    const text = stillSame(it.shape)
    const lists = alike.get(text) ?? [[], [], []]
    lists[0].push(it.ref.tenant)
    lists[1].push(it.key)
    lists[2].push(prints.get(it) ?? '')
    alike.set(text, lists)
  }
  return [...alike].map(([text, lists]) => listed(text, lists))
}

function lockRef(locks: Locks, ref: Ref, key: string, exclusive: boolean): void {
  if (ref.one) locks.row(ref.table, ref.tenant, ref.id, exclusive)
  else locks.set(ref.table, columnOf(sqlTables[ref.table], ref.index), ref.tenant, key, exclusive)
}

function gather(refs: Refs, asked: readonly Asked[], rows: readonly RowOf[]): FoundRefs {
  const found: Record<string, unknown> = {}
  for (const [name, ref] of Object.entries(refs)) found[name] = ref.one ? undefined : []
  const loaded: LoadedRow[] = []
  const prints = new Map<Asked, string>(asked.map((it) => [it, it.ref.one ? '0' : '']))
  for (const { of, row, loaded: it } of rows) {
    const { id, rev } = it
    loaded.push(it)
    if (of.ref.one) {
      found[of.name] = row
      prints.set(of, rev)
    } else {
      ;(found[of.name] as Row[]).push(row)
      const before = prints.get(of)
      prints.set(of, before ? `${before},${id}:${rev}` : `${id}:${rev}`)
    }
  }
  return { found, loaded, prints }
}

const rowKey = (table: TableName, tenant: string, id: string) => `${table}\0${tenant}\0${id}`

function planWrites(writes: readonly Write[], loaded: LoadedRow[]): Plan {
  const locks = new Locks()
  const steps: Step[] = []
  const alike: Step[] = []
  const queued: AuditQueue[] = []
  const replaced = new Set<string>()
  const written = new Set<string>()
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
      written.add(rowKey(table, one.tenant, one.id))
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
        alike.push(listed(statements.putDoc, [[doc], [row.tenant], [row.id], [before.rev]], 0))
        continue
      }
      const stored: Value[] = [...storable(table, values)]
      inSets(row.tenant, values)
      if (hasSets(table) && !sameValues(before.values, values)) alone = false
      steps.push(step(statements.put, expiresAt, doc, ...stored, row.tenant, row.id, before.rev))
      continue
    }
    checkKeys(table, row)
    if (one.table === 'audit_queue' && one.do === 'insert') {
      queued.push(one.row)
      continue
    }
    const before = loaded.find((it) => it.table === table && it.tenant === row.tenant && it.id === row.id)
    if (before) inSets(row.tenant, before.values)
    inSets(row.tenant, values)
    if (hasSets(table)) {
      alone = false
      locks.row(table, row.tenant, row.id, true)
    }
    const stored: Value[] = [row.tenant, row.id, expiresAt, doc, ...storable(table, values)]
    if (one.do === 'upsert') {
      written.add(rowKey(table, row.tenant, row.id))
      steps.push(step(statements.upsert, ...stored))
    } else {
      const lists = stored.map((it) => [it])
      alike.push(listed(statements.insert, lists, 3))
    }
  }
  return { steps, alike, queued, locks, replaced, written, alone }
}
