import { type BodyLimits, bodyLimits } from './parsed.ts'

/** Bounds of the edge; figures of security contract part 1, S-151 to S-154. Times in milliseconds. */
export interface HttpLimits {
  readonly bodyBytes: number
  readonly urlBytes: number
  readonly headerBytes: number
  readonly headerFields: number
  /** From the first byte of a request to the end of its headers. */
  readonly headerTime: number
  /** From the first byte of a request to its last. */
  readonly requestTime: number
  /** An idle connection is closed after this. */
  readonly idleTime: number
  readonly connections: number
  /** Connections of one address; proxies that are trusted are not counted. */
  readonly connectionsPerAddress: number
  readonly body: BodyLimits
}

export const defaultLimits: HttpLimits = {
  bodyBytes: 64 * 1024,
  urlBytes: 8 * 1024,
  headerBytes: 16 * 1024,
  headerFields: 100,
  headerTime: 10_000,
  requestTime: 30_000,
  idleTime: 5_000,
  connections: 1_000,
  connectionsPerAddress: 50,
  body: bodyLimits,
}
