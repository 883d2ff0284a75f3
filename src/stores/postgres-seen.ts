import type { Row } from '#model/row.ts'
import type { TableName } from '#model/tables.ts'
import { heldMark, type Ref } from '#ports/store.ts'
import type { Loaded } from './change.ts'
import type { Cells } from './postgres-batch.ts'
import { type Companion, loadBeside, type RefShape } from './postgres-sql.ts'
import { isKey, sqlTables } from './sql.ts'

/** A row, and what a `put` of it is compared with. */
export interface FoundRow {
  readonly row: Row
  readonly loaded: Loaded<string>
}

/** What was read at once with a row, by what it was asked for. */
type Beside = ReadonlyMap<string, readonly FoundRow[]>

/** Rows `get` has answered, so that a change they are named for as seen need not read them again. */
const answered = new WeakMap<object, { readonly found: FoundRow; readonly beside?: Beside | undefined }>()

/** Cells of a row before those of its indexes: list, place, rev, id, doc, end. */
const beforeIndexes = 6

/** A row in an answer of `loadAll` or `loadBeside`. */
export function rowIn(table: TableName, tenant: string, cells: Cells): FoundRow {
  const [, , rev, id, doc, expiresAt = null] = cells as readonly string[]
  const row = JSON.parse(doc as string) as Row
  const values = cells.slice(beforeIndexes, beforeIndexes + sqlTables[table].columns.length)
  return { row, loaded: { table, tenant, id: id as string, rev: rev as string, expiresAt, values } }
}

/** The row `get` answers with. */
export function answer(found: FoundRow, beside?: Beside): Row {
  answered.set(found.row, { found, beside })
  return found.row
}

/** What is known of the refs of a change from what was read before it, by their place among them. */
export function knownOf(refs: readonly Ref[]): ReadonlyMap<number, readonly FoundRow[]> {
  const known = new Map<number, readonly FoundRow[]>()
  const maps: Beside[] = []
  refs.forEach((ref, at) => {
    const it = ref.one && ref.seen !== undefined ? answered.get(ref.seen) : undefined
    if (it === undefined) return
    known.set(at, [it.found])
    if (it.beside) maps.push(it.beside)
  })
  for (const map of maps) {
    refs.forEach((ref, at) => {
      const it = known.has(at) ? undefined : map.get(nameOf(shapeOf(ref), ref.tenant, keyOf(ref)))
      if (it !== undefined) known.set(at, it)
    })
  }
  return known
}

export const keyOf = (ref: Ref): string => (ref.one ? ref.id : ref.value)
export const shapeOf = (ref: Ref): RefShape => (ref.one ? { table: ref.table } : { table: ref.table, index: ref.index })

const nameOf = ({ table, index }: RefShape, tenant: string, key: string) =>
  `${table}\0${index ?? ''}\0${tenant}\0${key}`

/** How a row and what stands beside it are asked for in one statement, and how its answer is read. */
export interface BesideReading {
  readonly text: string
  readonly lists: readonly (readonly string[])[]
  readonly read: (rows: readonly Cells[]) => Row | undefined
}

/** What a literal of a statement may hold: words of ours. */
const plain = /^[\w:]*$/

export function besideReading(table: TableName, tenant: string, id: string, refs: readonly Ref[]): BesideReading {
  const companions: Companion[] = []
  const names: ((row: FoundRow) => string | undefined)[] = []
  const given: string[] = []
  for (const ref of refs) {
    const key = keyOf(ref)
    const shape = shapeOf(ref)
    const at = key.indexOf(heldMark)
    if (ref.tenant !== tenant || !isKey(key)) continue
    if (at < 0) {
      companions.push({ shape })
      given.push(key)
      names.push(() => nameOf(shape, tenant, key))
      continue
    }
    const before = key.slice(0, at)
    const place = sqlTables[table].columns.findIndex(({ index }) => index === key.slice(at + 1))
    if (place < 0 || !plain.test(before)) continue
    companions.push({ shape, held: { before, column: sqlTables[table].columns[place]?.column as string } })
    names.push(({ loaded }) => {
      const value = loaded.values[place]
      return value == null ? undefined : nameOf(shape, tenant, before + value)
    })
  }
  return {
    text: loadBeside(table, companions),
    lists: [[tenant], [id], ...given.map((key) => [key])],
    read(rows) {
      const first = rows.find(([number]) => number === '0')
      if (first === undefined) return undefined
      const own = rowIn(table, tenant, first)
      const found = companions.map((): FoundRow[] => [])
      for (const cells of rows) {
        const at = Number(cells[0]) - 1
        const of = companions[at]
        if (of) found[at]?.push(rowIn(of.shape.table, tenant, cells))
      }
      const beside = new Map<string, readonly FoundRow[]>()
      names.forEach((nameFrom, at) => {
        const name = nameFrom(own)
        if (name !== undefined) beside.set(name, found[at] ?? [])
      })
      return answer(own, beside)
    },
  }
}
