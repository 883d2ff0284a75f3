import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { Dialect } from '../dialect.ts'
import type { Identifier } from '../words.ts'

export type StatusWord =
  | 'INITIATED'
  | 'PUSH_ACKNOWLEDGED'
  | 'ALLOWED'
  | 'SCANNED'
  | 'DENIED'
  | 'CANCELLED'
  | 'AUTHENTICATED'
  | 'ENROLLED'

/** A first factor that was proved by itself, waiting for its login. */
export interface FirstFactor {
  readonly user: UserId
  readonly proof: Proof
  readonly identifier: Identifier
}

/** Where a verification stands, for pages that wait (cidaas.md §4.6). */
export interface StatusNotes {
  readonly status: StatusWord
  readonly word: string
  /** As its owner knows the user: masked before login. */
  readonly sub?: string
  readonly request?: string
  /** Row of the exchange that stands for it now. */
  readonly exchange?: string
  readonly first?: FirstFactor
}

export interface Status extends StatusNotes {
  readonly rowId: string
}

const model = 'VerificationStatus'
const lifetime = 3_600_000

export const statusRowId = (id: string): string => `${model}:${tokenDigest(id)}`

export const statusRow = ({ engine }: Dialect, tenant: TenantId, id: string, notes: StatusNotes): Artifact => ({
  tenant,
  id: statusRowId(id),
  model,
  payload: { ...notes },
  expiresAt: engine.parts.clock.now() + lifetime,
})

export const readStatus = (dialect: Dialect, tenant: TenantId, id: string): Promise<Status | undefined> =>
  readStatusRow(dialect, tenant, statusRowId(id))

export async function readStatusRow({ engine }: Dialect, tenant: TenantId, row: string): Promise<Status | undefined> {
  const found = await engine.parts.store.get('artifacts', tenant, row)
  if (found === undefined || (found.expiresAt ?? 0) <= engine.parts.clock.now()) return undefined
  return { ...(found.payload as unknown as StatusNotes), rowId: found.id }
}
