import type { Row } from './row.ts'

/** A secret calls are signed with. */
export interface WebhookSecret {
  /** Sealed under (tenant, webhook). */
  readonly sealed: string
  readonly createdAt: number
  /** From when on it signs nothing any more, after a rotation; epoch ms. */
  readonly endsAt?: number
}

/** Where events of a tenant are sent to. */
export interface Webhook extends Row {
  readonly id: string
  readonly url: string
  /** Names of events, `factor.*` for all of a kind, `*` for all. */
  readonly events: readonly string[]
  readonly enabled: boolean
  /** Newest first; a call carries a signature by each that has not ended. */
  readonly secrets: readonly WebhookSecret[]
  readonly createdAt: number
  /** Why the server itself has switched it off. */
  readonly stopped?: string
}

export type WebhookCallState = 'queued' | 'delivered' | 'dead'

/** One event on its way to one webhook. */
export interface WebhookCall extends Row {
  /** The `webhook-id` of every attempt, also when it is sent again: receivers drop what they have seen. */
  readonly id: string
  readonly webhook: string
  readonly event: string
  readonly type: string
  readonly at: number
  readonly state: WebhookCallState
  readonly attempts: number
  readonly nextAttemptAt?: number
  /** Status, or a word of ours; nothing of the answer. */
  readonly error?: string
  readonly deliveredAt?: number
}
