import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { factorMap } from '#factors/index.ts'
import type { Application } from '#model/application.ts'
import type { Authenticator } from '#model/authenticator.ts'
import { asId, type UserId } from '#model/ids.ts'
import type { MfaMode } from '#model/policy.ts'
import type { RiskDecision, RiskSituation } from '#model/risk.ts'
import { asTenant, tenant as emptyTenant, user as someUser } from '#test/contracts/store-rows.ts'
import { engineVersion } from './settings.ts'
import { type Draft, type Recorded, simulate } from './simulate.ts'

const hour = 3_600_000
const begin = Date.UTC(2026, 0, 15, 12)
const demo = asTenant('demo')
const tenant = { ...emptyTenant(demo), factors: ['password', 'totp', 'sms', 'email', 'webauthn', 'recovery_code'] }

/** At home with the usual device; other places and devices are changes to it. */
const usual: RiskSituation = {
  now: begin,
  logins: 10_000,
  users: 500,
  ownLogins: 20,
  network: {
    global: [20, 3_000, 9_000],
    user: [16, 18, 20],
    distinct: 71,
    address: 'a',
    country: 'NO',
    asn: 1,
    bad: false,
  },
  agent: {
    global: [200, 900, 2_500, 6_000],
    user: [12, 14, 20, 20],
    distinct: 165,
    text: 'b',
    browser: 'Firefox 128.0',
    system: 'Linux',
    device: 'desktop',
  },
  last: { at: begin - 24 * hour, country: 'NO' },
  hours: Array.from({ length: 24 }, (_, at) => (at === 11 ? 20 : 0)),
  lastLoginAt: begin - 24 * hour,
  failures: { user: 0, accounts: 0 },
  thresholds: { ask: 0.4, high: 8 },
}
const abroad: RiskSituation = {
  ...usual,
  network: { ...usual.network, user: [0, 0, 0], global: [0, 5, 40], country: 'BR', asn: 2 },
}
const abroadOtherDevice: RiskSituation = {
  ...abroad,
  agent: { ...usual.agent, user: [0, 0, 0, 0], global: [0, 0, 300, 3_000], text: 'c', system: 'iOS', device: 'mobile' },
}

const login = (situation: RiskSituation | undefined, at = begin, user = 'ada'): RiskDecision => ({
  tenant: demo,
  id: `${at}`,
  user: asId<UserId>(user),
  at,
  client: 'web',
  dialect: 'own',
  level: 'low',
  findings: [],
  unless: [],
  outcome: 'passed',
  engine: engineVersion,
  ...(situation && { situation }),
  rule: {},
  correlation: 'r',
})

const authenticator = (factor: string, user = 'ada'): Authenticator =>
  ({
    tenant: demo,
    id: `${factor} of ${user}`,
    user,
    factor,
    state: 'confirmed',
    target: `${factor}@example.com`,
  }) as never

function recorded(
  decisions: readonly RiskDecision[],
  kinds: readonly string[] = ['totp'],
  over: Partial<Recorded> = {},
) {
  const user = someUser(demo, 'ada')
  return {
    tenant,
    applications: new Map([['web', { tenant: demo, id: 'web' } as never as Application]]),
    decisions,
    subjects: new Map([[user.id, { user, authenticators: kinds.map((kind) => authenticator(kind)) }]]),
    factors: factorMap(),
    ...over,
  } satisfies Recorded
}

const fatesOf = (it: Recorded, draft: Draft) => simulate(it, draft).replayed.map(({ fate }) => fate)
const mode = (name: MfaMode, more: object = {}): Draft => ({ mfa: { mode: name, ...more } })
const three = [login(usual), login(abroad, begin + hour), login(abroadOtherDevice, begin + 2 * hour)]

test('each mode has its own fates for the usual, an odd and a very odd login', () => {
  const it = recorded(three)
  assert.deepEqual(fatesOf(it, mode('OFF')), ['passed', 'passed', 'passed'])
  assert.deepEqual(fatesOf(it, mode('ALWAYS')), ['asked', 'asked', 'asked'])
  assert.deepEqual(fatesOf(it, mode('SMART')), ['passed', 'asked', 'asked'])
})

test('thresholds and signals of the draft stand for those of the time', () => {
  const strict: Draft = { ...mode('SMART'), risk: { thresholds: { ask: 0.0001, high: 100 } } }
  assert.deepEqual(fatesOf(recorded(three), strict), ['asked', 'asked', 'asked'])
  const off = ['likelihood', 'new_country', 'new_device', 'impossible_travel', 'unusual_hour'] as const
  assert.deepEqual(fatesOf(recorded(three), { ...mode('SMART'), risk: { off: [...off] } }), [
    'passed',
    'passed',
    'passed',
  ])
})

test('without a rule in the draft those of tenant and application hold', () => {
  const ruled = { ...tenant, mfa: { mode: 'SMART' }, risk: { onHigh: 'refuse' } } as const
  assert.deepEqual(fatesOf(recorded(three, ['totp'], { tenant: ruled }), {}), ['passed', 'asked', 'blocked'])
  const off = new Map([['web', { tenant: demo, id: 'web', mfa: { mode: 'OFF' } } as never as Application]])
  assert.deepEqual(fatesOf(recorded(three, ['totp'], { tenant: ruled, applications: off }), {}), [
    'passed',
    'passed',
    'passed',
  ])
})

test('high risk is blocked where the draft refuses it, or where only a weak factor is there to answer', () => {
  const refusing: Draft = { ...mode('SMART'), risk: { onHigh: 'refuse' } }
  assert.deepEqual(fatesOf(recorded(three), refusing), ['passed', 'asked', 'blocked'])
  assert.deepEqual(fatesOf(recorded(three, ['email']), mode('SMART')), ['passed', 'asked', 'blocked'])
})

test('who has no factor that the draft allows is left without any', () => {
  assert.deepEqual(fatesOf(recorded(three, []), mode('ALWAYS')), ['stranded', 'stranded', 'stranded'])
  assert.deepEqual(fatesOf(recorded(three, []), mode('SMART')), ['passed', 'stranded', 'stranded'])
  const keys = mode('ALWAYS', { allowedFactors: ['webauthn'] })
  assert.deepEqual(fatesOf(recorded(three, ['totp']), keys), ['stranded', 'stranded', 'stranded'])
  assert.deepEqual(fatesOf(recorded(three, ['totp', 'webauthn']), keys), ['asked', 'asked', 'asked'])
  const pending = { ...authenticator('totp'), state: 'pending' } as const
  const ada = someUser(demo, 'ada')
  const subjects = new Map([[ada.id, { user: ada, authenticators: [pending] }]])
  assert.deepEqual(fatesOf(recorded(three, [], { subjects }), mode('ALWAYS')), ['stranded', 'stranded', 'stranded'])
})

test('TIME_BASED asks once within the interval, on each device by itself, and the user’s own switch always', () => {
  const often = [0, 1, 2, 30].map((hours) => login(usual, begin + hours * hour))
  const within = { timeBasedSeconds: 24 * 3_600 }
  assert.deepEqual(fatesOf(recorded(often), mode('TIME_BASED', within)), ['asked', 'passed', 'passed', 'asked'])
  const two = [login(usual), login(abroadOtherDevice, begin + hour), login(usual, begin + 2 * hour)]
  assert.deepEqual(fatesOf(recorded(two), mode('TIME_BASED', within)), ['asked', 'asked', 'passed'])
  assert.deepEqual(fatesOf(recorded(two), mode('SMART_PLUS_TIME_BASED', within)), ['asked', 'asked', 'passed'])
  const ada = { ...someUser(demo, 'ada'), mfaEnabled: true }
  const subjects = new Map([[ada.id, { user: ada, authenticators: [authenticator('totp')] }]])
  assert.deepEqual(fatesOf(recorded(often, [], { subjects }), mode('OFF')), ['asked', 'asked', 'asked', 'asked'])
})

test('S-98: a login whose rating failed is of high risk in the replay too', () => {
  const draft: Draft = { ...mode('SMART'), risk: { onHigh: 'refuse' } }
  assert.deepEqual(fatesOf(recorded([login(undefined)]), draft), ['blocked'])
})

test('logins of users and applications that are gone are counted and left out', () => {
  const gone = [login(usual), login(usual, begin + 1, 'bea'), { ...login(usual, begin + 2), client: 'other' }]
  const { replayed, skipped } = simulate(recorded(gone), mode('ALWAYS'))
  assert.deepEqual([replayed.length, skipped], [1, 2])
})

test('S-97: whatever the draft says of risk, ALWAYS lets nobody pass, and a stricter threshold never lets more pass', () => {
  const situations = fc.constantFrom(usual, abroad, abroadOtherDevice, undefined)
  const score = fc.double({ min: 0, max: 20, noNaN: true })
  fc.assert(
    fc.property(fc.array(situations, { maxLength: 6 }), score, score, (list, a, b) => {
      const it = recorded(list.map((one, at) => login(one, begin + at * hour)))
      const at = (ask: number) => ({ thresholds: { ask, high: 100 } })
      assert.ok(!fatesOf(it, { ...mode('ALWAYS'), risk: at(a) }).includes('passed'))
      const passed = (ask: number) =>
        fatesOf(it, { ...mode('SMART'), risk: at(ask) }).filter((fate) => fate === 'passed').length
      assert.ok(passed(Math.min(a, b)) <= passed(Math.max(a, b)))
    }),
  )
})
