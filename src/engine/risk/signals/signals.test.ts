import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type RiskRule, type RiskSituation, signalNames } from '#model/risk.ts'
import { judgeRisk } from '../judge.ts'
import { unless } from '../unless.ts'
import { distance } from './impossible-travel.ts'
import { signals } from './index.ts'

const hour = 3_600_000
const now = Date.UTC(2026, 0, 15, 12)

/** A login as the user has always made it: twenty before, here and with this device, in the last week. */
const usual: RiskSituation = {
  now,
  logins: 10_000,
  users: 500,
  ownLogins: 20,
  network: {
    global: [20, 3_000, 9_000],
    user: [16, 18, 20],
    distinct: 71,
    address: 'h1.k.a',
    country: 'NO',
    asn: 1,
    latitude: 59.9,
    longitude: 10.8,
    bad: false,
  },
  agent: {
    global: [200, 900, 2_500, 6_000],
    user: [12, 14, 20, 20],
    distinct: 165,
    text: 'h1.k.b',
    browser: 'Firefox 128.0',
    system: 'Linux',
    device: 'desktop',
  },
  last: { at: now - 24 * hour, country: 'NO', latitude: 59.9, longitude: 10.8 },
  hours: Array.from({ length: 24 }, (_, at) => (at === 11 ? 20 : 0)),
  lastLoginAt: now - 24 * hour,
  failures: { user: 0, accounts: 0 },
  thresholds: { ask: 0.4, high: 8 },
}

const said = { languages: [], fingerprints: [], newLanguage: false, newFingerprint: false, awayFromAddress: 3_999 }
const brazil = { country: 'BR', asn: 2, latitude: -23.5, longitude: -46.6, user: [0, 0, 0], global: [0, 5, 40] }
const otherPhone = { user: [0, 0, 0, 20], browser: 'Safari 17.5', system: 'iOS 17.5' }

test('every signal has a file in the list, under the name a tenant may switch off', () => {
  assert.deepEqual(signals.map((it) => it.name).toSorted(), signalNames.toSorted())
})

test('the usual login is of low risk and nothing is found', () => {
  const { score, ...rest } = judgeRisk(usual)
  assert.deepEqual(rest, { level: 'low', findings: [] })
  assert.equal(score?.toFixed(6), '0.000237')
})

const table: readonly (readonly [string, Partial<RiskSituation>, level: string, rules: string, unless: string])[] = [
  ['a list', { network: { ...usual.network, bad: true } }, 'high', 'bad_address', 'listed-address'],
  ['guesses', { failures: { user: 5, accounts: 0 } }, 'medium', 'failure_velocity', 'fewer-failures'],
  ['spraying', { failures: { user: 0, accounts: 5 } }, 'medium', 'failure_velocity', 'fewer-failures'],
  ['a long sleep', { lastLoginAt: now - 91 * 24 * hour }, 'medium', 'dormant_account', 'recent-login'],
  ['the night', { now: now - 9 * hour }, 'medium', 'unusual_hour', 'other-hour'],
  ['a new country', { network: { ...usual.network, ...brazil } }, 'medium', 'new_country likelihood', 'network-seen×1'],
  [
    'a flight nobody could have taken',
    { network: { ...usual.network, ...brazil }, last: { ...usual.last, at: now - hour } },
    'high',
    'impossible_travel new_country likelihood',
    'more-time×12 network-seen×1',
  ],
  ['a new device', { agent: { ...usual.agent, ...otherPhone } }, 'medium', 'new_device likelihood', 'device-seen×1'],
  [
    'a stranger',
    { network: { ...usual.network, ...brazil }, agent: { ...usual.agent, ...otherPhone, user: [0, 0, 0, 0] } },
    'high',
    'new_country new_device likelihood',
    'network-seen×1 device-seen×1',
  ],
  ['nobody before', { ownLogins: 0 }, 'medium', 'no_history', 'earlier-login×1'],
  ['no address', { network: { ...usual.network, address: undefined } }, 'high', 'missing_input', 'input-sent'],
  [
    'two hints',
    { hints: { ...said, newLanguage: true, newFingerprint: true } },
    'medium',
    'new_language new_fingerprint',
    'language-seen',
  ],
  ['one hint', { hints: { ...said, newLanguage: true } }, 'low', 'new_language', ''],
  ['a device elsewhere', { hints: { ...said, awayFromAddress: 4_000 } }, 'medium', 'claimed_place', 'place-near'],
  ['no agent', { agent: { ...usual.agent, text: undefined } }, 'high', 'missing_input', 'input-sent'],
]

for (const [what, over, level, rules, remedies] of table) {
  test(`${what}: ${level}, with the reason and what would have changed it`, () => {
    // A score that is compared with less than the usual one, where it is to be found.
    const thresholds = rules.includes('likelihood') ? { ask: 0.003, high: 8 } : usual.thresholds
    const situation = { ...usual, thresholds, ...over }
    const verdict = judgeRisk(situation)
    assert.equal(verdict.level, level)
    assert.equal(verdict.findings.map((it) => it.rule).join(' '), rules)
    const told = unless(situation, {}, verdict).map(({ what: it, count }) =>
      count === undefined ? it : `${it}×${count}`,
    )
    assert.equal(told.join(' '), remedies)
  })
}

test('a tenant may switch every signal off, but not the want of history or of an input', () => {
  const rule: RiskRule = { off: signalNames }
  const stranger = { ...usual, network: { ...usual.network, ...brazil, bad: true } }
  assert.equal(judgeRisk(stranger, rule).level, 'low')
  assert.equal(judgeRisk({ ...stranger, ownLogins: 0 }, rule).level, 'medium')
  assert.equal(judgeRisk({ ...usual, agent: { ...usual.agent, text: undefined } }, rule).level, 'high')
})

test('a newer browser on the same system, and a newer system under the same browser, are no new device', () => {
  for (const user of [
    [0, 0, 20, 20],
    [0, 14, 0, 20],
  ]) {
    const found = judgeRisk({ ...usual, agent: { ...usual.agent, user } }).findings.map((it) => it.rule)
    assert.ok(!found.includes('new_device'))
  }
})

test('an unknown network is a new country unless the address is known', () => {
  const { country: _country, asn: _asn, latitude: _latitude, longitude: _longitude, ...nowhere } = usual.network
  const at = (user: number[]) => judgeRisk({ ...usual, network: { ...nowhere, user, global: [20, 0, 0] } })
  assert.equal(at([16, 0, 0]).level, 'low')
  assert.deepEqual(at([0, 0, 0]).findings[0]?.why, 'country-unknown')
})

test('from the equator to the pole it is 10,008 km, and nothing to where one is', () => {
  const equator = { latitude: 0, longitude: 10 }
  assert.equal(Math.round(distance(equator, { latitude: 90, longitude: 70 })), 10_008)
  assert.equal(Math.round(distance(equator, { latitude: 0, longitude: -80 })), 10_008)
  assert.equal(distance(equator, equator), 0)
})

test('S-101: the same situation and rule give the same verdict, whenever it is judged', () => {
  const copy = JSON.parse(JSON.stringify(usual)) as RiskSituation
  assert.deepEqual(judgeRisk(copy), judgeRisk(usual))
})

test('S-97: less of the user’s own history never lowers the level', () => {
  const order = ['low', 'medium', 'high']
  fc.assert(
    fc.property(fc.nat({ max: 20 }), fc.nat({ max: 20 }), fc.boolean(), (more, less, network) => {
      const [a, b] = [Math.max(more, less), Math.min(more, less)]
      fc.pre(b > 0)
      const level = (count: number) => {
        const some = { ...usual, thresholds: { ask: 0.0003, high: 0.01 } }
        const of = (it: readonly number[]) => it.map((most) => Math.min(most, count))
        return judgeRisk(
          network
            ? { ...some, network: { ...some.network, user: of(some.network.user) } }
            : { ...some, agent: { ...some.agent, user: of(some.agent.user) } },
        ).level
      }
      assert.ok(order.indexOf(level(b)) >= order.indexOf(level(a)))
    }),
  )
})
