import { chainStart, linkHash } from '#crypto/audit-chain.ts'
import type { AuditBlock } from '#model/audit.ts'
import type { TenantId } from '#model/ids.ts'
import type { Store } from '#ports/store.ts'
import { chainRowId, chainState } from './head.ts'
import { publishedAuditKeys } from './keys.ts'

/** First line of an export. */
export const exportFormat = 'polyfactor-audit-1'

/** Blocks read at a time. */
const slice = 10

/**
 * The chain of a tenant as lines of JSON, in its order: what it is, with the keys and the newest head; then each row as
 * `{seq, previous, hash, event}`, and after the last row of each block its signed head with the list of its rows.
 * An event whose row is gone from the database leaves no line: verifying names it.
 */
export async function* exportChain(store: Store, tenant: TenantId): AsyncGenerator<string> {
  const state = chainState(tenant, await store.get('artifacts', tenant, chainRowId))
  const keys = (await publishedAuditKeys({ store }, tenant)).map(({ publicJwk }) => publicJwk)
  const { head, checkpoint } = state
  yield JSON.stringify({ format: exportFormat, tenant, start: chainStart(tenant), keys, head, checkpoint })
  for (let after: string | undefined; ; ) {
    const blocks = await store.list('audit_blocks', tenant, { limit: slice, ...(after !== undefined && { after }) })
    for (const block of blocks) {
      // What was linked after the header was written belongs to the next export.
      if (block.last > state.seq) return
      yield* linesOf(store, block)
    }
    after = blocks.at(-1)?.id
    if (after === undefined || blocks.length < slice) return
  }
}

async function* linesOf(store: Store, { tenant, first, previous, events, head }: AuditBlock): AsyncGenerator<string> {
  const rows = await Promise.all(events.map(([id]) => store.get('events', tenant, id)))
  let before = previous
  for (const [at, [, digest]] of events.entries()) {
    const seq = first + at
    const hash = linkHash(before, seq, digest)
    if (rows[at] !== undefined) yield JSON.stringify({ seq, previous: before, hash, event: rows[at] })
    before = hash
  }
  yield JSON.stringify({ head, rows: events })
}
