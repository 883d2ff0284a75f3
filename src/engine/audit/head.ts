import { chainStart, eventDigest, linkHash } from '#crypto/audit-chain.ts'
import type { Artifact } from '#model/artifact.ts'
import type { EventDigest } from '#model/audit.ts'
import type { TenantId } from '#model/ids.ts'

/** Where a chain stands: the number of its last row, and that row's chain hash. */
export interface Place {
  readonly seq: number
  readonly hash: string
}

/** What a signed head says: rows `first` to `seq` of a tenant, from `previous` to `hash`, and what they are. */
export interface Head extends Place {
  readonly tenant: string
  readonly first: number
  readonly previous: string
  /** Epoch ms at which it was signed. */
  readonly at: number
  /** Digest of the list of ids and digests of its rows. */
  readonly rows: string
}

/** What a signed checkpoint says: rows up to `seq` were taken away by retention, and the chain goes on after `hash`. */
export interface Checkpoint extends Place {
  readonly tenant: string
  readonly at: number
  readonly cut: true
}

/** The row two linkers race for; only they read it, so no request waits for it. */
export interface ChainState extends Place {
  /** The newest signed head. */
  readonly head?: string
  /** The signed checkpoint the chain begins after, once retention has cut it. */
  readonly checkpoint?: string
  /** Number of the first row that is still there. */
  readonly from: number
}

export const chainModel = 'AuditChain'
export const chainRowId = 'AuditChain:state'

export function chainState(tenant: TenantId, found: Artifact | undefined): ChainState {
  if (found === undefined) return { seq: 0, hash: chainStart(tenant), from: 1 }
  return found.payload as unknown as ChainState
}

export function chainRow(tenant: TenantId, state: ChainState): Artifact {
  return { tenant, id: chainRowId, model: chainModel, payload: { ...state } }
}

/** Ids of blocks sort as their rows are numbered. */
export const blockId = (first: number): string => String(first).padStart(15, '0')

/** The chain hash after these rows, the first of which gets the number `first`. */
export function hashAfter(previous: string, first: number, events: readonly EventDigest[]): string {
  return events.reduce((hash, [, digest], at) => linkHash(hash, first + at, digest), previous)
}

/** What a head says of its rows besides their chain hash: so a row that was changed can be named by the signed list. */
export const rowsDigest = (events: readonly EventDigest[]): string => eventDigest([...events])
