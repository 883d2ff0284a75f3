import type { Api, Application } from './application.ts'
import type { Artifact } from './artifact.ts'
import type { AuditBlock, AuditQueue } from './audit.ts'
import type { Authenticator } from './authenticator.ts'
import type { Budget } from './budget.ts'
import type { Challenge } from './challenge.ts'
import type { AuditEvent } from './event.ts'
import type { Message } from './message.ts'
import type { RiskCounter, RiskDecision, RiskProfile, RiskTotals } from './risk.ts'
import type { Row } from './row.ts'
import type { SigningKeyRow } from './signing-key.ts'
import type { Tenant } from './tenant.ts'
import type { Ticket } from './ticket.ts'
import type { User } from './user.ts'
import type { Webhook, WebhookCall } from './webhook.ts'

/** Every noun that is stored, under the name of its table. */
export interface Tables {
  readonly tenants: Tenant
  readonly applications: Application
  readonly apis: Api
  readonly users: User
  readonly authenticators: Authenticator
  readonly tickets: Ticket
  readonly challenges: Challenge
  readonly budgets: Budget
  readonly events: AuditEvent
  readonly messages: Message
  readonly artifacts: Artifact
  readonly signing_keys: SigningKeyRow
  readonly risk_counters: RiskCounter
  readonly risk_profiles: RiskProfile
  readonly risk_totals: RiskTotals
  readonly risk_decisions: RiskDecision
  readonly audit_queue: AuditQueue
  readonly audit_blocks: AuditBlock
  readonly webhooks: Webhook
  readonly webhook_calls: WebhookCall
}
export type TableName = keyof Tables

/** One way to look rows up besides their id. */
export interface IndexSpec<R extends Row> {
  /** The value a row is found by; undefined: the row is not in this index. */
  readonly of: (row: R) => string | undefined
  /** At most one row of a tenant has a given value. */
  readonly unique?: boolean
}

export type IndexSpecs = { readonly [T in TableName]: Readonly<Record<string, IndexSpec<Tables[T]>>> }

/** All indexes there are; a store keeps exactly these. A new one needs a migration. */
export const indexes = {
  tenants: {},
  applications: {},
  apis: {},
  users: {
    email: { of: (row) => row.emailKey, unique: true },
    username: { of: (row) => row.usernameKey, unique: true },
    phone: { of: (row) => row.phoneNumber },
  },
  authenticators: {
    user: { of: (row) => row.user },
    target: { of: (row) => row.target },
    key: { of: (row) => row.key, unique: true },
  },
  tickets: { user: { of: (row) => row.user } },
  challenges: { flow: { of: (row) => row.flow }, user: { of: (row) => row.user } },
  budgets: {},
  events: { user: { of: (row) => row.user } },
  messages: { state: { of: (row) => row.state } },
  artifacts: {
    grant: { of: (row) => row.grantId },
    uid: { of: (row) => row.uid },
    userCode: { of: (row) => row.userCode },
    user: { of: (row) => row.user },
  },
  signing_keys: {},
  risk_counters: {
    user: { of: (row) => row.user },
    // Coarser values of everybody, by feature: how many distinct ones there are.
    distinct: {
      of: (row) => (row.user === undefined && row.level > 0 && row.later === undefined ? row.feature : undefined),
    },
  },
  risk_profiles: {},
  risk_totals: {},
  risk_decisions: { user: { of: (row) => row.user } },
  audit_queue: {},
  audit_blocks: {},
  webhooks: {},
  webhook_calls: { state: { of: (row) => row.state }, webhook: { of: (row) => row.webhook } },
} as const satisfies IndexSpecs

export type IndexName<T extends TableName> = Extract<keyof (typeof indexes)[T], string>
