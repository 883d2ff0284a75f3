import type { Row } from './row.ts'

/** An event's place in a list: its id, and the digest of its canonical JSON. */
export type EventDigest = readonly [id: string, digest: string]

/** Id of the artifact that holds the keys a tenant's chain is signed with; `payload.sealed` is the private half. */
export const auditKeyRing = 'AuditKeys:ring'

/** Events of one change that wait to be linked into the chain; written with them, removed with their link. */
export interface AuditQueue extends Row {
  /** Of the first event. */
  readonly id: string
  /** Without a digest: written before there was a chain, so it is taken when it is linked. */
  readonly events: readonly (EventDigest | readonly [id: string])[]
}

/** Rows of changes that are committed together, a tenant's as one: each of their events is linked by itself anyway. */
export function joinQueued(rows: readonly AuditQueue[]): readonly AuditQueue[] {
  const byTenant = new Map<string, AuditQueue>()
  for (const row of rows) {
    const first = byTenant.get(row.tenant)
    byTenant.set(row.tenant, first ? { ...first, events: [...first.events, ...row.events] } : row)
  }
  return [...byTenant.values()]
}

/** Some rows of the chain, in their order, and the signed head they lead to. Never changed once written. */
export interface AuditBlock extends Row {
  /** Number of its first row, with leading zeros, so that ids sort as the chain goes. */
  readonly id: string
  readonly first: number
  readonly last: number
  /** Chain hash of the row before `first`, and of `last`. */
  readonly previous: string
  readonly hash: string
  readonly at: number
  readonly events: readonly EventDigest[]
  /** The head as compact JWS; what it says stands in engine/audit/head.ts. */
  readonly head: string
}
