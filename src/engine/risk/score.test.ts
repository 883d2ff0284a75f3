import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Counters,
  type FeatureCounters,
  fittedWeights,
  ratingOf,
  ratioOf,
  scoreOf,
  unseenRatio,
  weights,
} from './score.ts'

type Pair = readonly [global: readonly number[], user: readonly number[]]
const usualAgent: Pair = [
  [200, 900, 2_500, 6_000],
  [12, 14, 20, 20],
]
const usualPlace: Pair = [
  [20, 3_000, 9_000],
  [16, 18, 20],
]

const examples: readonly [string, Pair, Pair, network: number, agent: number, score: number][] = [
  ['the usual place and device', usualPlace, usualAgent, 0.213167, 0.12048, 0.025682],
  [
    'a new address in a known network',
    [
      [0, 3_000, 9_000],
      [0, 18, 20],
    ],
    usualAgent,
    0.486648,
    0.12048,
    0.058631,
  ],
  [
    'a new network in the same country',
    [
      [0, 150, 9_000],
      [0, 0, 20],
    ],
    usualAgent,
    0.945596,
    0.12048,
    0.113925,
  ],
  [
    'the usual place and a new browser',
    usualPlace,
    [
      [60, 700, 2_500, 6_000],
      [0, 0, 20, 20],
    ],
    0.213167,
    0.372769,
    0.079462,
  ],
  [
    'hosting in the country and a common agent',
    [
      [3, 40, 9_000],
      [0, 0, 20],
    ],
    [
      [300, 1_500, 2_500, 6_000],
      [0, 0, 20, 20],
    ],
    0.913787,
    0.549508,
    0.502133,
  ],
  [
    'a far country and a new type of device',
    [
      [0, 5, 40],
      [0, 0, 0],
    ],
    [
      [0, 0, 300, 3_000],
      [0, 0, 0, 0],
    ],
    4,
    4,
    16,
  ],
]

for (const [what, network, agent, rNetwork, rAgent, score] of examples) {
  test(`risk.md §1.2: ${what}`, () => {
    const it = scoreOf({
      logins: 10_000,
      users: 500,
      ownLogins: 20,
      network: { global: network[0], user: network[1], distinct: 50 + 20 + 1 },
      agent: { global: agent[0], user: agent[1], distinct: 120 + 40 + 4 + 1 },
    })
    assert(it !== undefined)
    assert.equal(it.network.toFixed(6), rNetwork.toFixed(6))
    assert.equal(it.agent.toFixed(6), rAgent.toFixed(6))
    assert.equal(it.score.toFixed(6), score.toFixed(6))
  })
}

test('S-100: without a history of the user, or of anybody, there is no score', () => {
  const nothing: FeatureCounters = { global: [], user: [], distinct: 1 }
  const some: Counters = { logins: 5, users: 2, ownLogins: 1, network: nothing, agent: nothing }
  assert.notEqual(scoreOf(some), undefined)
  for (const without of ['logins', 'users', 'ownLogins'] as const) {
    assert.equal(scoreOf({ ...some, [without]: 0 }), undefined)
  }
})

/** A feature as it can be counted: the user's share never exceeds everybody's, a finer level never a coarser one. */
const feature = (levels: number) =>
  fc
    .record({
      own: fc.array(fc.nat({ max: 40 }), { minLength: levels, maxLength: levels }),
      others: fc.array(fc.nat({ max: 5_000 }), { minLength: levels, maxLength: levels }),
      distinct: fc.integer({ min: 1, max: 500 }),
    })
    .map(({ own, others, distinct }): FeatureCounters => {
      const up = (counts: readonly number[]) => counts.toSorted((a, b) => a - b)
      const user = up(own)
      return { user, global: up(others).map((count, level) => count + (user[level] ?? 0)), distinct }
    })

const counters: fc.Arbitrary<Counters> = fc
  .record({
    network: feature(weights.network.length),
    agent: feature(weights.agent.length),
    users: fc.integer({ min: 1, max: 1_000 }),
    extra: fc.nat({ max: 20 }),
    more: fc.nat({ max: 10_000 }),
  })
  .map(({ network, agent, users, extra, more }) => {
    const last = (it: readonly number[]) => it.at(-1) ?? 0
    const ownLogins = Math.max(last(network.user), last(agent.user), 1) + extra
    return {
      network,
      agent,
      users,
      ownLogins,
      logins: Math.max(last(network.global), last(agent.global), ownLogins) + more,
    }
  })

const features = ['network', 'agent'] as const
const shown = (it: Counters, which: (typeof features)[number], level: number, by: number): Counters => ({
  ...it,
  [which]: { ...it[which], user: it[which].user.map((count, at) => (at === level ? count + by : count)) },
})

test('the weights that rate logins are weights: above zero, of the levels there are, and each feature’s sum is 1', () => {
  for (const feature of features) {
    assert.equal(fittedWeights[feature].length, weights[feature].length)
    assert.ok(fittedWeights[feature].every((weight) => weight > 0))
    assert.ok(Math.abs(fittedWeights[feature].reduce((sum, weight) => sum + weight, 0) - 1) < 1e-9)
  }
})

test('logins are rated by the fitted weights, and not by the published ones', () => {
  const it: Counters = {
    logins: 10_000,
    users: 500,
    ownLogins: 20,
    network: { global: usualPlace[0], user: usualPlace[1], distinct: 71 },
    agent: { global: usualAgent[0], user: usualAgent[1], distinct: 165 },
  }
  assert.deepEqual(ratingOf(it), scoreOf(it, fittedWeights))
  assert.equal(ratingOf(it)?.score.toFixed(6), '0.000237')
})

for (const [name, levels] of Object.entries({ published: weights, fitted: fittedWeights })) {
  const score = (it: Counters): number => scoreOf(it, levels)?.score ?? Number.NaN

  test(`risk.md §1.5, ${name} weights: more of the user’s own history with a value never raises its score, and less never lowers it`, () => {
    const which = fc.constantFrom(...features)
    fc.assert(
      fc.property(counters, which, fc.nat({ max: 3 }), fc.integer({ min: 1, max: 20 }), (it, feature, level, by) => {
        // A value never shown has the fixed ratio, which is not on the scale of the others.
        fc.pre(it[feature].user.some((count) => count > 0))
        const before = score(it)
        const after = score(shown(it, feature, level, by))
        assert.ok(after <= before * (1 + 1e-12), `${after} > ${before}`)
      }),
    )
  })

  test(`risk.md §1.5, ${name} weights: a value unknown at all levels is 4, whatever everybody else shows`, () => {
    fc.assert(
      fc.property(counters, fc.constantFrom(...features), (it, feature) => {
        const unknown = { ...it[feature], user: it[feature].user.map(() => 0) }
        assert.equal(ratioOf(unknown, levels[feature], it.logins, it.ownLogins), unseenRatio)
      }),
    )
  })

  test(`risk.md §1.1, ${name} weights: a rarer value among everybody never raises the score, and the score is a finite number above zero`, () => {
    fc.assert(
      fc.property(counters, fc.constantFrom(...features), fc.nat({ max: 3 }), (it, feature, level) => {
        const rarer = it[feature].global.map((count, at) => (at === level ? Math.floor(count / 2) : count))
        const before = score(it)
        const after = score({ ...it, [feature]: { ...it[feature], global: rarer } })
        assert.ok(after > 0 && Number.isFinite(before) && after <= before * (1 + 1e-12))
      }),
    )
  })
}
