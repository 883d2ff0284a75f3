import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyring } from '#crypto/keyring.ts'
import type { Outcome } from '#model/outcome.ts'
import type { RiskDecision, RiskRule } from '#model/risk.ts'
import type { User } from '#model/user.ts'
import type { Networks } from '#ports/network.ts'
import type { Store } from '#ports/store.ts'
import { farAway, firefox, home, newerFirefox, phone, sameCountry, somePlaces } from '#test/support/places.ts'
import {
  type App,
  openWorld,
  passwordOf,
  refusalOf,
  tenantId,
  type World,
  type WorldOptions,
} from '#test/support/world.ts'
import { removeUser } from '../accounts/remove.ts'
import type { Admitted } from '../admit.ts'
import { createEngine } from '../engine.ts'
import { systemAudit } from '../events.ts'
import { nothingToIssue } from '../issue.ts'
import type { Caller, ClientHints } from '../parts.ts'
import { assess } from './assess.ts'
import { calibrate, calibrateDue, dueForCalibration, enoughScores } from './calibrate.ts'
import { listDecisions, replay } from './decisions.ts'
import { emptyTotals, lessonOf } from './lesson.ts'
import { firstThresholds } from './settings.ts'
import { signals } from './signals/index.ts'

const day = 86_400

interface Story extends World {
  readonly ada: User
  readonly app: App
  /** Logs in from an address with an agent. */
  readonly from: (address: string, userAgent?: string, name?: string) => Promise<Outcome<unknown>>
  /** The same, and gives the second factor it is asked for. */
  readonly confirm: (address: string, userAgent?: string) => Promise<Outcome<unknown>>
  readonly decisions: () => Promise<readonly RiskDecision[]>
}

/** Ada has an authenticator app, and the tenant is SMART. */
async function smart(risk?: RiskRule, over: Partial<WorldOptions> = {}): Promise<Story> {
  const world = await openWorld({
    networks: somePlaces,
    ...over,
    tenant: { mfa: { mode: 'SMART' }, ...(risk && { risk }), ...over.tenant },
  })
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  const from: Story['from'] = (address, userAgent = firefox, name = 'ada') =>
    world.login(name, { caller: world.caller({ address, userAgent }) })
  return {
    ...world,
    ada,
    app,
    from,
    async confirm(address, userAgent = firefox) {
      const caller = world.caller({ address, userAgent })
      world.clock.advance(30)
      return await world.answer(await world.ticket('ada', { caller }), { kind: 'totp' }, app.code(), caller)
    },
    decisions: () => listDecisions(world.parts, tenantId, ada.id, { limit: 100 }),
  }
}

test('S-100: the first login is asked, the known place and device no more, and whatever is new again', async () => {
  const it = await smart()
  assert.equal((await it.confirm(home)).no, undefined)
  assert.equal((await it.from(home)).no, undefined)
  assert.equal((await it.from(home, newerFirefox)).no, undefined, 'a newer browser is the same device')
  assert.equal((await it.from(farAway)).no, 'more-proof')
  assert.equal((await it.from(home, phone)).no, 'more-proof')
  assert.equal((await it.from(sameCountry, phone)).no, 'more-proof')
  const [newest, , , , passed, first] = await it.decisions()
  assert.deepEqual(
    newest?.findings.map((one) => one.rule),
    ['new_device', 'likelihood'],
  )
  assert.equal(passed?.outcome, 'passed')
  assert.deepEqual([first?.level, first?.outcome, first?.confirmed], ['medium', 'asked', true])
  assert.deepEqual(first?.unless, [{ what: 'earlier-login', count: 1 }])
})

test('S-100: only logins with a completed factor teach; a thousand failed ones and those passed by change no score', async () => {
  const it = await smart()
  await it.confirm(home)
  const rows = async () =>
    JSON.stringify([
      await it.store.list('risk_counters', tenantId),
      await it.store.list('risk_profiles', tenantId),
      await it.store.list('risk_totals', tenantId),
    ])
  const before = await rows()
  const caller = it.caller({ address: farAway, userAgent: phone })
  for (let i = 0; i < 1_000; i++) {
    await it.engine.signIn({ caller, login: 'ada@example.com', password: 'not this one' })
  }
  it.clock.advance(day)
  await it.from(home)
  await it.ticket('ada', { caller })
  assert.equal(await rows(), before)
})

test('risk.md §1.4: one day teaches ten logins at most', async () => {
  const it = await smart({ thresholds: { ask: 0, high: 1_000 } })
  for (let i = 0; i < 12; i++) assert.equal((await it.confirm(home)).no, undefined)
  const logins = async () => (await it.store.get('risk_profiles', tenantId, it.ada.id))?.logins
  assert.equal(await logins(), 10)
  it.clock.advance(day)
  await it.confirm(home)
  assert.equal(await logins(), 11)
})

const broken: Networks = {
  lookup() {
    throw new Error('the file of addresses is broken')
  },
}

test('S-98, AC-22: an address that is none, no agent and a broken file of addresses are asked, and are of high risk', async () => {
  const it = await smart()
  for (let i = 0; i < 3; i++) {
    await it.confirm(home)
    it.clock.advance(day)
    if ((await it.from(home)).no === undefined) break
  }
  assert.equal((await it.from(home)).no, undefined)
  const rows: readonly (readonly [address: string, agent: string, networks: Networks, rule: string])[] = [
    ['a', firefox, somePlaces, 'missing_input'],
    ['', firefox, somePlaces, 'missing_input'],
    ['10.0.0.999', firefox, somePlaces, 'missing_input'],
    [home, '', somePlaces, 'missing_input'],
    [home, '   ', somePlaces, 'missing_input'],
    [home, firefox, broken, 'engine_failed'],
  ]
  for (const [address, userAgent, networks, rule] of rows) {
    const engine = createEngine({ ...it.parts, networks })
    const caller = it.caller({ address, userAgent })
    const signed = await engine.signIn({ caller, login: 'ada@example.com', password: passwordOf('ada') })
    assert(signed.yes)
    const wish = { dialect: 'test', grantType: 'password', scope: [] }
    const asked = await engine.admit({
      caller,
      user: it.ada.id,
      proofs: signed.yes.proofs,
      wish,
      issue: nothingToIssue,
    })
    assert.equal(asked.no, 'more-proof', `${address} ${userAgent}`)
    const [newest] = await it.decisions()
    assert.deepEqual([newest?.level, newest?.findings[0]?.rule], ['high', rule], `${address} ${userAgent}`)
  }
})

/** A store whose reads of risk do what the test wants. */
const reading = (store: Store, read: () => Promise<never>): Store =>
  new Proxy(store, {
    get(target, name) {
      const own = Reflect.get(target, name) as unknown
      if (typeof own !== 'function') return own
      if (name !== 'get') return own.bind(target)
      return (table: string, ...rest: unknown[]) =>
        table.startsWith('risk_') ? read() : (own as (...all: unknown[]) => unknown).call(target, table, ...rest)
    },
  })

test('S-98, S-164: reads that fail and reads that take longer than 50 ms ask for a second factor', async () => {
  const it = await smart()
  await it.confirm(home)
  const wish = { dialect: 'test', grantType: 'password', scope: [] }
  const caller = it.caller({ address: home, userAgent: firefox })
  const proofs = [{ factor: 'password', channel: 'password', at: it.clock.now() }]
  const rows: readonly [string, () => Promise<never>][] = [
    ['could-not-read', () => Promise.reject(new Error('no such table'))],
    ['took-too-long', () => new Promise<never>(() => {})],
  ]
  for (const [why, read] of rows) {
    const engine = createEngine({ ...it.parts, store: reading(it.store, read), riskDeadline: 50 })
    const outcome = await engine.admit({ caller, user: it.ada.id, proofs, wish, issue: nothingToIssue })
    assert.equal(outcome.no, 'more-proof', why)
    const [newest] = await it.decisions()
    assert.equal(newest?.findings[0]?.why, why)
    assert.equal(newest && replay(newest), undefined)
  }
})

test('S-98: a look at the addresses that keeps the process busy for longer than that is late too', async () => {
  const it = await smart()
  await it.confirm(home)
  const slow: Networks = {
    lookup(address) {
      for (const end = performance.now() + 60; performance.now() < end; );
      return somePlaces.lookup(address)
    },
  }
  const caller = it.caller({ address: home, userAgent: firefox })
  const proofs = [{ factor: 'password', channel: 'password', at: it.clock.now() }]
  const wish = { dialect: 'test', grantType: 'password', scope: [] }
  const engine = createEngine({ ...it.parts, networks: slow, riskDeadline: 50 })
  assert.equal((await engine.check({ caller, user: it.ada.id, proofs, wish })).is, 'more')
})

test('risk.md §1.5: one rating reads at most 16 rows of counts', async () => {
  const it = await smart()
  await it.confirm(home)
  let reads = 0
  const store = new Proxy(it.store, {
    get(target, name) {
      const own = Reflect.get(target, name) as unknown
      if (typeof own !== 'function') return own
      if (name !== 'get') return own.bind(target)
      return (table: string, ...rest: unknown[]) => {
        if (table.startsWith('risk_')) reads++
        return (own as (...all: unknown[]) => unknown).call(target, table, ...rest)
      }
    },
  })
  const proofs = [{ factor: 'password', channel: 'password', at: it.clock.now() }]
  await createEngine({ ...it.parts, store }).check({
    caller: it.caller({ address: home, userAgent: firefox }),
    user: it.ada.id,
    proofs,
    wish: { dialect: 'test', grantType: 'password', scope: [] },
  })
  assert.equal(reads, 16)
})

test('high risk wants one of the better factors the account has; without any it is refused', async () => {
  const it = await smart({ badAddresses: ['203.0.113.0/24', '2001:db8::/32'] })
  await it.addUser('bob')
  const cem = await it.addUser('cem')
  await it.enrolAddress(cem, 'email', 'cem@example.com')
  await it.enrolAddress(it.ada, 'email', 'ada@example.com')
  const ada = await it.from(farAway)
  assert(ada.no === 'more-proof')
  assert.deepEqual(ada.require, { challenge: ['totp'] })
  for (const name of ['bob', 'cem']) assert.equal(refusalOf(await it.from(farAway, firefox, name)), 'risk-too-high')
  assert.equal((await it.from('2001:db8::17', firefox, 'bob')).no, 'risk-too-high')
  const bob = await it.from(home, firefox, 'bob')
  assert(bob.no === 'more-proof')
  assert.ok(bob.require.enrol?.includes('totp'), 'a newcomer elsewhere enrols')
})

test('a tenant may refuse high risk, with the right second factor too', async () => {
  const it = await smart({ badAddresses: [farAway], onHigh: 'refuse' })
  assert.equal((await it.from(farAway)).no, 'risk-too-high')
  const [decision] = await it.decisions()
  assert.deepEqual(
    [decision?.outcome, decision?.unless],
    ['refused', [{ what: 'earlier-login', count: 1 }, { what: 'listed-address' }]],
  )
  const flow = await it.ticket('ada', { caller: it.caller({ address: home, userAgent: firefox }) })
  it.clock.advance(30)
  const elsewhere = it.caller({ address: farAway, userAgent: firefox })
  assert.equal((await it.answer(flow, { kind: 'totp' }, it.app.code(), elsewhere)).no, 'risk-too-high')
})

test('assurance.md §2: who was looked at and not asked has `rba` in amr and no higher level, who was asked has not', async () => {
  const it = await smart()
  const asked = await it.confirm(home)
  const passed = await it.from(home)
  const said = ({ yes }: Outcome<unknown>) => (yes as Admitted<undefined>).granted.assurance
  assert.deepEqual([said(asked).amr, said(asked).acr], [['pwd', 'otp', 'mfa'], 'urn:polyfactor:acr:aal2'])
  assert.deepEqual([said(passed).amr, said(passed).acr], [['pwd', 'rba'], 'urn:polyfactor:acr:aal1'])
})

test('SMART_PLUS_TIME_BASED asks for either reason', async () => {
  const it = await smart(undefined, { tenant: { mfa: { mode: 'SMART_PLUS_TIME_BASED', timeBasedSeconds: 3_600 } } })
  await it.confirm(home)
  assert.equal((await it.from(home)).no, undefined)
  assert.equal((await it.from(farAway)).no, 'more-proof')
  it.clock.advance(3_601)
  assert.equal((await it.from(home)).no, 'more-proof')
})

test('S-101: what is stored names no address and no agent, is judged again as it was, and ends after 180 days', async () => {
  const it = await smart()
  await it.confirm(home)
  await it.from(home)
  await it.from(farAway, phone)
  const rows = [
    await it.store.list('risk_counters', tenantId, { limit: 1_000 }),
    await it.store.list('risk_profiles', tenantId),
    await it.decisions(),
  ]
  const dump = JSON.stringify(rows)
  for (const raw of [home, farAway, 'Mozilla', 'Gecko']) assert.ok(!dump.includes(raw), raw)
  for (const decision of await it.decisions()) {
    const again = replay(JSON.parse(JSON.stringify(decision)) as RiskDecision)
    assert.deepEqual(again, {
      level: decision.level,
      ...(decision.score !== undefined && { score: decision.score }),
      findings: decision.findings,
    })
    assert.equal(replay({ ...decision, engine: 0 }), undefined, 'other rules made it')
  }
  const [stranger] = await it.decisions()
  assert.equal(stranger && replay(stranger, { off: signals.map((one) => one.name) })?.level, 'low')
  it.clock.advance(180 * day + 1)
  while ((await it.store.sweep(it.clock.now())) > 0);
  for (const table of ['risk_counters', 'risk_profiles', 'risk_decisions'] as const) {
    assert.deepEqual(await it.store.list(table, tenantId), [], table)
  }
  assert.equal((await it.from(home)).no, 'more-proof', 'and whoever comes back then has no history')
})

test('S-101: with the account all that was remembered of it is gone', async () => {
  const it = await smart()
  await it.confirm(home)
  await it.from(farAway)
  const event = systemAudit(it.parts, tenantId, 'user.deleted', { user: it.ada.id })
  await removeUser(it.parts, tenantId, it.ada.id, event)
  const by = { index: 'user', value: it.ada.id } as const
  assert.deepEqual(await it.store.list('risk_counters', tenantId, { by }), [])
  assert.deepEqual(await it.store.list('risk_decisions', tenantId, { by }), [])
  assert.equal(await it.store.get('risk_profiles', tenantId, it.ada.id), undefined)
})

test('each decision that asks or refuses leaves an audit row with the rules that fired', async () => {
  const it = await smart()
  await it.confirm(home)
  await it.from(home)
  await it.from(farAway)
  const told = (await it.events('login.risk')).map(({ details }) => [details?.level, details?.rules, details?.outcome])
  assert.deepEqual(told, [
    ['medium', 'no_history', 'asked'],
    ['high', 'impossible_travel new_country likelihood', 'asked'],
  ])
})

test('the thresholds are quantiles of the users’ own scores, computed once a day by the clock it is handed', async () => {
  const it = await smart()
  await it.confirm(home)
  const template = (await it.decisions())[0] as RiskDecision
  const add = (at: number, score: number, over: Partial<RiskDecision>) =>
    it.put('risk_decisions', { ...template, id: `z${at}`, score, at: it.clock.now(), confirmed: undefined, ...over })
  assert.deepEqual(await dueForCalibration(it.parts), [tenantId])
  await calibrateDue(it.parts)
  assert.equal((await it.store.get('risk_totals', tenantId, 'all'))?.calibrated, undefined, 'too few to compute from')
  for (let i = 1; i <= enoughScores; i++) await add(i, i / 100, { outcome: 'passed', level: 'low' })
  for (let i = 1; i <= enoughScores; i++) await add(10_000 + i, 50, { outcome: 'asked', level: 'high' })
  assert.deepEqual(await dueForCalibration(it.parts), [], 'not twice a day')
  it.clock.advance(day)
  await calibrateDue(it.parts)
  const { calibrated } = (await it.store.get('risk_totals', tenantId, 'all')) ?? {}
  assert.equal(calibrated?.of, enoughScores, 'what attackers tried moves nothing')
  assert.equal(calibrated?.ask.toFixed(6), '1.800000')
  assert.equal(calibrated?.high.toFixed(6), '1.990000')
  await calibrate(it.parts, tenantId)
  const totals = await it.store.get('risk_totals', tenantId, 'all')
  assert.deepEqual([totals?.users, totals?.distinct], [1, { network: 2, agent: 3 }])
})

test('a small service has thresholds too: where 30 days have too few scores older ones count, of the same weights only', async () => {
  const it = await smart()
  await it.confirm(home)
  const template = (await it.decisions())[0] as RiskDecision
  const now = it.clock.now()
  const passed = { confirmed: undefined, outcome: 'passed', level: 'low' } as const
  const add = (id: string, at: number, score: number, over: Partial<RiskDecision> = {}) =>
    it.put('risk_decisions', { ...template, ...passed, id, score, at, ...over })
  for (let i = 0; i < enoughScores; i++) {
    await add(`0old${String(i).padStart(3, '0')}`, now - 60 * day * 1_000, 2)
    await add(`zrules${i}`, now, 90, { engine: template.engine - 1 })
  }
  for (let i = 0; i < 50; i++) await add(`z${i}`, now, 1)
  const calibrated = async () => {
    await calibrate(it.parts, tenantId)
    return (await it.store.get('risk_totals', tenantId, 'all'))?.calibrated
  }
  const first = await calibrated()
  assert.deepEqual([first?.of, first?.ask.toFixed(6)], [enoughScores, '2.000000'])
  for (let i = 0; i < enoughScores; i++) await add(`zz${i}`, now, 1)
  const second = await calibrated()
  assert.deepEqual([second?.of, second?.ask.toFixed(6)], [enoughScores + 50, '1.000000'])
  await it.put('risk_totals', {
    ...emptyTotals(tenantId),
    calibrated: { ask: 0, high: 0, at: now, of: 200, engine: 1 },
  })
  await it.from(home)
  assert.deepEqual((await it.decisions())[0]?.situation?.thresholds, firstThresholds, 'thresholds of other weights')
})

test('where only risk is set logins are recorded and counted, and nobody is asked for it or told so', async () => {
  const asks = { mode: 'OFF' } as const
  const it = await smart({ badAddresses: [farAway], onHigh: 'refuse' }, { tenant: { mfa: asks } })
  let reads = 0
  const { get } = it.store
  const counting = (table: string, ...rest: [never, never]) => {
    if (table.startsWith('risk_')) reads++
    return get.call(it.store, table as never, ...rest)
  }
  Object.assign(it.store, { get: counting })
  for (const [address, agent] of [
    [home, firefox],
    [farAway, phone],
    ['', ''],
  ] as const) {
    reads = 0
    const outcome = await it.from(address, agent)
    assert.equal(outcome.no, undefined, address)
    assert.ok(reads > 0 && reads <= 16, String(reads))
    const { assurance } = (outcome.yes as Admitted<undefined>).granted
    assert.ok(!assurance.amr.includes('rba'))
  }
  const told = (await it.decisions()).map(({ level, outcome, observed }) => [level, outcome, observed])
  assert.deepEqual(told, [
    ['high', 'passed', true],
    ['high', 'passed', true],
    ['medium', 'passed', true],
  ])
  assert.deepEqual(await it.events('login.risk'), [])
  it.clock.advance(180 * day + 1)
  while ((await it.store.sweep(it.clock.now())) > 0);
  assert.deepEqual(await it.decisions(), [])
})

test('where only risk is set and all are asked, a recorded login is confirmed by its second factor, also from elsewhere', async () => {
  const it = await smart({ badAddresses: [farAway], onHigh: 'refuse' }, { tenant: { mfa: { mode: 'ALWAYS' } } })
  assert.equal((await it.confirm(home)).no, undefined)
  const flow = await it.ticket('ada', { caller: it.caller({ address: home, userAgent: firefox }) })
  it.clock.advance(30)
  const elsewhere = it.caller({ address: farAway, userAgent: phone })
  const done = await it.answer(flow, { kind: 'totp' }, it.app.code(), elsewhere)
  assert.equal(done.no, undefined)
  const told = (await it.decisions()).map(({ level, outcome, confirmed, observed }) => [
    level,
    outcome,
    confirmed,
    observed,
  ])
  assert.deepEqual(told, [
    ['high', 'passed', undefined, true],
    ['low', 'asked', true, true],
    ['medium', 'asked', true, true],
  ])
})

test('all that a rating reads is asked for in one turn, so that a database across a network is asked once', async () => {
  const it = await smart()
  await it.confirm(home)
  const { get, list } = it.store
  const asked: string[] = []
  let isOpen = true
  const noted = (table: string) => {
    if (isOpen) asked.push(table)
    // Microtasks are over by then: what needs an answer before it can ask would come after it.
    setImmediate(() => {
      isOpen = false
    })
    return new Promise((resolve) => setTimeout(resolve, 1))
  }
  let later = 0
  const slow =
    (own: (...all: never[]) => unknown) =>
    async (table: string, ...rest: never[]) => {
      if (!isOpen) later++
      await noted(table)
      return await own.call(it.store, table as never, ...rest)
    }
  Object.assign(it.store, { get: slow(get as never), list: slow(list as never) })
  const caller = it.caller({ address: home, userAgent: firefox })
  const proofs = [{ factor: 'password', channel: 'password', at: it.clock.now() }]
  const assessed = await assess({ ...it.parts, riskDeadline: 10_000 }, caller, it.ada.id, proofs)
  assert.equal(assessed?.verdict.level, 'low')
  assert.equal(asked.filter((table) => table === 'risk_counters').length, 14)
  assert.deepEqual([asked.length, later], [19, 0])
})

test('a new master key makes nobody look new: while the older one is in the ring both are taught and one is read', async () => {
  const it = await smart()
  const [older, newer] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)]
  const caller = it.caller({ address: home, userAgent: firefox })
  const proofs = [{ factor: 'password', channel: 'password', at: it.clock.now() }]
  const by = (keys: readonly Buffer[]) => ({ ...it.parts, keyring: createKeyring(keys) })
  const teach = async (keys: readonly Buffer[]) => {
    const lesson = lessonOf(by(keys), caller, it.ada.id)
    await it.store.change(lesson.refs, (found) => ({ result: undefined, writes: lesson.writes(found) }))
    await lesson.spread()
  }
  let reads = 0
  const { get } = it.store
  const counting = (table: string, ...rest: [never, never]) => {
    if (table.startsWith('risk_')) reads++
    return get.call(it.store, table as never, ...rest)
  }
  Object.assign(it.store, { get: counting })
  const level = async (keys: readonly Buffer[]) => {
    reads = 0
    const assessed = await assess({ ...by(keys), riskDeadline: 10_000 }, caller, it.ada.id, proofs)
    assert.equal(reads, 16)
    return assessed?.verdict.level
  }
  const distinct = async () => {
    await calibrate(it.parts, tenantId)
    return (await it.store.get('risk_totals', tenantId, 'all'))?.distinct
  }
  await teach([older])
  assert.equal(await level([older]), 'low')
  assert.equal(await level([newer, older]), 'low')
  assert.notEqual(await level([newer]), 'low', 'gone too early')
  await teach([newer, older])
  assert.equal(await level([older]), 'low', 'a server that does not know the newer one yet')
  assert.equal(await level([newer]), 'low')
  assert.deepEqual(await distinct(), { network: 2, agent: 3 })
  await teach([newer])
  assert.equal(await level([newer]), 'low')
  assert.deepEqual(await distinct(), { network: 4, agent: 6 }, 'until those of the older one are swept')
})

const said = (
  language?: string,
  fingerprint?: string,
  place?: { latitude: number; longitude: number },
): ClientHints => ({
  ...(language !== undefined && { language }),
  ...(fingerprint !== undefined && { fingerprint }),
  ...(place && { place }),
})

test('what a client says of itself raises a rating where it is new, and never lowers one', async () => {
  const it = await smart()
  const caller = (hints?: ClientHints, address = home) =>
    it.caller({ address, userAgent: firefox, ...(hints && { hints }) })
  const oslo = { latitude: 59.7, longitude: 10.3 }
  const saoPaulo = { latitude: -23.5, longitude: -46.6 }
  const usual = caller(said('nb-NO,en;q=0.7', 'a', oslo))
  assert.equal(
    (await it.answer(await it.ticket('ada', { caller: usual }), { kind: 'totp' }, it.app.code(), caller(said()))).no,
    undefined,
  )
  const rate = async (one: Caller) => {
    const outcome = await it.login('ada', { caller: one })
    const [newest] = await it.decisions()
    const rules = newest?.findings.map(({ rule }) => rule).filter((rule) => rule !== 'likelihood')
    return [outcome.no ?? 'passed', rules?.join(' '), newest?.level]
  }
  const rows: readonly (readonly [ClientHints | undefined, string, string])[] = [
    [said('nb-NO,en;q=0.7', 'a', oslo), '', 'passed'],
    [said('EN', 'a', oslo), '', 'passed'],
    // Said nothing where no dialect asks, and one hint alone.
    [undefined, '', 'passed'],
    [said('nb-NO,pt', 'a'), 'new_language', 'passed'],
    [said('nb-NO', 'b'), 'new_fingerprint', 'passed'],
    [said('pt', 'b'), 'new_language new_fingerprint', 'more-proof'],
    [said(), 'new_language new_fingerprint', 'more-proof'],
    [said('nb-NO', 'a', saoPaulo), 'claimed_place', 'more-proof'],
  ]
  for (const [hints, rules, outcome] of rows) {
    const [no, found] = await rate(caller(hints))
    assert.deepEqual([found, no], [rules, outcome], JSON.stringify(hints))
  }
  // From far away all that is said is as usual, and the place as the address.
  const [no, , level] = await rate(caller(said('nb-NO,en;q=0.7', 'a', oslo), farAway))
  const [, , bare] = await rate(caller(undefined, farAway))
  assert.deepEqual([no, level, bare], ['more-proof', 'high', 'high'])
  const dump = JSON.stringify([await it.store.list('risk_profiles', tenantId), await it.decisions()])
  for (const raw of ['nb-no', 'nb-NO', '59.7', '"a"', '"b"']) assert.ok(!dump.includes(raw), raw)
})

test('ratings are counted by level and by what was found, in names of ours and nothing of whose login it was', async () => {
  const counted: unknown[] = []
  const rate = async (it: Story, address: string) => {
    const caller = it.caller({ address, userAgent: firefox })
    const parts = { ...it.parts, rated: (...all: unknown[]) => void counted.push(all) }
    await assess(parts, caller, it.ada.id, [{ factor: 'password', channel: 'password', at: it.clock.now() }])
  }
  const it = await smart()
  await it.confirm(home)
  await rate(it, home)
  await rate(it, 'junk')
  await rate(await smart({}, { tenant: { mfa: { mode: 'OFF' } } }), home)
  assert.deepEqual(counted, [
    ['low', [], false],
    ['high', ['missing_input', 'new_country', 'likelihood'], false],
    ['medium', ['no_history'], true],
  ])
})
