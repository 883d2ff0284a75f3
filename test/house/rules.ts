/**
 * The rules of the house as data: who may open which door. To allow something new, change a row here and say why in the
 * commit; the checker (check.ts) knows no room by name. Files `*.test.ts` and folders called `testing/` may use any room.
 */

/** What one room may do. Whatever is not named is forbidden. */
export interface Room {
  /** Rooms it may import, as `#room/file.ts`. `app` and `main` are the files of that name, `cli` the command line. */
  readonly imports: readonly string[]
  /** Packages and Node modules it must not touch, though another room may; a trailing `*` stands for any ending. */
  readonly without?: readonly string[]
  /** No word of the wire: no vendor is named here, not even in a comment. */
  readonly nameless?: true
  /** Its sub-folders are strangers to each other (one folder a dialect, a factor); files at its root and in `shared/` are common. */
  readonly apart?: true
  /** Rooms a file at the root of `src/` enters by a relative path, since they have no door that others could use. */
  readonly stairs?: readonly string[]
  /** May ask the real clock. Everybody else is handed one. */
  readonly clock?: true
  /** May print. Everybody else logs through what it is handed. */
  readonly prints?: true
}

/** Things that speak HTTP or SQL, which the inner rooms must not. */
const OUTSIDE = [
  'node:http*',
  'node:net',
  'node:tls',
  'node:sqlite',
  'node:fs*',
  'fastify',
  'kysely',
  'pg',
  'oidc-provider',
  'nodemailer',
  'pino*',
]

/** What the rooms at the edge share: they may speak to the engine, and not to each other; `app` introduces them. */
const EDGE = ['engine', 'ports', 'model', 'crypto', 'http', 'config']

const EVERYTHING = [...EDGE, 'factors', 'stores', 'delivery', 'network', 'dialects', 'admin', 'oidc', 'dev', 'ops']

/** `main → app → dialects, admin → oidc → engine → ports → model`, `dev, ops` beside `oidc`, and from the other side `factors, stores, delivery, network → ports`. */
export const ROOMS: Readonly<Record<string, Room>> = {
  main: { imports: ['cli', 'app', ...EVERYTHING], stairs: ['cli'], clock: true, prints: true },
  cli: { imports: ['app', ...EVERYTHING], clock: true, prints: true },
  app: { imports: EVERYTHING, stairs: ['app'], clock: true },
  // Both speak of tokens, clients and keys, whose functions lie in oidc; oidc knows neither of them.
  dialects: { imports: ['oidc', ...EDGE], apart: true },
  admin: { imports: ['oidc', ...EDGE] },
  oidc: { imports: EDGE },
  dev: { imports: EDGE, clock: true },
  ops: { imports: EDGE, clock: true },
  engine: { imports: ['ports', 'model', 'crypto'], without: OUTSIDE, nameless: true },
  factors: { imports: ['ports', 'model', 'crypto'], without: OUTSIDE, nameless: true, apart: true },
  stores: { imports: ['ports', 'model', 'crypto'], nameless: true },
  delivery: { imports: ['ports', 'model', 'crypto'] },
  network: { imports: ['ports', 'model', 'crypto'], nameless: true },
  http: { imports: ['ports', 'model', 'crypto'] },
  config: { imports: ['ports', 'model', 'crypto'] },
  crypto: { imports: ['ports', 'model'] },
  ports: { imports: ['model'], without: OUTSIDE, nameless: true },
  model: { imports: [], without: OUTSIDE, nameless: true },
}

/** Packages and Node modules that only the named rooms may import. */
export const OWNERS: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['crypto'],
  'node:sqlite': ['stores', 'cli'], // `doctor` opens a database file that the store refuses
  'oidc-provider': ['oidc'],
  nodemailer: ['delivery'],
  commander: ['cli', 'main'],
  '@opentelemetry/api': ['ops'],
  '@opentelemetry/sdk-trace': ['ops'],
  '@opentelemetry/sdk-metrics': ['ops'],
}

/** Vendor words, as a word or as a hump of a name: `entra`, `EntraId`, but not "central". */
export const VENDORS: readonly string[] = ['auth0', 'entra', 'cidaas', 'okta', 'msal']
