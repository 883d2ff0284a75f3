/** What is known of the network an address belongs to. Whatever the database does not know is absent. */
export interface NetworkOf {
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country?: string
  /** Number of the autonomous system. */
  readonly asn?: number
  /** Degrees, of the place or of the middle of the country. */
  readonly latitude?: number
  readonly longitude?: number
}

/**
 * Where addresses are. Answers from memory, since a score has 50 ms for everything (S-98); undefined for an address it
 * does not know or that is none. It may throw: whoever asks takes that for "not known".
 */
export interface Networks {
  lookup(address: string): NetworkOf | undefined
}

/** For installations without a database of addresses: every network is unknown. */
export const noNetworks: Networks = { lookup: () => undefined }
