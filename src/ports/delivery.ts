import type { TenantId } from '#model/ids.ts'
import type { OutboxChannel } from '#model/message.ts'

/** A message on its way to a provider. */
export interface OutgoingMessage {
  /** The same at every attempt, so that a receiver can drop a repetition. */
  readonly id: string
  readonly channel: OutboxChannel
  /** E.164 number or e-mail address. */
  readonly to: string
  readonly text: string
  readonly subject?: string
  readonly html?: string
  /** Of the text, as a language tag: for voices. */
  readonly language?: string
  /** The code in the text, for providers that send only texts they approved beforehand. */
  readonly code?: string
  /** What the channel encrypts it with. */
  readonly keys?: Readonly<Record<string, string>>
  readonly tenant?: TenantId
  /** Which call of a provider for this message it is, from 1. */
  readonly attempt?: number
  /** Where the provider tells later whether it arrived. */
  readonly statusUrl?: string
  /** A provider that said it did not arrive; another one goes before it. */
  readonly notBy?: string
}

/** A report about a message, as it came; nothing of it is believed yet. */
export interface ReceiptRequest {
  /** Address the provider was given, from our configuration. */
  readonly url: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Body as it came; '' for a form. */
  readonly text: string
  /** Fields of a form. */
  readonly form: Readonly<Record<string, string>>
}

/** What a genuine report says. `reason`: a code of the provider's, never its text. */
export interface Receipt {
  readonly status: 'delivered' | 'failed' | 'underway'
  readonly reason?: string
}

/** A message was taken. */
export interface Taken {
  /** Name of the provider that took it. */
  readonly by: string
  /** Whether it will report, and another provider could try if it did not arrive. */
  readonly mayComeBack: boolean
}

/** One way out. Bounds of its own: 3 s to connect, 8 s in all. */
export interface Delivery {
  /** Scheme of the provider, for logs. */
  readonly provider: string
  /** @throws DeliveryFailed */
  send(message: OutgoingMessage): Promise<'sent' | Taken>
  /**
   * Reads a report of this provider; undefined: it is not genuine, or too old (S-82). Absent: it sends none. `provider`
   * names one of several.
   */
  readonly receipt?: (request: ReceiptRequest, provider: string) => Receipt | undefined
  close?(): Promise<void>
}

/** By channel; a channel without an entry sends nothing. */
export type Channels = ReadonlyMap<OutboxChannel, Delivery>

export interface FailureOptions {
  readonly retryable: boolean
  /** Seconds the provider asks to wait. */
  readonly retryAfter?: number
  /**
   * Whose fault it is. A provider's (credentials, credit, outage) counts against it and lets another one try; a
   * message's (no such number) would be the same anywhere. Without it: the provider's where a retry may help.
   */
  readonly blame?: 'provider' | 'message'
  /** Another provider stands ready, so the next attempt need not wait. */
  readonly elsewhere?: boolean
  /** No provider was called, so the attempt does not count. */
  readonly uncalled?: boolean
  /** There is nobody at the address, and there will not be. */
  readonly gone?: boolean
}

/** A provider did not take a message. `message` is a word of ours: what providers say may quote address and text. */
export class DeliveryFailed extends Error {
  override readonly name = 'DeliveryFailed'
  readonly retryable: boolean
  readonly retryAfter?: number
  readonly blame: 'provider' | 'message'
  readonly elsewhere: boolean
  readonly uncalled: boolean
  readonly gone: boolean

  constructor(reason: string, options: FailureOptions) {
    super(reason)
    this.retryable = options.retryable
    this.retryAfter = options.retryAfter
    this.blame = options.blame ?? (options.retryable ? 'provider' : 'message')
    this.elsewhere = options.elsewhere ?? false
    this.uncalled = options.uncalled ?? false
    this.gone = options.gone ?? false
  }
}

/** Milliseconds. */
export const deliveryTimes = { connect: 3_000, total: 8_000 } as const
