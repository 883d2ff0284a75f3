import type { AuditEvent } from '#model/event.ts'
import type { TenantId } from '#model/ids.ts'
import { insert, type Write } from '#ports/store.ts'
import type { Caller, Parts } from './parts.ts'
import { timeId } from './time-id.ts'

/** The closed list of what is audited. */
export type EventType =
  | 'login.password'
  | 'login.passwordless'
  | 'login.granted'
  | 'login.risk'
  | 'login.refreshed'
  | 'mfa.required'
  | 'challenge.sent'
  | 'proof.checked'
  | 'factor.enrolment-started'
  | 'factor.confirmed'
  | 'factor.removed'
  | 'factor.renamed'
  | 'factor.locked'
  | 'factor.disabled'
  | 'approval.given'
  | 'approval.declined'
  | 'approval.reported'
  | 'factor.enrolment-refused'
  | 'recovery.used'
  | 'recovery.replaced'
  | 'user.created'
  | 'user.updated'
  | 'user.deleted'
  | 'password.changed'
  | 'password.reset-asked'
  | 'consent.given'
  | 'consent.withdrawn'
  | 'refresh.reused'
  | 'token.revoked'
  | 'session.ended'
  | 'device.trusted'
  | 'device.forgotten'
  | 'address.suspicious'
  | 'phone.sending-stopped'
  | 'phone.sending-resumed'
  | 'phone.number-refused'
  | 'admin.change'
  | 'key.rotated'
  | 'clock.moved-back'

export type EventFields = Partial<Omit<AuditEvent, 'tenant' | 'id' | 'at' | 'type'>>

/** The write of one audit row; it goes into the same commit as what it tells of (S-146). */
export function audit(parts: Parts, caller: Caller, type: EventType, fields: EventFields = {}): Write {
  return systemAudit(parts, caller.tenant.id, type, {
    actor: 'user',
    client: caller.application.id,
    dialect: caller.dialect,
    ip: caller.address,
    correlation: caller.correlation,
    ...fields,
  })
}

/** As `audit`, where no application asks: administrators, jobs, configuration. */
export function systemAudit(
  parts: Pick<Parts, 'clock' | 'random'>,
  tenant: TenantId,
  type: EventType,
  fields: EventFields = {},
): Write {
  const at = parts.clock.now()
  return insert('events', {
    outcome: 'success',
    actor: 'system',
    ...fields,
    tenant,
    id: timeId(at, parts.random),
    at,
    type,
  })
}
