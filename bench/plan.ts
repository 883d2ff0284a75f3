import type { SigningAlgorithm } from '#model/tenant.ts'

/** What is measured. */
export type CaseName = 'mfa-otp' | 'challenge' | 'password'
/** Who is measured: this server, a hand-written handler that touches the same data, and the library users would take. */
export type Target = 'polyfactor' | 'bare' | 'oidc-provider'
export const targets: readonly Target[] = ['polyfactor', 'bare', 'oidc-provider']

/** What the bare handler is to repeat, seen on the way of one real request. */
export type Step =
  | { readonly do: 'read'; readonly found: readonly number[] }
  | { readonly do: 'hash' }
  | { readonly do: 'change'; readonly found: readonly number[]; readonly writes: readonly TracedWrite[] }

export interface TracedWrite {
  readonly do: 'insert' | 'put' | 'upsert' | 'remove'
  /** Length of the row as JSON. */
  readonly size: number
}

/** The way of one request: reads (size of each row found, 0 for none), commits, and what was signed. */
export interface Trace {
  readonly steps: readonly Step[]
  readonly tokens: readonly SignedToken[]
}

export interface SignedToken {
  readonly alg: SigningAlgorithm
  readonly payload: Readonly<Record<string, unknown>>
}

/** What a server process is told on its command line, as JSON. */
export interface ServerOrder {
  readonly target: Target | 'bare-postgres'
  readonly case: CaseName
  readonly algorithm: SigningAlgorithm
  /** Users, tickets or rows to prepare; request number i uses number i, once. */
  readonly rows: number
  /** Where its database goes. */
  readonly folder: string
  /** PostgreSQL to use instead; a database of its own for each server. */
  readonly database?: string
  /** polyfactor: what else is in the database: users with an authenticator, and challenges long expired. */
  readonly crowd?: { readonly users: number; readonly challenges: number }
  /** polyfactor: another process has prepared this database already. */
  readonly joins?: boolean
  /** polyfactor: note what each request does with the store. */
  readonly tracing?: boolean
  /** bare: what to repeat. */
  readonly trace?: Trace
}

/** Parent to server. */
export type Ask = 'cpu' | 'steps' | 'stop'
/** Server to parent. */
export interface Told {
  readonly port?: number
  /** µs of CPU, all threads, since the process began. */
  readonly cpu?: number
  readonly steps?: readonly Step[]
}

/** Parent to load generator. */
export interface LoadOrder {
  readonly port: number
  readonly target: Target
  readonly case: CaseName
  /** Request numbers: `from` to before `to`; ends early after `seconds`. */
  readonly from: number
  readonly to: number
  readonly seconds: number
  readonly connections: number
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** ms. */
  readonly p50: number
  readonly p99: number
  /** Share of one core the load generator itself needed. */
  readonly busy: number
  /** Body of the last answer. */
  readonly sample: string
}

/** Everything is prepared with these. */
export const fixed = {
  client: 'bench',
  secret: 'bench-client-secret',
  audience: 'https://api.example',
  scope: 'openid profile email read:things offline_access',
  password: 'a sentence nobody else would think of',
  /** One secret for all users, so that the load generator computes one code in 30 s; each is sealed on its own. */
  totpSecret: Buffer.from('3132333435363738393031323334353637383930', 'hex'),
  /** Of a database that lives as long as a measurement; two processes on it need the same one. */
  masterKey: new Uint8Array(32).fill(7),
  issuer: 'http://localhost',
} as const

export const user = (i: number): string => `user-${String(i).padStart(7, '0')}`
export const email = (i: number): string => `${user(i)}@example.com`
/** The handle a client holds; as long as a real one. */
export const ticket = (i: number): string => `ticket-${String(i).padStart(36, '0')}`
