import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Answer } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { Refusal, RefusalWord } from '#model/outcome.ts'
import type { User } from '#model/user.ts'
import { otherThan, type World, type WorldOptions } from '../support/world.ts'

/** Where a step of a login has led, read from the dialect's own answer. */
export interface Reached {
  readonly status: number
  /** The whole answer as it was sent. */
  readonly text: string
  /** Tokens were issued, with what they say was proved. */
  readonly tokens?: { readonly amr: readonly string[] }
  /** The handle to go on with, where the login is not over. */
  readonly flow?: string
  readonly asks?: 'challenge' | 'enrol'
  /** The handle of a challenge that was made, where this dialect has one of its own. */
  readonly challenge?: string
}

/** The applications of the suite: two confidential ones and two public ones, all of them allowed to use the factors. */
export type Client = 'web' | 'web2' | 'spa' | 'spa2'

export interface Proof {
  /** Absent: the client the flow belongs to. */
  readonly client?: Client
  readonly flow: string
  readonly kind: string
  readonly challenge?: string
  readonly proof: string
}

/** A dialect at work: each verb is one request of its wire. */
export interface DialectDriver {
  readonly world: World
  /** The `client_id` behind a name of the suite. */
  readonly clientId: (client: Client) => string
  /**
   * Every way a first factor reaches this dialect. Getting ready happens while nothing asks for a second factor, so
   * that a session can be there to be renewed; what it gives is called later.
   */
  readonly firstFactors: Readonly<Record<string, (name: string, client: Client) => Promise<() => Promise<Reached>>>>
  /** Signs in with the password. */
  signIn(name: string, client?: Client): Promise<Reached>
  /** Begins an enrolment with the handle of a login; `target` for kinds with an address. */
  enrol(flow: string, kind: string, target?: string): Promise<Reached>
  /** Asks an enrolled factor for a proof. */
  ask(flow: string, kind: string, client?: Client): Promise<Reached>
  prove(it: Proof): Promise<Reached>
}

export interface DialectUnderTest {
  readonly name: string
  readonly open: (options?: WorldOptions) => Promise<DialectDriver>
  /** Kinds this dialect can challenge and enrol with, of those the suite knows. */
  readonly kinds: readonly ('totp' | 'sms' | 'voice' | 'email')[]
  /**
   * The server keeps a flow's state behind one token: no challenge has a name a client could mix up, and a refusal
   * carries no handle of the engine's.
   */
  readonly oneToken?: true
  /** A refusal in the dialect's words, by each of its tables. */
  readonly translate: (refusal: Refusal) => readonly Answer[]
}

/** A handle and a code that must never be read where nobody asked for them. */
const canary = { handle: 'canary-handle-kZ3', code: 'CANARYCODE7QX', kind: 'totp' }

/** Every word the engine refuses with; the compiler asks for a new one here too. */
const refusals: { readonly [W in RefusalWord]: Extract<Refusal, { readonly no: W }> } = {
  'wrong-password': { no: 'wrong-password' },
  'too-many-attempts': { no: 'too-many-attempts', of: 'code', retryAfter: 77 },
  'blocked-user': { no: 'blocked-user' },
  'weak-password': { no: 'weak-password', reason: 'known-bad' },
  taken: { no: 'taken', what: 'email' },
  'bad-email': { no: 'bad-email' },
  'stale-proof': { no: 'stale-proof' },
  'more-proof': { no: 'more-proof', ticket: canary.handle, require: { challenge: ['totp'] } },
  'ticket-unknown': { no: 'ticket-unknown' },
  'ticket-expired': { no: 'ticket-expired' },
  'ticket-of-other-client': { no: 'ticket-of-other-client' },
  'no-factor-available': { no: 'no-factor-available' },
  'policy-unavailable': { no: 'policy-unavailable' },
  'risk-too-high': { no: 'risk-too-high' },
  'challenge-unknown': { no: 'challenge-unknown' },
  'challenge-expired': { no: 'challenge-expired' },
  'challenge-of-other-flow': { no: 'challenge-of-other-flow' },
  'proof-missing': { no: 'proof-missing' },
  'wrong-proof': { no: 'wrong-proof', factor: 'totp' },
  waiting: { no: 'waiting' },
  'slow-down': { no: 'slow-down' },
  declined: { no: 'declined' },
  'not-enrolled': { no: 'not-enrolled' },
  'not-enrolled-with': { no: 'not-enrolled-with', asked: ['sms'], has: ['totp'] },
  'already-enrolled': { no: 'already-enrolled' },
  'authenticator-unknown': { no: 'authenticator-unknown' },
  'authenticator-disabled': { no: 'authenticator-disabled' },
  'last-authenticator': { no: 'last-authenticator' },
  'factor-unknown': { no: 'factor-unknown', factor: 'totp' },
  'factor-off': { no: 'factor-off', factor: 'totp' },
  'bad-address': { no: 'bad-address', reach: 'phone' },
  'bad-secret': { no: 'bad-secret' },
  'blocked-by-admin': { no: 'blocked-by-admin', reach: 'phone' },
  'blocked-by-reputation': { no: 'blocked-by-reputation', reach: 'phone' },
  'limit-reached': { no: 'limit-reached', what: 'authenticators' },
  'too-many-messages': { no: 'too-many-messages', channel: 'sms', retryAfter: 77 },
  undeliverable: { no: 'undeliverable', channel: 'sms' },
  busy: { no: 'busy', retryAfter: 77 },
}

/** All texts of an answer's body, however deep. */
function texts(body: unknown): readonly string[] {
  if (typeof body === 'string') return [body]
  return typeof body === 'object' && body !== null ? Object.values(body).flatMap(texts) : []
}

/** What every dialect owes its users, whatever its words. */
export function dialectContract(dialect: DialectUnderTest): void {
  describe(`the dialect ${dialect.name}`, () => {
    refusalWords(dialect)
    secondFactorIsAsked(dialect)
    foreignFactors(dialect)
    foreignClients(dialect)
    foreignChallenges(dialect)
  })
}

function refusalWords({ translate, oneToken }: DialectUnderTest): void {
  for (const [word, refusal] of Object.entries(refusals)) {
    test(`says "${word}" in its own words, as an error, and tells nothing it should not`, () => {
      const answers = translate(refusal)
      assert.ok(answers.length > 0)
      for (const { status, body, headers } of answers) {
        assert.ok(status >= 400 && status < 600, `${status}`)
        assert.notEqual(status, 500, 'a refusal is no crash')
        assert.ok(
          texts(body).some((text) => text.trim() !== ''),
          'it has a text',
        )
        const told = JSON.stringify({ body, headers })
        const goesOn = word === 'more-proof' && oneToken !== true
        assert.equal(told.includes(canary.handle), goesOn, 'only what goes on has a handle')
        assert.doesNotMatch(told, /undefined|\[object |NaN/)
        if ('retryAfter' in refusal) assert.equal(headers?.['retry-after'], '77', 'a wait says how long')
      }
    })
  }

  if (oneToken === true) return
  test('hands on a saved code that replaces one which was right but not enough', () => {
    for (const { body } of translate({ ...refusals['more-proof'], show: { codes: [canary.code] } })) {
      assert.ok(texts(body).includes(canary.code), 'it is shown now or never')
    }
  })
}

const name = 'ada'
const address: Readonly<Record<string, string>> = {
  sms: '+15551234567',
  voice: '+15551234567',
  email: 'ada@example.com',
}

/** Gives a user a confirmed factor; the proof it would give now, once it has been asked. */
async function give(world: World, user: User, kind: string): Promise<() => Promise<string>> {
  if (kind === 'totp') {
    const app = await world.enrolApp(user)
    return async () => app.code()
  }
  await world.enrolAddress(user, kind, address[kind] ?? '')
  return () => world.lastCode()
}

/** One more application rule or tenant rule, as an administrator sets it. */
async function setPolicy(world: World, where: 'tenant' | Client, mode: 'ALWAYS' | 'OFF' | undefined): Promise<void> {
  const mfa = mode && { mode }
  if (where === 'tenant') {
    const tenant = await world.store.get('tenants', world.tenant.id, world.tenant.id)
    await world.put('tenants', { ...(tenant ?? world.tenant), mfa })
    return
  }
  const application = await world.store.get('applications', world.tenant.id, where)
  await world.put('applications', { ...(application as Application), mfa })
}

function secondFactorIsAsked({ open, kinds }: DialectUnderTest): void {
  const first = kinds[0] ?? 'totp'
  const rules: Readonly<Record<string, (world: World, user: User) => Promise<void>>> = {
    'the tenant says ALWAYS': (world) => setPolicy(world, 'tenant', 'ALWAYS'),
    'the application says ALWAYS': (world) => setPolicy(world, 'web', 'ALWAYS'),
    'the user has switched it on': async (world, user) =>
      world.put('users', { ...(await world.user(user.id)), mfaEnabled: true }),
    'nothing is configured and the user has a factor': (world) => setPolicy(world, 'tenant', undefined),
  }

  for (const [rule, set] of Object.entries(rules)) {
    test(`a second factor is asked for on every way in when ${rule}`, async () => {
      const { firstFactors } = await open()
      for (const way of Object.keys(firstFactors)) {
        const it = await open({ tenant: { mfa: { mode: 'OFF' } } })
        const user = await it.world.addUser(name)
        await give(it.world, user, first)
        const go = await it.firstFactors[way]?.(name, 'web')
        await set(it.world, user)
        const reached = await go?.()
        assert.equal(reached?.tokens, undefined, `${way}: ${reached?.text}`)
        assert.equal(reached?.asks, 'challenge', `${way}: ${reached?.text}`)
      }
    })
  }

  test('a user without a factor is led to enrol one when the tenant says ALWAYS', async () => {
    const { firstFactors } = await open()
    for (const way of Object.keys(firstFactors)) {
      const it = await open({ tenant: { mfa: { mode: 'OFF' } } })
      await it.world.addUser(name)
      const go = await it.firstFactors[way]?.(name, 'web')
      await setPolicy(it.world, 'tenant', 'ALWAYS')
      const reached = await go?.()
      assert.deepEqual([reached?.tokens, reached?.asks], [undefined, 'enrol'], `${way}: ${reached?.text}`)
    }
  })

  test('nobody is asked when the rule is OFF', async () => {
    const { firstFactors } = await open()
    for (const way of Object.keys(firstFactors)) {
      const it = await open({ tenant: { mfa: { mode: 'OFF' } } })
      await give(it.world, await it.world.addUser(name), first)
      const reached = await (await it.firstFactors[way]?.(name, 'web'))?.()
      assert.ok(reached?.tokens, `${way}: ${reached?.text}`)
      assert.ok(!reached.tokens.amr.includes('mfa'), `${way} proved one thing only`)
    }
  })

  for (const kind of kinds) {
    test(`a login by ${kind} ends in tokens after the right proof only, once, and they say what was proved`, async () => {
      const it = await open({ tenant: { mfa: { mode: 'ALWAYS' } } })
      const shown = await give(it.world, await it.world.addUser(name), kind)
      const { flow = '' } = await it.signIn(name)
      const { challenge } = await it.ask(flow, kind)
      const proof = await shown()
      const wrong = await it.prove({ flow, kind, challenge, proof: otherThan(proof) })
      assert.ok(wrong.status >= 400 && wrong.tokens === undefined, wrong.text)
      const done = await it.prove({ flow, kind, challenge, proof })
      assert.ok(done.tokens, done.text)
      assert.ok(done.tokens.amr.includes('pwd'))
      assert.equal(done.tokens.amr.includes('mfa'), kind !== 'email', 'e-mail is no class of its own')
      const again = await it.prove({ flow, kind, challenge, proof })
      assert.ok(again.status >= 400 && again.tokens === undefined, again.text)
    })
  }
}

/** AC-2: the password of somebody who has a factor is not enough to add another. */
function foreignFactors({ open, kinds }: DialectUnderTest): void {
  for (const has of kinds) {
    test(`AC-2: with the password alone nothing is enrolled beside ${has}, and the owner is told`, async () => {
      for (const wanted of kinds) {
        const it = await open({ tenant: { mfa: { mode: 'ALWAYS' } } })
        const user = await it.world.addUser(name)
        await give(it.world, user, has)
        const before = await it.world.authenticators(user)
        const { flow = '' } = await it.signIn(name)
        const told = (await it.world.outbox()).length
        const target = wanted === 'email' ? 'mallory@evil.example' : wanted === 'totp' ? undefined : '+15559876543'
        const refused = await it.enrol(flow, wanted, target)
        assert.ok(refused.status >= 400 && refused.status < 500, `${wanted}: ${refused.text}`)
        assert.equal(refused.tokens ?? refused.challenge, undefined)
        assert.deepEqual(await it.world.authenticators(user), before, wanted)
        const news = (await it.world.outbox()).slice(told)
        assert.ok(news.length > 0, `${wanted}: the owner hears of it`)
        for (const message of news) {
          assert.equal(message.code, undefined)
          assert.ok(['ada@example.com', address.sms].includes(message.to), message.to)
        }
      }
    })
  }
}

/** AC-3: a login goes on only where it began. */
function foreignClients({ open }: DialectUnderTest): void {
  for (const [from, by] of [
    ['web', 'web2'],
    ['spa', 'spa2'],
    ['web', 'spa'],
    ['spa', 'web'],
  ] as const) {
    test(`AC-3: a login begun by ${from} is of no use to ${by}, and stays usable`, async () => {
      const it = await open({ tenant: { mfa: { mode: 'ALWAYS' } } })
      const shown = await give(it.world, await it.world.addUser(name), 'sms')
      const { flow = '' } = await it.signIn(name, from)
      const foreign = await it.ask(flow, 'sms', by)
      assert.ok(foreign.status >= 400 && foreign.challenge === undefined, foreign.text)
      const { challenge } = await it.ask(flow, 'sms', from)
      const proof = await shown()
      const seen = (await it.world.events()).length
      const stolen = await it.prove({ client: by, flow, kind: 'sms', challenge, proof })
      assert.ok(stolen.status >= 400 && stolen.status < 500, stolen.text)
      assert.equal(stolen.tokens ?? stolen.flow, undefined, stolen.text)
      const audited = JSON.stringify((await it.world.events()).slice(seen))
      for (const client of [from, by]) assert.ok(audited.includes(`"${it.clientId(client)}"`), `${client}: ${audited}`)
      const own = await it.prove({ client: from, flow, kind: 'sms', challenge, proof })
      assert.ok(own.tokens, own.text)
    })
  }
}

/** AC-4: a code is good in the flow it was sent for. */
function foreignChallenges({ open, kinds, oneToken }: DialectUnderTest): void {
  if (!kinds.includes('sms') || oneToken === true) return
  test("AC-4: somebody else's challenge with its right code proves nothing, costs an attempt and names nobody", async () => {
    const it = await open({ tenant: { mfa: { mode: 'ALWAYS' } } })
    const victim = await it.world.addUser(name)
    const shown = await give(it.world, victim, 'sms')
    const attacker = await it.world.addUser('mallory')
    await it.world.enrolAddress(attacker, 'sms', '+15559876543')
    const { flow: theirs = '' } = await it.signIn(name)
    const { challenge } = await it.ask(theirs, 'sms')
    const proof = await shown()
    const { flow = '' } = await it.signIn('mallory')
    const count = async () => (await openChallenges(it.world)).reduce((sum, one) => sum + one.failures, 0)
    const before = await count()
    const refused = await it.prove({ flow, kind: 'sms', challenge, proof })
    assert.ok(refused.status >= 400 && refused.tokens === undefined, refused.text)
    assert.doesNotMatch(refused.text, new RegExp(`ada|${victim.id}|1234567`))
    assert.equal(await count(), before + 1)
    const right = await it.prove({ flow: theirs, kind: 'sms', challenge, proof })
    assert.ok(right.tokens, right.text)
  })
}

const openChallenges = (world: World) => world.store.list('challenges', world.tenant.id, { limit: 1_000 })
