import assert from 'node:assert/strict'
import { base32Decode } from '#crypto/base32.ts'
import { tokenDigest } from '#crypto/digest.ts'
import { createKeyring } from '#crypto/keyring.ts'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { seededRandom } from '#crypto/seeded-random.ts'
import { hotp, totpStep } from '#crypto/totp.ts'
import { createUser, type NewUser } from '#engine/accounts/create.ts'
import type { Admitted } from '#engine/admit.ts'
import type { Answered } from '#engine/answer.ts'
import { createEngine, type Engine } from '#engine/engine.ts'
import type { Flow } from '#engine/flow.ts'
import { nothingToIssue } from '#engine/issue.ts'
import type { Caller, Parts } from '#engine/parts.ts'
import { ticketId } from '#engine/tickets.ts'
import { factorMap } from '#factors/index.ts'
import type { Application } from '#model/application.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { AuditEvent } from '#model/event.ts'
import { asId, type ClientId, type TenantId, type UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { TableName, Tables } from '#model/tables.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import type { Factor } from '#ports/factor.ts'
import type { Networks } from '#ports/network.ts'
import type { NumberFactsSource } from '#ports/number-facts.ts'
import type { PasswordHasher } from '#ports/passwords.ts'
import { type Store, upsert } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { createFakeClock, type FakeClock } from './fake-clock.ts'

export const tenantId = asId<TenantId>('demo')

/** A confidential client; override what a test is about. */
export function someApplication(id: string, over: Partial<Application> = {}): Application {
  return {
    tenant: tenantId,
    id: asId<ClientId>(id),
    name: id,
    type: 'web',
    secretDigests: [tokenDigest(`${id}-secret`)],
    authMethod: 'client_secret_post',
    redirectUris: [],
    logoutUris: [],
    allowedOrigins: [],
    grantTypes: ['password', 'refresh_token', 'mfa'],
    nativeAuth: false,
    clientGrants: [],
    ...over,
  }
}

/** A tenant with every factor on and no rule of its own; override what a test is about. */
export function someTenant(over: Partial<Tenant> = {}): Tenant {
  return {
    tenant: tenantId,
    id: tenantId,
    name: 'Demo',
    domains: ['localhost'],
    factors: ['password', 'totp', 'sms', 'email', 'voice', 'recovery_code'],
    phone: { blockedPrefixes: [], strict: false, guard: { enabled: false } },
    pages: {},
    defaultConnection: 'users',
    signingAlgorithm: 'ES256',
    ...over,
  }
}

export const someWish: Wish = { dialect: 'test', grantType: 'password', scope: ['openid'] }

/** Everybody's password is a sentence about them. */
export const passwordOf = (name: string): string => `the quite long password of ${name}`

export interface SentMessage {
  readonly id: string
  readonly channel: string
  readonly purpose: string
  readonly to: string
  readonly text: string
  readonly subject?: string
  readonly code?: string
}

export interface WorldOptions {
  /** `sqlite::memory:` unless told. */
  readonly url?: string
  readonly seed?: string
  readonly tenant?: Partial<Tenant>
  readonly factors?: readonly Factor[]
  /** Addresses share no budget unless this is true. */
  readonly addressBudgets?: boolean
  readonly clock?: FakeClock
  /** Where addresses are; nobody knows unless told. */
  readonly networks?: Networks
  /** What is known of telephone numbers; nobody is asked unless told. */
  readonly numberFacts?: NumberFactsSource
  /** Instead of the cheap hashes tests make. */
  readonly passwords?: PasswordHasher
}

/** A confirmed authenticator app in a user's hand. */
export interface App {
  readonly authenticator: Authenticator
  /** The code it shows so many steps from now. */
  code(stepsFromNow?: number): string
}

/** TESTS ONLY: the engine on a real store, with time, chance and the post in the test's hands. */
export interface World {
  readonly parts: Parts
  readonly engine: Engine
  readonly store: Store
  readonly clock: FakeClock
  readonly tenant: Tenant
  readonly web: Application
  readonly spa: Application
  caller(over?: Partial<Caller>): Caller
  addUser(name: string, over?: NewUser): Promise<User>
  user(id: UserId): Promise<User>
  authenticators(user: User): Promise<readonly Authenticator[]>
  authenticator(id: string): Promise<Authenticator>
  /** All messages, oldest first, opened. */
  outbox(): Promise<readonly SentMessage[]>
  /** The code of the newest message that has one. */
  lastCode(): Promise<string>
  events(type?: string): Promise<readonly AuditEvent[]>
  /** Proves the password and asks for tokens. */
  login(name: string, over?: { caller?: Caller; wish?: Partial<Wish> }): Promise<Outcome<Admitted<undefined>>>
  /** Logs in and expects to be asked for more. */
  ticket(name: string, over?: { caller?: Caller; wish?: Partial<Wish> }): Promise<Extract<Flow, { by: 'ticket' }>>
  /** The flow of a handle, as the store has it now. */
  flowOf(handle: string): Promise<Extract<Flow, { by: 'ticket' }>>
  /** A flow by a token of this user, as a fully signed-in caller has it. */
  tokenFlow(user: User, proofs?: readonly Proof[]): Flow
  answer(
    flow: Flow,
    to: { readonly challenge: string } | { readonly kind: string },
    proof: unknown,
    caller?: Caller,
  ): Promise<Outcome<Answered<undefined>>>
  /** Starts a challenge and gives its handle and the code that was sent. */
  challenge(
    flow: Extract<Flow, { by: 'ticket' }>,
    kind: string,
  ): Promise<{ readonly challenge: string; readonly code: string }>
  /** Enrols and confirms an authenticator app by a token. */
  enrolApp(user: User): Promise<App>
  /** Enrols and confirms an address (sms, voice, email) by a token. */
  enrolAddress(user: User, kind: string, target: string): Promise<Authenticator>
  /** Writes a row as it is, past the engine. */
  put<T extends TableName>(table: T, row: Tables[T]): Promise<void>
}

/** Opens a world. With a file as `url` a second world on the same file is the same server after a restart. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const clock = options.clock ?? createFakeClock()
  const store = await openStore(options.url ?? 'sqlite::memory:')
  const random = seededRandom(options.seed ?? 'world')
  const tenant = someTenant(options.tenant)
  const web = someApplication('web')
  const spa = someApplication('spa', { type: 'spa', authMethod: 'none', secretDigests: [] })
  const parts: Parts = {
    store,
    clock,
    random,
    keyring: createKeyring([Buffer.alloc(32, 7)]),
    passwords: options.passwords ?? createPasswordHasher({ params: { memory: 8, passes: 1, parallelism: 1 }, random }),
    factors: factorMap(options.factors),
    channels: new Set(['sms', 'voice', 'email']),
    nudge: () => {},
    addressExempt: () => options.addressBudgets !== true,
    ...(options.networks && { networks: options.networks }),
    ...(options.numberFacts && { numberFacts: options.numberFacts }),
    // A busy machine must not make every login a risky one.
    riskDeadline: 5_000,
  }
  const engine = createEngine(parts)
  await store.change({}, () => ({
    result: undefined,
    writes: [upsert('tenants', tenant), upsert('applications', web), upsert('applications', spa)],
  }))
  return { parts, engine, store, clock, tenant, web, spa, ...verbs(parts, engine, tenant, web, clock) }
}

function verbs(parts: Parts, engine: Engine, tenant: Tenant, web: Application, clock: FakeClock) {
  const { store } = parts
  const caller: World['caller'] = (over = {}) => ({
    tenant,
    application: web,
    dialect: 'test',
    address: '192.0.2.1',
    userAgent: 'test',
    correlation: 'c',
    ...over,
  })

  const outbox: World['outbox'] = async () => {
    const all = await store.list('messages', tenant.id, { limit: 1_000 })
    return all.map((it) => ({
      id: it.id,
      channel: it.channel,
      purpose: it.purpose,
      ...(JSON.parse(parts.keyring.openText(it.sealed, ['message', tenant.id, it.id])) as { to: string; text: string }),
    }))
  }
  const lastCode: World['lastCode'] = async () => {
    const recent = await store.list('messages', tenant.id, { limit: 20, descending: true })
    for (const it of recent) {
      const { code } = JSON.parse(parts.keyring.openText(it.sealed, ['message', tenant.id, it.id])) as { code?: string }
      if (code !== undefined) return code
    }
    return assert.fail('no message with a code was queued')
  }
  const flowOf: World['flowOf'] = async (handle) => {
    const ticket = await store.get('tickets', tenant.id, ticketId(handle))
    return { by: 'ticket', ticket: ticket ?? assert.fail('no such ticket'), handle }
  }
  const login: World['login'] = async (name, over = {}) => {
    const by = over.caller ?? caller()
    const signed = await engine.signIn({ caller: by, login: `${name}@example.com`, password: passwordOf(name) })
    if (signed.yes === undefined) return signed
    const { user, proofs } = signed.yes
    const wish = { ...someWish, dialect: by.dialect, ...over.wish }
    return await engine.admit({ caller: by, user: user.id, proofs, wish, issue: nothingToIssue })
  }
  const tokenFlow: World['tokenFlow'] = (user, proofs) => ({
    by: 'token',
    id: 'session',
    user: user.id,
    client: web.id,
    proofs: proofs ?? [{ factor: 'password', channel: 'password', at: clock.now() }],
    wish: { ...someWish, managesFactors: true },
  })
  const answer: World['answer'] = (flow, to, proof, by = caller()) =>
    engine.answer({ caller: by, flow, to, proof, issue: nothingToIssue })
  const authenticator: World['authenticator'] = async (id) =>
    (await store.get('authenticators', tenant.id, id)) ?? assert.fail('no such authenticator')

  const made = {
    caller,
    outbox,
    lastCode,
    flowOf,
    login,
    tokenFlow,
    answer,
    authenticator,
    async addUser(name: string, over: NewUser = {}) {
      const hashed = await parts.passwords.hash(passwordOf(name))
      assert(hashed.kind === 'hashed')
      const wanted = { email: `${name}@example.com`, emailVerified: true, passwordHash: hashed.hash, ...over }
      const created = await createUser(parts, tenant, wanted, () => [])
      return created.yes ?? assert.fail(created.no)
    },
    async user(id: UserId) {
      return (await store.get('users', tenant.id, id)) ?? assert.fail('no such user')
    },
    authenticators: (user: User) =>
      store.list('authenticators', tenant.id, { by: { index: 'user', value: user.id }, limit: 1_000 }),
    async events(type?: string) {
      const all = await store.list('events', tenant.id, { limit: 1_000 })
      return all.filter((it) => type === undefined || it.type === type)
    },
    async ticket(name: string, over: Parameters<World['ticket']>[1] = {}) {
      const refused = await login(name, over)
      assert.equal(refused.no, 'more-proof', `${name} should be asked for more, not ${JSON.stringify(refused)}`)
      return await flowOf((refused as { ticket: string }).ticket)
    },
    async challenge(flow: Extract<Flow, { by: 'ticket' }>, kind: string) {
      const by = caller()
      const asked = await engine.challenge({ caller: by, ticket: flow.ticket, kinds: [kind] })
      const { challenge } = asked.yes ?? assert.fail(`challenge refused: ${asked.no}`)
      return { challenge: challenge ?? assert.fail('no challenge was made'), code: await lastCode() }
    },
    async enrolApp(user: User) {
      const flow = tokenFlow(user)
      const started = await engine.enrol({ caller: caller(), flow, kind: 'totp' })
      const { authenticator: it, show } = started.yes ?? assert.fail(`enrolment refused: ${started.no}`)
      const secret = base32Decode(show?.secret ?? '') ?? assert.fail('no secret was shown')
      const code = (stepsFromNow = 0) => hotp(secret, totpStep(clock.now()) + stepsFromNow)
      const confirmed = await answer(flow, { kind: 'totp' }, code())
      assert.equal(confirmed.no, undefined)
      // The confirming code is spent; the next one is needed to sign in.
      clock.advance(30)
      return { authenticator: await authenticator(it.id), code }
    },
    async enrolAddress(user: User, kind: string, target: string) {
      const flow = tokenFlow(user)
      const started = await engine.enrol({ caller: caller(), flow, kind, target })
      const { authenticator: it, challenge } = started.yes ?? assert.fail(`enrolment refused: ${started.no}`)
      const confirmed = await answer(flow, { challenge: challenge ?? '' }, await lastCode())
      assert.equal(confirmed.no, undefined)
      return await authenticator(it.id)
    },
    async put<T extends TableName>(table: T, it: Tables[T]) {
      await store.change({}, () => ({ result: undefined, writes: [upsert(table, it)] }))
    },
  }
  return made
}

/** What a refusal is, with a text that says what came instead. */
export function refusalOf(outcome: Outcome<unknown>): string {
  return outcome.no ?? `granted ${JSON.stringify(outcome.yes)}`
}

/** A code that is certainly not this one. */
export const otherThan = (code: string): string => code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))
