import type { Application } from '#model/application.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Clock } from '#ports/clock.ts'
import type { Factor } from '#ports/factor.ts'
import type { Keyring } from '#ports/keyring.ts'
import type { Metrics } from '#ports/metrics.ts'
import type { Networks } from '#ports/network.ts'
import type { NumberFactsSource } from '#ports/number-facts.ts'
import type { PasswordHasher } from '#ports/passwords.ts'
import type { Random } from '#ports/random.ts'
import type { Store } from '#ports/store.ts'

/** Everything the engine works with; it is handed all of it and finds nothing by itself. */
export interface Parts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly keyring: Keyring
  readonly passwords: PasswordHasher
  readonly factors: ReadonlyMap<string, Factor>
  /** Channels messages can leave through; a factor whose channel is missing cannot be asked. */
  readonly channels: ReadonlySet<string>
  /** Called after a commit that queued a message. */
  readonly nudge: () => void
  /** Addresses that share no budget: in development everything comes from the machine itself. */
  readonly addressExempt: (address: string) => boolean
  /** Where addresses are; absent: nobody knows, and every network is unknown. */
  readonly networks?: Networks
  /** What is known of telephone numbers; absent: nobody is asked (S-79). */
  readonly numberFacts?: NumberFactsSource
  /** Counts ratings; absent: nobody does. */
  readonly rated?: Metrics['rating']
  /** Longest time all reads for one rating may take, ms; absent: 50 (S-98). */
  readonly riskDeadline?: number
}

/** A fresh bearer handle in the form the caller's wire can carry. */
export const newHandle = (parts: Pick<Parts, 'random'>, caller: Pick<Caller, 'handles'>): string =>
  caller.handles === 'uuid' ? parts.random.id() : parts.random.token()

/** What anybody can claim. It may raise the risk of a login and lowers none; what is left out counts as a value like any other. */
export interface ClientHints {
  /** As in `Accept-Language`. */
  readonly language?: string
  /** What a script has made of the browser's properties. */
  readonly fingerprint?: string
  /** Where the device says it is, degrees. */
  readonly place?: { readonly latitude: number; readonly longitude: number }
}

/** Who asks, and from where. */
export interface Caller {
  readonly tenant: Tenant
  readonly application: Application
  readonly dialect: string
  readonly address: string
  readonly userAgent: string
  /** A handle of the device or browser, where the dialect has one. */
  readonly device?: string
  /** Form of the handles made for this caller: 256 bits of base64url, or version 4 UUIDs (122 bits) where a wire demands them. */
  readonly handles?: 'token' | 'uuid'
  /** Row of the remembered device whose key the caller has proved just now; what it is worth is decided here. */
  readonly trustedDevice?: string
  /**
   * The tenant's public address, where the caller is a page that stands there; factors bound to an address are asked
   * nowhere else. From configuration, never from a request (S-163).
   */
  readonly base?: string
  /** The tenant's public address, for links to pages of ours; says nothing about where the caller stands. */
  readonly home?: string
  /** Language tags the application has asked for, and `Accept-Language` of the browser or app: for messages. */
  readonly locales?: readonly string[]
  readonly speaks?: string
  /** What the client says of itself unchecked, where the dialect has it; absent: it has none to look at. */
  readonly hints?: ClientHints
  /** Correlation id for the audit. */
  readonly correlation: string
}
