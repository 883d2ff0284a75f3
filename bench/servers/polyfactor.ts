/** This server, put together as `src/app.ts` does it, without the parts that work beside requests. */
import { join } from 'node:path'
import { tokenDigest } from '#crypto/digest.ts'
import { createKeyring } from '#crypto/keyring.ts'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { systemRandom } from '#crypto/random.ts'
import { auth0Group } from '#dialects/auth0/routes.ts'
import { baseOf, createDirectory } from '#engine/directory.ts'
import { createEngine } from '#engine/engine.ts'
import type { Parts } from '#engine/parts.ts'
import { ticketId } from '#engine/tickets.ts'
import { sealContext } from '#engine/tools.ts'
import { factorMap } from '#factors/index.ts'
import { listen } from '#http/listen.ts'
import { createServer } from '#http/server.ts'
import { type AuthenticatorId, asId, type ChallengeId, type ClientId, type TenantId, type UserId } from '#model/ids.ts'
import { createTenantKeys } from '#oidc/keys.ts'
import { createOidc } from '#oidc/routes.ts'
import { systemClock } from '#ops/clock.ts'
import { createLog } from '#ops/log.ts'
import { createMetrics } from '#ops/metrics.ts'
import { insert, type Store, type Write } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { rememberSettings } from '#stores/remembered.ts'
import { createSweeper } from '#stores/sweeper.ts'
import { email, fixed, type Step, ticket, user } from '../plan.ts'
import { order, serve } from './talk.ts'
import { tracingHasher, tracingStore } from './tracing.ts'

const tenant = asId<TenantId>('demo')
const grants = ['password', 'refresh_token', 'http://auth0.com/oauth/grant-type/mfa-otp']

let steps: Step[] = []
const note = (step: Step): void => void steps.push(step)
const real: Store = await openStore(order.database ?? `sqlite:${join(order.folder, 'polyfactor.db')}`)
const hasher = createPasswordHasher()
const store = rememberSettings(order.tracing ? tracingStore(real, note) : real)
const keyring = createKeyring([fixed.masterKey])
const parts: Parts = {
  store,
  clock: systemClock,
  random: systemRandom,
  keyring,
  passwords: order.tracing ? tracingHasher(hasher, note) : hasher,
  factors: factorMap(),
  channels: new Set(['sms', 'voice', 'email']),
  nudge: () => {},
  addressExempt: () => false,
}
if (order.joins !== true) await prepare()
if (order.crowd) await crowd(order.crowd)

const keys = createTenantKeys({ store, keyring, clock: systemClock })
await keys.snapshot(tenant, ['ES256', 'RS256'])
const directory = createDirectory(store, systemClock, tenant)
const metrics = createMetrics()
const engine = createEngine(parts)
const server = await createServer({
  groups: [
    auth0Group({
      engine,
      keys,
      oidc: createOidc({ store, keyring, clock: systemClock, keys, random: parts.random, check: engine.check }),
    }),
  ],
  resolveTenant: async (host) => {
    steps = []
    return await directory.tenantOf(host)
  },
  baseOf: (it) => baseOf(fixed.issuer, it),
  originAllowed: directory.originAllowed,
  trustedProxies: [],
  log: createLog({ level: 'info' }),
  observe: metrics.observe,
})
const { httpUrl } = await listen(server, { http: { host: '127.0.0.1', port: 0 } })
// Clears the expired rows of a crowd away beside the requests, as the real server does.
const sweeper = createSweeper({ store, clock: systemClock, everyMs: 60_000 })
if (order.crowd) sweeper.start()
serve(Number(new URL(httpUrl ?? '').port), () => steps)

/** Tenant, application, API; then for every request a user of its own, and the ticket it goes on with. */
async function prepare(): Promise<void> {
  const now = systemClock.now()
  const hashed = await hasher.hash(fixed.password)
  const passwordHash = hashed.kind === 'hashed' ? hashed.hash : undefined
  const writes: Write[] = [
    insert('tenants', {
      tenant,
      id: tenant,
      name: 'Bench',
      domains: ['localhost'],
      factors: ['password', 'totp', 'sms', 'email', 'voice', 'recovery_code'],
      mfa: { mode: 'ALWAYS' },
      // As in development: what one address or range may cause is held back long before a benchmark has begun.
      phone: { blockedPrefixes: [], strict: false, guard: { enabled: false } },
      pages: {},
      defaultConnection: 'users',
      signingAlgorithm: order.algorithm,
    }),
    insert('applications', {
      tenant,
      id: asId<ClientId>(fixed.client),
      name: 'Bench',
      type: 'web',
      secretDigests: [tokenDigest(fixed.secret)],
      authMethod: 'client_secret_post',
      redirectUris: [],
      logoutUris: [],
      allowedOrigins: [],
      grantTypes: grants,
      nativeAuth: false,
      clientGrants: [],
      idTokenAlgorithm: order.algorithm,
    }),
    insert('apis', {
      tenant,
      id: fixed.audience,
      name: 'API',
      scopes: ['read:things'],
      accessTokenLifetime: 86_400,
      allowOfflineAccess: true,
      signingAlgorithm: order.algorithm,
    }),
  ]
  for (let i = 0; i < order.rows; i++) {
    writes.push(...rowsOf(i, now, passwordHash))
    if (writes.length > 1_000) await flush(writes)
  }
  await flush(writes)
}

/** Users nobody signs in as, and challenges nobody answered in time. */
async function crowd({ users, challenges }: NonNullable<typeof order.crowd>): Promise<void> {
  const now = systemClock.now()
  const writes: Write[] = []
  for (let i = 0; i < users; i++) {
    writes.push(...accountOf(10_000_000 + i, now, undefined))
    if (writes.length >= 1_000) await flush(writes)
  }
  for (let i = 0; i < challenges; i++) {
    const of = { user: asId<UserId>(user(10_000_000 + (i % Math.max(1, users)))), client: asId<ClientId>(fixed.client) }
    const times = { createdAt: now - 7_200_000, codeExpiresAt: now - 6_900_000, expiresAt: now - 3_600_000 }
    const authenticator = asId<AuthenticatorId>(`authenticator-${of.user}`)
    const state = { digest: 'x'.repeat(43) }
    const what = { flow: `flow-${i}`, authenticator, factor: 'sms', purpose: 'login', state, failures: 0 } as const
    writes.push(insert('challenges', { tenant, id: asId<ChallengeId>(`challenge-${i}`), ...of, ...what, ...times }))
    if (writes.length >= 1_000) await flush(writes)
  }
  await flush(writes)
}

async function flush(writes: Write[]): Promise<void> {
  const group = writes.splice(0)
  await real.change({}, () => ({ result: undefined, writes: group }))
}

function accountOf(i: number, now: number, passwordHash: string | undefined): readonly Write[] {
  const id = asId<UserId>(user(i))
  const authenticator = asId<AuthenticatorId>(`authenticator-${user(i)}`)
  const sms = order.case === 'challenge'
  const sealed = keyring.seal(fixed.totpSecret, sealContext({ tenant, user: id, id: authenticator }))
  return [
    insert('users', {
      tenant,
      id,
      email: email(i),
      emailKey: email(i),
      emailVerified: true,
      phoneVerified: false,
      name: `User ${i}`,
      passwordHash,
      mfaEnabled: false,
      blocked: false,
      createdAt: now,
      updatedAt: now,
      loginCount: 0,
    }),
    insert('authenticators', {
      tenant,
      id: authenticator,
      user: id,
      factor: sms ? 'sms' : 'totp',
      state: 'confirmed',
      failures: 0,
      createdAt: now,
      confirmedAt: now,
      ...(sms ? { target: `+1555${String(i).padStart(7, '0')}` } : { sealed, memory: { lastStep: 1 } }),
    }),
  ]
}

function rowsOf(i: number, now: number, passwordHash: string | undefined): readonly Write[] {
  const id = asId<UserId>(user(i))
  const sms = order.case === 'challenge'
  const account = accountOf(i, now, passwordHash)
  if (order.case === 'password') return account
  const started = insert('tickets', {
    tenant,
    id: ticketId(ticket(i)),
    user: id,
    client: asId<ClientId>(fixed.client),
    wish: { dialect: 'auth0', grantType: 'password', audience: fixed.audience, scope: fixed.scope.split(' ') },
    proofs: [{ factor: 'password', channel: 'password', at: now }],
    requirement: { challenge: [sms ? 'sms' : 'totp'] },
    failures: {},
    createdAt: now,
    endsAt: now + 3_600_000,
    expiresAt: now + 7_200_000,
  })
  return [...account, started]
}
