import type { TenantId } from '#model/ids.ts'
import { asId } from '#model/ids.ts'
import type { Row } from '#model/row.ts'
import { indexes, type TableName, type Tables } from '#model/tables.ts'
import type { Keyring } from '#ports/keyring.ts'
import { type Decision, put, type Ref, row, type Write } from '#ports/store.ts'
import type { Parts } from './parts.ts'

type ResealParts = Pick<Parts, 'store' | 'keyring' | 'clock'>

/** Rows of a kind that still name an older key. */
export interface Leftover {
  readonly table: TableName
  /**
   * `sealed`: no known context opens it. `hash`: a keyed hash, which nobody can make anew without what was hashed.
   * `risk`: a hash logins are compared with; they are made by every key of the ring, so that nothing is lost when the
   * older one goes after as long as they live, and a second factor asked once when it goes sooner.
   */
  readonly what: 'sealed' | 'hash' | 'risk'
  readonly rows: number
  /** When the last of them ends, epoch ms; absent: some of them never do. */
  readonly endsAt?: number
}

export interface ResealProgress {
  /** The key everything is sealed with anew. */
  readonly to: string
  readonly looked: number
  readonly resealed: number
  readonly done: boolean
  readonly left: readonly Leftover[]
}

/** Where a pass stands, so that whoever goes on need not begin again. */
interface State extends ResealProgress {
  readonly place?: { readonly tenant: TenantId; readonly table: TableName; readonly after?: string }
}

/** Belongs to no tenant, as leases do not. */
const nobody = asId<TenantId>('*')
const stateRef = row('budgets', nobody, 'reseal')
const slice = 100
const tables = Object.keys(indexes) as readonly TableName[]

/** How far the last pass came; undefined: none was begun for the key that seals now. */
export async function resealState({
  store,
  keyring,
}: Pick<ResealParts, 'store' | 'keyring'>): Promise<State | undefined> {
  const state = (await store.get('budgets', nobody, stateRef.id))?.memory as State | undefined
  return state?.to === keyring.activeKeyId ? state : undefined
}

/** Whether there is an older key in the ring, and a pass that is not over. */
export async function resealDue(parts: Pick<ResealParts, 'store' | 'keyring'>): Promise<boolean> {
  return parts.keyring.keyIds.length > 1 && (await resealState(parts))?.done !== true
}

/**
 * Seals everything anew with the newest master key (S-37), 100 rows at a time, each by a conditional write: a row that
 * changes meanwhile is looked at again. Goes on where the last run stopped; with `afresh` from the start. Stops between
 * two slices when `enough` says so.
 */
export async function reseal(
  parts: ResealParts,
  {
    afresh = false,
    enough = () => false,
    onProgress,
  }: { afresh?: boolean; enough?: () => boolean; onProgress?: (it: ResealProgress) => void } = {},
): Promise<ResealProgress> {
  const before = afresh ? undefined : await resealState(parts)
  let state: State = before ?? { to: parts.keyring.activeKeyId, looked: 0, resealed: 0, done: false, left: [] }
  if (state.done) return state
  const tenants = [...(await parts.store.everyTenant())].sort()
  for (const tenant of tenants) {
    for (const table of tables) {
      if (isBehind(state.place, tenant, table)) continue
      for (;;) {
        const after = state.place?.tenant === tenant && state.place.table === table ? state.place.after : undefined
        const rows = await parts.store.list(table, tenant, { limit: slice, ...(after !== undefined && { after }) })
        // Nothing to write down: a run that is broken off here finds the same again.
        if (rows.length === 0) break
        const found = await resealSlice(parts, table, rows)
        state = {
          ...state,
          looked: state.looked + rows.length,
          resealed: state.resealed + found.resealed,
          left: merged(state.left, found.left),
          place: { tenant, table, after: rows.at(-1)?.id ?? after },
        }
        onProgress?.(state)
        await keep(parts, state)
        if (enough()) return state
        if (rows.length < slice) break
      }
    }
  }
  state = { ...state, done: true, place: undefined }
  await keep(parts, state)
  return state
}

/** Tenants in the order of their ids, then tables in theirs. */
function isBehind(place: State['place'], tenant: TenantId, table: TableName): boolean {
  if (place === undefined || tenant > place.tenant) return false
  return tenant < place.tenant || tables.indexOf(table) < tables.indexOf(place.table)
}

async function keep({ store, clock }: ResealParts, state: State): Promise<void> {
  await store.change({}, () => {
    const memory = JSON.parse(JSON.stringify(state))
    const kept = { tenant: nobody, id: stateRef.id, used: 0, at: clock.now(), memory }
    return { result: undefined, writes: [{ do: 'upsert', table: 'budgets', row: kept } as Write] }
  })
}

async function resealSlice(parts: ResealParts, table: TableName, rows: readonly Tables[TableName][]) {
  const left: Leftover[] = []
  let resealed = 0
  for (const found of rows) {
    if (!namesOlderKey(parts.keyring, JSON.stringify(found))) continue
    const refs = { it: row(table, found.tenant, found.id) as Ref }
    const result = await parts.store.change(refs, ({ it }): Decision<{ changed: boolean; rest: string }> => {
      const before = it as Row | undefined
      if (before === undefined) return { result: { changed: false, rest: '' } }
      const after = anew(parts.keyring, table, before)
      const [was, is] = [JSON.stringify(before), JSON.stringify(after)]
      if (was === is) return { result: { changed: false, rest: is } }
      return { result: { changed: true, rest: is }, writes: [put(table, after as never)] }
    })
    if (result.changed) resealed++
    const { expiresAt } = found
    for (const what of ['sealed', 'hash'] as const) {
      if (!olderKeys(parts.keyring, result.rest, what)) continue
      left.push({ table, what: what === 'hash' && ofRisk.has(table) ? 'risk' : what, rows: 1, endsAt: expiresAt })
    }
  }
  return { resealed, left }
}

const ofRisk: ReadonlySet<TableName> = new Set(['risk_counters', 'risk_profiles', 'risk_decisions'])

const patterns = { sealed: /\bv1\.([A-Za-z0-9_-]{11})\./g, hash: /\bh1\.([A-Za-z0-9_-]{11})\./g } as const

function olderKeys({ activeKeyId, keyIds }: Keyring, text: string, what: keyof typeof patterns): boolean {
  return [...text.matchAll(patterns[what])].some(([, id]) => id !== activeKeyId && keyIds.includes(id as string))
}

const namesOlderKey = (keyring: Keyring, text: string): boolean =>
  olderKeys(keyring, text, 'sealed') || olderKeys(keyring, text, 'hash')

/** The row with every sealed text in it sealed anew, however deep it lies. */
function anew<T>(keyring: Keyring, table: TableName, found: T & Row): T {
  const contexts = contextsOf(table, found)
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string')
      return olderKeys(keyring, value, 'sealed') ? sealedAnew(keyring, value, contexts) : value
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, walk(it)]))
  }
  return walk(found) as T
}

/** A wrong context does not open, so trying is safe; a text no context opens stays as it is, and is reported. */
function sealedAnew(keyring: Keyring, sealed: string, contexts: readonly (readonly string[])[]): string {
  for (const context of contexts) {
    try {
      return keyring.seal(keyring.open(sealed, context), context)
    } catch {
      // Not this one.
    }
  }
  return sealed
}

/** Every context under which something of a row is sealed; a new one belongs here, and until then its rows are reported. */
function contextsOf(table: TableName, found: Row): readonly (readonly string[])[] {
  const { tenant, id } = found
  switch (table) {
    case 'signing_keys':
      return [['signing-key', tenant, id]]
    case 'authenticators':
      return [['authenticator', tenant, (found as Tables['authenticators']).user, id]]
    case 'messages':
      return [['message', tenant, id]]
    case 'webhooks':
      return [['webhook', tenant, id]]
    case 'artifacts': {
      const { model, payload } = found as Tables['artifacts']
      const keys = (payload.keys ?? []) as readonly { readonly kid?: string }[]
      return [
        ...['artifact', 'flow', 'refresh-successor'].map((kind) => [kind, tenant, id]),
        ['journey', tenant, id, 'challenge'],
        [model, tenant],
        ...(Array.isArray(keys) ? keys.map(({ kid = '' }) => ['audit-key', tenant, kid]) : []),
      ]
    }
    default:
      return []
  }
}

function merged(all: readonly Leftover[], more: readonly Leftover[]): readonly Leftover[] {
  const byKind = new Map(all.map((it) => [`${it.table} ${it.what}`, it]))
  for (const it of more) {
    const key = `${it.table} ${it.what}`
    const before = byKind.get(key)
    const ends = [it, ...(before ? [before] : [])].map(({ endsAt }) => endsAt)
    const endsAt = ends.every((one) => one !== undefined) ? Math.max(...ends) : undefined
    byKind.set(key, {
      ...it,
      rows: (before?.rows ?? 0) + 1,
      ...(endsAt === undefined ? { endsAt: undefined } : { endsAt }),
    })
  }
  return [...byKind.values()]
}
