import { tokenDigest } from '#crypto/digest.ts'
import { challengeId } from '#engine/challenges.ts'
import type { Artifact } from '#model/artifact.ts'
import type { ChallengeId, ClientId, TenantId, UserId } from '#model/ids.ts'
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
  /** The challenge it stands for, where the engine made one; a digest, as all that is kept of handles. */
  readonly challenge?: ChallengeId
  /** Where and when it was begun, for whoever is asked elsewhere whether it was them (S-60). `at` in epoch ms. */
  readonly begun?: { readonly place: string; readonly at: number }
  /** Epoch ms. */
  readonly endsAt: number
  readonly stage: Stage
}

/** Steps of a device on the way to its answer. */
export type DeviceStage = 'acknowledged' | 'allowed' | 'scanned'
/** `moved`: a device has gone a step, and a later exchange stands for it (cidaas.md §4.7). */
export type Stage = 'initiated' | DeviceStage | 'moved' | 'done' | 'cancelled'

const live: readonly Stage[] = ['initiated', 'acknowledged', 'allowed', 'scanned']
export const isLive = (stage: Stage | undefined): boolean => stage !== undefined && live.includes(stage)

export interface Exchanging extends ExchangeNotes {
  readonly rowId: string
}

const model = 'VerificationExchange'
/** A dead exchange is remembered so long, ms, to tell `expired` from `unknown`. */
const graveyard = 3_600_000

const rowIdOf = (id: string): string => `${model}:${tokenDigest(id)}`

/** The row of the exchange whose handle is that of a challenge: both are named by the same digest. */
export const rowOfChallenge = (challenge: string): string => `${model}:${challenge}`

export const exchangeRow = (tenant: TenantId, id: string, notes: ExchangeNotes): Artifact => ({
  tenant,
  id: rowIdOf(id),
  model,
  payload: { ...notes },
  client: notes.client,
  expiresAt: notes.endsAt + graveyard,
})

export const readExchange = (dialect: Dialect, tenant: TenantId, id: string): Promise<Exchanging | undefined> =>
  readExchangeRow(dialect, tenant, rowIdOf(id))

/** The same by its row, which is what a status keeps. */
export async function readExchangeRow(
  { engine }: Dialect,
  tenant: TenantId,
  rowId: string,
): Promise<Exchanging | undefined> {
  const found = await engine.parts.store.get('artifacts', tenant, rowId)
  return found && { ...(found.payload as unknown as ExchangeNotes), rowId: found.id }
}

/** Keeps a new exchange and its status; `id` is the handle the engine made, where it made one. */
export async function openExchange(
  dialect: Dialect,
  tenant: TenantId,
  it: Omit<ExchangeNotes, 'stage' | 'statusId' | 'endsAt' | 'challenge'> & {
    /** The handle of a challenge, which becomes the id of the exchange. */
    readonly handle?: string
    /** An id that was given out already. */
    readonly id?: string
    readonly lifetime: number
    readonly status?: StatusNotes['status']
  },
): Promise<{ readonly exchangeId: string; readonly statusId: string; readonly endsAt: number }> {
  const { random, clock, store } = dialect.engine.parts
  const { handle, id, lifetime, status = 'INITIATED', ...notes } = it
  const exchangeId = handle ?? id ?? random.id()
  const statusId = random.id()
  const endsAt = clock.now() + lifetime * 1_000
  const exchange = rowIdOf(exchangeId)
  const kept = statusRow(dialect, tenant, statusId, {
    status,
    word: it.word,
    sub: it.sub,
    request: it.request,
    exchange,
  })
  const challenge = handle === undefined ? undefined : challengeId(handle)
  const row = exchangeRow(tenant, exchangeId, { ...notes, challenge, statusId, endsAt, stage: 'initiated' })
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
  if (exchange === undefined || notes === undefined || !isLive(notes.stage) || before === undefined) return undefined
  return [
    put('artifacts', { ...exchange, payload: { ...exchange.payload, stage: 'done' } }),
    put('artifacts', { ...before, payload: { ...before.payload, ...status } }),
    insert('artifacts', exchangeRow(tenant, next, { ...notes, stage: 'done' })),
  ]
}

/**
 * A step of a device: what it held is worth nothing any more, and its successor is what the status points at
 * (cidaas.md §4.7). Undefined: somebody else was faster.
 */
export async function moveExchange(
  { engine }: Dialect,
  tenant: TenantId,
  it: Exchanging,
  to: DeviceStage,
  status: StatusNotes['status'],
): Promise<string | undefined> {
  const next = engine.parts.random.id()
  return await engine.parts.store.change(exchangeRefs(tenant, it), ({ exchange, status: before }) => {
    const notes = exchange?.payload as unknown as ExchangeNotes | undefined
    if (exchange === undefined || before === undefined || notes?.stage !== it.stage) return { result: undefined }
    return {
      result: next,
      writes: [
        put('artifacts', { ...exchange, payload: { ...exchange.payload, stage: 'moved' } }),
        put('artifacts', { ...before, payload: { ...before.payload, status, exchange: rowIdOf(next) } }),
        insert('artifacts', exchangeRow(tenant, next, { ...notes, stage: to })),
      ],
    }
  })
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
