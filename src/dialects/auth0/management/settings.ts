import type { Artifact } from '#model/artifact.ts'
import type { TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import { type Decision, put, row, upsert, type Write } from '#ports/store.ts'
import type { Call } from './call.ts'

/** What this API remembers of a tenant beside what the engine keeps. */
export interface PhoneSettings {
  /** Ways to reach a phone that were chosen; they wait here while the factor is off. */
  readonly messageTypes?: readonly string[]
  readonly provider?: string
}

const id = 'GuardianPhone'

function settingsRow(tenant: TenantId, payload: PhoneSettings): Artifact {
  return { tenant, id, model: id, payload: { ...payload } }
}

/** What is remembered for this tenant. */
export async function readPhoneSettings({ dialect, exchange }: Call): Promise<PhoneSettings> {
  const found = await dialect.engine.parts.store.get('artifacts', exchange.tenant.id, id)
  return (found?.payload ?? {}) as PhoneSettings
}

/** The tenant and what is remembered, after a change to either; a part that is left out stays. */
export interface Changed {
  readonly tenant?: Tenant
  readonly phone?: PhoneSettings
}

/**
 * Changes switches of the tenant, in one commit with the audit row. `make` sees them as they are then, so that two
 * changes at once do not undo each other.
 */
export async function changeSettings(
  call: Call,
  what: string,
  make: (tenant: Tenant, phone: PhoneSettings) => Changed,
): Promise<void> {
  const { store } = call.dialect.engine.parts
  const tenantId = call.exchange.tenant.id
  const refs = { tenant: row('tenants', tenantId, tenantId), phone: row('artifacts', tenantId, id) }
  await store.change(refs, (found): Decision<void> => {
    if (found.tenant === undefined) return { result: undefined }
    const next = make(found.tenant, (found.phone?.payload ?? {}) as PhoneSettings)
    const writes: Write[] = []
    if (next.tenant) writes.push(put('tenants', next.tenant))
    if (next.phone) writes.push(upsert('artifacts', settingsRow(tenantId, next.phone)))
    if (writes.length > 0) writes.push(call.event('admin.change', { details: { what } }))
    return { result: undefined, writes }
  })
}
