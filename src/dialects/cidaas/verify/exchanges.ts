import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { ClientId, TenantId, UserId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { Found, Refs, Write } from '#ports/store.ts'
import { insert, put, row } from '#ports/store.ts'
import type { Dialect } from '../dialect.ts'
import { iso } from '../wire.ts'
import { type StatusNotes, statusRow, statusRowId } from './statuses.ts'

/** What an exchange goes on with once it is answered. */
export type Purpose =
  /** A second factor in a track, or a method enrolled in one; the track by its digest. */
  | { readonly for: 'track'; readonly track: string; readonly enrols?: boolean }
  /** A method enrolled by somebody who is signed in. */
  | {
      readonly for: 'profile'
      readonly token: string
      readonly user: UserId
      readonly client: ClientId
      readonly proofs: readonly Proof[]
    }
  /** The mailbox of an account that is about to be; by the track of its registration. */
  | { readonly for: 'registration'; readonly track: string }
  /** A first factor: what was typed as the name, and how the proof is made. */
  | { readonly for: 'login'; readonly to: string; readonly by: 'password' | 'email' | 'sms' }

/** One verification in progress (cidaas.md §4.11): what its id stands for, and nothing anyone could sign in with. */
export interface ExchangeNotes {
  readonly word: string
  readonly kind: string
  readonly purpose: Purpose
  readonly client: ClientId
  readonly request?: string
  /** As its owner knows the user: masked before login. */
  readonly sub: string
  /** Id under which pages ask how far it is; it opens nothing. */
  readonly statusId: string
  /** Whether the engine made a challenge under this id. */
  readonly challenged: boolean
  /** Epoch ms. */
  readonly endsAt: number
  readonly stage: 'initiated' | 'done' | 'cancelled'
}

export interface Exchanging extends ExchangeNotes {
  readonly rowId: string
}

const model = 'VerificationExchange'
/** A dead exchange is remembered so long, ms, to tell `expired` from `unknown`. */
const graveyard = 3_600_000

const rowIdOf = (id: string): string => `${model}:${tokenDigest(id)}`

export const exchangeRow = (tenant: TenantId, id: string, notes: ExchangeNotes): Artifact => ({
  tenant,
  id: rowIdOf(id),
  model,
  payload: { ...notes },
  client: notes.client,
  expiresAt: notes.endsAt + graveyard,
})

export async function readExchange({ engine }: Dialect, tenant: TenantId, id: string): Promise<Exchanging | undefined> {
  const found = await engine.parts.store.get('artifacts', tenant, rowIdOf(id))
  return found && { ...(found.payload as unknown as ExchangeNotes), rowId: found.id }
}

/** Keeps a new exchange and its status; `id` is the handle the engine made, where it made one. */
export async function openExchange(
  dialect: Dialect,
  tenant: TenantId,
  it: Omit<ExchangeNotes, 'stage' | 'statusId' | 'endsAt'> & {
    readonly id?: string
    readonly lifetime: number
    readonly status?: StatusNotes['status']
  },
): Promise<{ readonly exchangeId: string; readonly statusId: string; readonly endsAt: number }> {
  const { random, clock, store } = dialect.engine.parts
  const { id, lifetime, status = 'INITIATED', ...notes } = it
  const exchangeId = id ?? random.id()
  const statusId = random.id()
  const endsAt = clock.now() + lifetime * 1_000
  const kept = statusRow(dialect, tenant, statusId, { status, word: it.word, sub: it.sub, request: it.request })
  const row = exchangeRow(tenant, exchangeId, { ...notes, statusId, endsAt, stage: 'initiated' })
  await store.change({}, () => ({ result: undefined, writes: [insert('artifacts', row), insert('artifacts', kept)] }))
  return { exchangeId, statusId, endsAt }
}

/** The refs a change needs to spend an exchange. */
export const exchangeRefs = (tenant: TenantId, it: Exchanging) => ({
  exchange: row('artifacts', tenant, it.rowId),
  status: row('artifacts', tenant, statusRowId(it.statusId)),
})

/**
 * Spends an exchange in the commit that accepts its proof, and gives it a successor (cidaas.md §5.3). Undefined: somebody
 * else was faster.
 */
export function spendExchange(
  tenant: TenantId,
  next: string,
  status: Partial<StatusNotes> & Pick<StatusNotes, 'status'>,
  found: Found<Refs>,
): readonly Write[] | undefined {
  const { exchange, status: before } = found as { exchange?: Artifact; status?: Artifact }
  const notes = exchange?.payload as unknown as ExchangeNotes | undefined
  if (exchange === undefined || notes?.stage !== 'initiated' || before === undefined) return undefined
  return [
    put('artifacts', { ...exchange, payload: { ...exchange.payload, stage: 'done' } }),
    put('artifacts', { ...before, payload: { ...before.payload, ...status } }),
    insert('artifacts', exchangeRow(tenant, next, { ...notes, stage: 'done' })),
  ]
}

/** The object clients get for an exchange (cidaas.md §4.4). */
export function exchangeObject({ engine }: Dialect, id: string, endsAt: number): object {
  const now = engine.parts.clock.now()
  return {
    exchange_id: id,
    expires_at: iso(endsAt),
    _id: id,
    id,
    createdTime: iso(now),
    updatedTime: iso(now),
    __ref: `${now}-${engine.parts.random.id()}`,
  }
}
