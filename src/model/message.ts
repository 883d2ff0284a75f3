import type { Row } from './row.ts'

export type MessageChannel = 'sms' | 'voice' | 'email' | 'push'
/** Everything the outbox takes: messages to people, and to applications whose session has ended. */
export type OutboxChannel = MessageChannel | 'logout'
export type MessageState = 'queued' | 'sent' | 'dropped' | 'failed'

/** A message on its way out, queued in the transaction that made its challenge (S-33). */
export interface Message extends Row {
  /** Time-ordered. */
  readonly id: string
  readonly at: number
  readonly channel: OutboxChannel
  readonly purpose: string
  /** Sealed JSON `{to, text, subject?, html?, code?}` under (tenant, message id): a dump holds no code (S-34). */
  readonly sealed: string
  readonly state: MessageState
  readonly attempts: number
  readonly nextAttemptAt?: number
  /** The challenge it serves; a message of a dead challenge is dropped. */
  readonly challenge?: string
  readonly error?: string
  readonly sentAt?: number
  /** Name of the provider that took it last. */
  readonly by?: string
  /** What a provider has reported since. */
  readonly receipt?: {
    readonly status: 'delivered' | 'failed'
    readonly by: string
    readonly at: number
    readonly reason?: string
  }
}
