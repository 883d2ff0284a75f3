import type { Row } from './row.ts'

/** An audit event (S-145). Never holds a code, token, secret, full number or address. */
export interface AuditEvent extends Row {
  /** Time-ordered, so that ids sort as events happened. */
  readonly id: string
  readonly at: number
  /** Dotted name, such as `factor.confirmed`; the closed list stands in engine/events.ts. */
  readonly type: string
  readonly outcome: 'success' | 'failure'
  readonly actor: 'user' | 'client' | 'admin' | 'system'
  readonly user?: string
  readonly client?: string
  readonly factor?: string
  readonly authenticator?: string
  readonly dialect?: string
  readonly ip?: string
  readonly reason?: string
  readonly correlation?: string
  readonly details?: Readonly<Record<string, string | number | boolean>>
}
