import type { TenantId } from './ids.ts'

/** What every stored noun has: a tenant, an id unique within tenant and table, and perhaps an end. */
export interface Row {
  readonly tenant: TenantId
  readonly id: string
  /** Epoch ms after which the row is dead and may be swept; correctness never depends on the sweeping. */
  readonly expiresAt?: number
}
