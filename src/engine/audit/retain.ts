import { signHead } from '#crypto/audit-chain.ts'
import type { AuditBlock } from '#model/audit.ts'
import type { TenantId } from '#model/ids.ts'
import { put, remove, row } from '#ports/store.ts'
import type { Parts } from '../parts.ts'
import { type Checkpoint, chainRow, chainRowId, chainState } from './head.ts'
import { auditKeys } from './keys.ts'

/**
 * Takes away the rows that were linked before `before` (epoch ms), whole blocks at a time, and leaves a signed
 * checkpoint from which the rest of the chain goes on. The newest block stays. Answers how many events went.
 */
export async function retain(
  parts: Pick<Parts, 'store' | 'keyring' | 'clock'>,
  tenant: TenantId,
  before: number,
): Promise<number> {
  let gone = 0
  for (;;) {
    const [oldest, next] = await parts.store.list('audit_blocks', tenant, { limit: 2 })
    if (oldest === undefined || next === undefined || oldest.at >= before) return gone
    if (!(await cut(parts, tenant, oldest))) return gone
    gone += oldest.events.length
  }
}

/** One block in one commit: a process that dies in between leaves a chain that is whole. */
async function cut(
  parts: Pick<Parts, 'store' | 'keyring' | 'clock'>,
  tenant: TenantId,
  { id, last, hash, events }: AuditBlock,
): Promise<boolean> {
  const { signing } = await auditKeys(parts, tenant)
  const refs = { state: row('artifacts', tenant, chainRowId), block: row('audit_blocks', tenant, id) }
  return parts.store.change(refs, ({ state, block }) => {
    if (state === undefined || block === undefined) return { result: false }
    const said: Checkpoint = { tenant, seq: last, hash, at: parts.clock.now(), cut: true }
    const next = { ...chainState(tenant, state), checkpoint: signHead(signing, { ...said }), from: last + 1 }
    const writes = [
      put('artifacts', chainRow(tenant, next)),
      remove('audit_blocks', tenant, id),
      ...events.map(([event]) => remove('events', tenant, event)),
    ]
    return { result: true, writes }
  })
}
