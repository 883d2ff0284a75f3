import { eventDigest, signHead } from '#crypto/audit-chain.ts'
import type { SigningKey } from '#crypto/signing.ts'
import type { AuditQueue, EventDigest } from '#model/audit.ts'
import type { TenantId } from '#model/ids.ts'
import { insert, remove, row, upsert, type Write } from '#ports/store.ts'
import type { Parts } from '../parts.ts'
import { blockId, type ChainState, chainRow, chainRowId, chainState, type Head, hashAfter, rowsDigest } from './head.ts'
import { auditKeys } from './keys.ts'

export interface LinkParts extends Pick<Parts, 'store' | 'keyring' | 'clock'> {
  /** Writes that belong to newly linked events, such as calls that tell of them; committed with their link. */
  readonly onLinked?: (tenant: TenantId, ids: readonly string[]) => Promise<readonly Write[]>
}

/** Rows of the queue looked at together; each has the events of one change, or of a few that were committed together. */
const mostRows = 200
/** Events for which a block ends; the rest of a row that is in it comes with it. */
const enoughEvents = 500

/**
 * Links everything that waits in a tenant's queue; answers how many events that were. Two linkers at once do no harm:
 * both build on the head they have read, and the commit of one of them makes the other begin again.
 */
export async function linkAll(parts: LinkParts, tenant: TenantId): Promise<number> {
  let linked = 0
  for (;;) {
    const queue = await parts.store.list('audit_queue', tenant, { limit: mostRows })
    if (queue.length === 0) return linked
    const next = beginning(queue)
    const count = await linkBlock(parts, tenant, next)
    if (count === undefined) return linked
    linked += count
    if (next.length === queue.length && queue.length < mostRows) return linked
  }
}

/** The rows a block is made of. */
function beginning(queue: readonly AuditQueue[]): readonly AuditQueue[] {
  let events = 0
  const end = queue.findIndex((it) => {
    events += it.events.length
    return events >= enoughEvents
  })
  return end < 0 ? queue : queue.slice(0, end + 1)
}

async function linkBlock(
  parts: LinkParts,
  tenant: TenantId,
  queue: readonly AuditQueue[],
): Promise<number | undefined> {
  const events = await digested(parts, tenant, queue)
  const { signing } = await auditKeys(parts, tenant)
  const more =
    events.length === 0
      ? []
      : await parts.onLinked?.(
          tenant,
          events.map(([id]) => id),
        )
  const refs = {
    state: row('artifacts', tenant, chainRowId),
    // Whoever has linked these has taken them out of the queue.
    first: row('audit_queue', tenant, queue[0]?.id ?? ''),
    last: row('audit_queue', tenant, queue.at(-1)?.id ?? ''),
  }
  return parts.store.change(refs, ({ state: found, first, last }) => {
    if (first === undefined || last === undefined) return { result: undefined }
    const state = chainState(tenant, found)
    const taken = queue.map((it) => remove('audit_queue', tenant, it.id))
    if (events.length === 0) return { result: 0, writes: taken }
    const block = blockAfter(tenant, state, events, parts.clock.now(), signing)
    const next: ChainState = { ...state, seq: block.last, hash: block.hash, head: block.head }
    const writes = [
      insert('audit_blocks', block),
      upsert('artifacts', chainRow(tenant, next)),
      ...taken,
      ...(more ?? []),
    ]
    return { result: events.length, writes }
  })
}

function blockAfter(
  tenant: TenantId,
  { seq, hash: previous }: ChainState,
  events: readonly EventDigest[],
  at: number,
  signing: SigningKey,
) {
  const first = seq + 1
  const last = seq + events.length
  const hash = hashAfter(previous, first, events)
  const said: Head = { tenant, first, seq: last, previous, hash, at, rows: rowsDigest(events) }
  return { tenant, id: blockId(first), first, last, previous, hash, at, events, head: signHead(signing, { ...said }) }
}

/** In the order of their ids, which is the order in time as far as the clocks agree. */
async function digested(
  { store }: LinkParts,
  tenant: TenantId,
  queue: readonly AuditQueue[],
): Promise<readonly EventDigest[]> {
  const all = queue.flatMap((it) => it.events)
  const known = await Promise.all(
    all.map(async ([id, digest]): Promise<EventDigest | undefined> => {
      if (digest !== undefined) return [id, digest]
      const event = await store.get('events', tenant, id)
      return event && [id, eventDigest(event)]
    }),
  )
  return known.filter((it) => it !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))
}
