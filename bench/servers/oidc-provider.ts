/**
 * What users would otherwise put together: `oidc-provider` with custom grants and a plain SQLite adapter in the same
 * durability (WAL, FULL), each write of the library its own transaction and the grant's own writes one more, as its
 * documentation's adapters do. Clients and keys are static, so it reads neither from the database.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Provider } from 'oidc-provider/lib/provider.js'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { generateSigningKey } from '#crypto/signing.ts'
import { matchTotp } from '#crypto/totp.ts'
import { email, fixed, ticket, user } from '../plan.ts'
import { order, serve } from './talk.ts'

type Payload = Record<string, unknown>
interface Token {
  resourceServer?: unknown
  scope?: string
  readonly expiration: number
  save(): Promise<string>
  issue(how: object): Promise<string>
}
interface Grant {
  addOIDCScope(scope: string): void
  addResourceScope(resource: string, scope: string): void
  save(): Promise<string>
}
type Make<T> = new (properties: object, more?: object) => T
interface Ctx {
  status: number
  body: unknown
  readonly oidc: { readonly params: Record<string, string>; readonly client: object }
}
/** The part of the library used here, which ships no types. */
interface Library {
  readonly AccessToken: Make<Token>
  readonly RefreshToken: Make<Token>
  readonly IdToken: Make<Token>
  readonly ResourceServer: new (id: string, info: object) => unknown
  readonly Grant: Make<Grant>
  registerGrantType(name: string, handler: (ctx: Ctx) => Promise<void>, params: readonly string[]): void
  on(event: 'server_error', listener: (ctx: unknown, error: Error) => void): void
  callback(): Parameters<typeof createServer>[1]
}

const db = new DatabaseSync(join(order.folder, 'provider.db'))
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384')
db.exec(`CREATE TABLE artifacts (id TEXT PRIMARY KEY, payload TEXT NOT NULL, grant_id TEXT, expires_at INTEGER, consumed_at INTEGER);
  CREATE INDEX artifacts_grant ON artifacts (grant_id) WHERE grant_id IS NOT NULL;
  CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, name TEXT NOT NULL, password TEXT NOT NULL);
  CREATE TABLE totp (user TEXT PRIMARY KEY, secret BLOB NOT NULL, last_step INTEGER NOT NULL);
  CREATE TABLE messages (id TEXT PRIMARY KEY, recipient TEXT NOT NULL, text TEXT NOT NULL)`)

const upsert = db.prepare(
  `INSERT INTO artifacts (id, payload, grant_id, expires_at) VALUES (?, ?, ?, ?)
   ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id, expires_at = excluded.expires_at`,
)
const find = db.prepare('SELECT payload, consumed_at FROM artifacts WHERE id = ?')
const consume = db.prepare('UPDATE artifacts SET consumed_at = ? WHERE id = ? AND consumed_at IS NULL')
const destroy = db.prepare('DELETE FROM artifacts WHERE id = ?')
const revoke = db.prepare('DELETE FROM artifacts WHERE grant_id = ?')
const userById = db.prepare('SELECT id, email, name, password FROM users WHERE id = ?')
const userByEmail = db.prepare('SELECT id, email, name, password FROM users WHERE email = ?')
const totpOf = db.prepare('SELECT secret, last_step FROM totp WHERE user = ?')
const spendStep = db.prepare('UPDATE totp SET last_step = ? WHERE user = ? AND last_step < ?')
const queue = db.prepare('INSERT INTO messages (id, recipient, text) VALUES (?, ?, ?)')

class SqliteAdapter {
  readonly #model: string
  constructor(model: string) {
    this.#model = model
  }
  async upsert(id: string, payload: Payload, expiresIn: number): Promise<void> {
    const end = expiresIn ? Math.floor(Date.now() / 1e3) + expiresIn : null
    upsert.run(`${this.#model}:${id}`, JSON.stringify(payload), (payload.grantId as string | undefined) ?? null, end)
  }
  async find(id: string): Promise<Payload | undefined> {
    const row = find.get(`${this.#model}:${id}`)
    if (row === undefined) return undefined
    const payload = JSON.parse(row.payload as string) as Payload
    return row.consumed_at === null ? payload : { ...payload, consumed: row.consumed_at }
  }
  async consume(id: string): Promise<void> {
    consume.run(Math.floor(Date.now() / 1e3), `${this.#model}:${id}`)
  }
  async destroy(id: string): Promise<void> {
    destroy.run(`${this.#model}:${id}`)
  }
  async revokeByGrantId(grantId: string): Promise<void> {
    revoke.run(grantId)
  }
  async findByUid(): Promise<undefined> {}
  async findByUserCode(): Promise<undefined> {}
}

const tickets = new SqliteAdapter('MfaTicket')
const hasher = createPasswordHasher()
const newToken = (): string => randomBytes(32).toString('base64url')

function inTransaction(work: () => void): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    work()
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

const hashed = await hasher.hash(fixed.password)
inTransaction(() => {
  const newUser = db.prepare('INSERT INTO users (id, email, name, password) VALUES (?, ?, ?, ?)')
  const newTotp = db.prepare('INSERT INTO totp (user, secret, last_step) VALUES (?, ?, 0)')
  for (let i = 0; i < order.rows; i++) {
    newUser.run(user(i), email(i), `User ${i}`, hashed.kind === 'hashed' ? hashed.hash : '')
    newTotp.run(user(i), fixed.totpSecret)
    const payload = { accountId: user(i), amr: ['pwd'], authTime: Math.floor(Date.now() / 1e3), scope: fixed.scope }
    if (order.case !== 'password') upsert.run(`MfaTicket:${ticket(i)}`, JSON.stringify(payload), null, null)
  }
})
db.exec('PRAGMA wal_checkpoint(TRUNCATE)')

const names = ['urn:bench:mfa-otp', 'urn:bench:challenge', 'urn:bench:password']
const rights = {
  scope: 'read:things',
  audience: fixed.audience,
  accessTokenTTL: 86_400,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: order.algorithm } },
}
const jwks = await Promise.all(
  (['ES256', 'RS256'] as const).map(async (alg) => (await generateSigningKey(alg)).privateJwk),
)
const provider = new Provider(fixed.issuer, {
  adapter: SqliteAdapter,
  jwks: { keys: jwks },
  cookies: { keys: ['bench'] },
  clients: [
    {
      client_id: fixed.client,
      client_secret: fixed.secret,
      grant_types: [...names, 'refresh_token'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: order.algorithm,
    },
  ],
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: { enabled: true, getResourceServerInfo: () => rights },
  },
  ttl: { AccessToken: 86_400, IdToken: 36_000, RefreshToken: 2_592_000, Grant: 2_592_000 },
  findAccount: (_ctx: unknown, id: string) => accountOf(id),
}) as unknown as Library

function accountOf(id: string) {
  const row = userById.get(id)
  return row && { accountId: id, claims: () => ({ sub: id, name: row.name, email: row.email, email_verified: true }) }
}

async function mfaOtp(ctx: Ctx): Promise<void> {
  const { mfa_token: handle = '', otp = '' } = ctx.oidc.params
  const found = await tickets.find(handle)
  if (found === undefined || found.consumed !== undefined) throw new Error('no such ticket')
  const accountId = found.accountId as string
  const app = totpOf.get(accountId) ?? {}
  const step = matchTotp({
    secret: app.secret as Uint8Array,
    code: otp,
    now: Date.now(),
    lastStep: app.last_step as number,
  })
  if (step === undefined) throw new Error('wrong code')
  inTransaction(() => {
    if (spendStep.run(step, accountId, step).changes !== 1) throw new Error('code used')
    if (consume.run(Math.floor(Date.now() / 1e3), `MfaTicket:${handle}`).changes !== 1) throw new Error('ticket used')
  })
  const { client } = ctx.oidc
  const grant = new provider.Grant({ accountId, clientId: fixed.client })
  grant.addOIDCScope('openid profile email offline_access')
  grant.addResourceScope(fixed.audience, 'read:things')
  const grantId = await grant.save()
  const proved = { acr: 'mfa', amr: ['pwd', 'otp', 'mfa'], authTime: found.authTime }
  const common = { accountId, client, grantId, gty: 'mfa-otp', ...proved }
  const access = new provider.AccessToken(common)
  access.resourceServer = new provider.ResourceServer(fixed.audience, rights)
  access.scope = 'read:things'
  const refresh = new provider.RefreshToken({ ...common, resource: fixed.audience, scope: fixed.scope, rotations: 0 })
  const claims = accountOf(accountId)?.claims()
  const id = new provider.IdToken({ ...claims, acr: 'mfa', amr: proved.amr, auth_time: found.authTime }, { ctx })
  id.scope = 'openid profile email'
  ctx.body = {
    access_token: await access.save(),
    id_token: await id.issue({ use: 'idtoken' }),
    refresh_token: await refresh.save(),
    expires_in: access.expiration,
    token_type: 'Bearer',
    scope: fixed.scope,
  }
}

async function challenge(ctx: Ctx): Promise<void> {
  const found = await tickets.find(ctx.oidc.params.mfa_token ?? '')
  if (found === undefined || found.consumed !== undefined) throw new Error('no such ticket')
  const handle = newToken()
  const code = String(randomBytes(4).readUInt32BE() % 1_000_000).padStart(6, '0')
  inTransaction(() => {
    upsert.run(`Challenge:${handle}`, JSON.stringify({ accountId: found.accountId, code }), null, null)
    queue.run(newToken(), found.accountId as string, `${code} is your code`)
  })
  ctx.body = { challenge_type: 'oob', oob_code: handle, binding_method: 'prompt' }
}

async function password(ctx: Ctx): Promise<void> {
  const { username = '', password: given = '' } = ctx.oidc.params
  const row = userByEmail.get(username)
  const checked = await hasher.verify(given, (row?.password as string | undefined) ?? '')
  if (row === undefined || checked.kind !== 'checked' || !checked.ok) throw new Error('wrong password')
  const handle = newToken()
  await tickets.upsert(handle, { accountId: row.id, authTime: Math.floor(Date.now() / 1e3), scope: fixed.scope }, 600)
  ctx.status = 403
  ctx.body = { error: 'mfa_required', error_description: 'Multifactor authentication required', mfa_token: handle }
}

const params = ['mfa_token', 'otp', 'challenge_type', 'oob_channel', 'username', 'password', 'scope', 'audience']
provider.registerGrantType('urn:bench:mfa-otp', mfaOtp, params)
provider.registerGrantType('urn:bench:challenge', challenge, params)
provider.registerGrantType('urn:bench:password', password, params)

provider.on('server_error', (_ctx, error) => console.error(error))
const server = createServer(provider.callback())
server.listen(0, '127.0.0.1', () => serve((server.address() as AddressInfo).port))
