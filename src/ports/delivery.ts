import type { MessageChannel } from '#model/message.ts'

/** A message on its way to a provider. */
export interface OutgoingMessage {
  /** The same at every attempt, so that a receiver can drop a repetition. */
  readonly id: string
  readonly channel: MessageChannel
  /** E.164 number or e-mail address. */
  readonly to: string
  readonly text: string
  readonly subject?: string
  readonly html?: string
}

/** One way out. Bounds of its own: 3 s to connect, 8 s in all. */
export interface Delivery {
  /** Scheme of the provider, for logs. */
  readonly provider: string
  /** @throws DeliveryFailed */
  send(message: OutgoingMessage): Promise<'sent'>
  close?(): Promise<void>
}

/** By channel; a channel without an entry sends nothing. */
export type Channels = ReadonlyMap<MessageChannel, Delivery>

/** A provider did not take a message. `message` is a word of ours: what providers say may quote address and text. */
export class DeliveryFailed extends Error {
  override readonly name = 'DeliveryFailed'
  readonly retryable: boolean
  /** Seconds the provider asks to wait. */
  readonly retryAfter?: number

  constructor(reason: string, options: { readonly retryable: boolean; readonly retryAfter?: number }) {
    super(reason)
    this.retryable = options.retryable
    this.retryAfter = options.retryAfter
  }
}

/** Milliseconds. */
export const deliveryTimes = { connect: 3_000, total: 8_000 } as const
