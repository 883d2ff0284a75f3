import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { judgeRisk } from '#engine/risk/judge.ts'
import { type Counters, ratingOf } from '#engine/risk/score.ts'
import { engineRule, situationOf } from '../../risk-lab/engine.ts'
import {
  baselines,
  evaluateRule,
  evaluateScore,
  gateRate,
  judged,
  reached,
  type Score,
} from '../../risk-lab/evaluate.ts'
import { scoreWith } from '../../risk-lab/fit.ts'
import { type Attacker, attackers, figures, populate } from '../../risk-lab/population.ts'
import { type Simulated, simulate } from '../../risk-lab/simulate.ts'
import { starting } from '../../risk-lab/weights.ts'

const population = populate(300, 7)
let played: Simulated

before(() => {
  played = simulate(population, { longest: 38, attacks: 2, seed: 7, keep: (user) => user % 2 === 1 })
})

/** The score a verdict tells: whatever weights the engine has, these are the ones. */
const rated: Score = (counters) => ratingOf(counters)?.score

const measured = (score: Score) => judged(evaluateScore(played, score, 'by length', [gateRate]))
/** Those that are missed by more than a login of 39: with so few users one more question to one of them moves a median by that. */
const missed = (score: Score) =>
  measured(score).filter(({ length, most, rate }) => !(rate <= most + (length === 39 ? 1 / 39 : 0)))
const failing = (score: Score) => measured(score).filter(({ pass }) => !pass)

describe('the made-up population', () => {
  test('is the same for the same seed and another for another', () => {
    assert.deepEqual(populate(20, 7).logins, populate(20, 7).logins)
    assert.notDeepEqual(populate(20, 8).logins, populate(20, 7).logins)
  })

  test('has the shares that risk.md §1.5 gives it', () => {
    const { people, logins } = populate(2_000, 3)
    const share = (all: readonly unknown[], some: readonly unknown[]) => some.length / all.length
    const near = (actual: number, wanted: number, by: number) =>
      assert.ok(Math.abs(actual - wanted) <= by, `${actual} is not near ${wanted}`)
    near(
      share(
        people,
        people.filter(({ country }) => country === 0),
      ),
      figures.oneCountry,
      0.03,
    )
    near(
      share(
        people,
        people.filter(({ mobile }) => mobile !== undefined),
      ),
      figures.mobileUsers,
      0.03,
    )
    // At home, how often the address is another than the last one there.
    const last = new Map<number, number>()
    let changed = 0
    let again = 0
    for (const { user, asn, address } of logins) {
      if (people[user]?.home !== asn) continue
      const before = last.get(user)
      last.set(user, address)
      if (before === undefined) continue
      again++
      if (before !== address) changed++
    }
    near(changed / again, figures.newAddress, 0.005)
  })

  test('comes in the order of time', () => {
    assert.ok(population.logins.every(({ day }, at) => day >= (population.logins[at - 1]?.day ?? 0)))
  })
})

describe('the procedure', () => {
  test('scores each login with the past only', () => {
    const of = played.own.filter(({ user }) => user === 1)
    assert.deepEqual(
      of.map(({ history }) => history),
      of.map((_, at) => at),
    )
    assert.equal(of[0]?.counters.network.user[0], 0)
    assert.ok(of.every(({ counters, history }) => counters.ownLogins === history))
  })

  test('a threshold is the largest that stops the wanted share', () => {
    assert.equal(reached([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.8), 3)
    assert.equal(reached([1, 2, 3, 4], 1), 1)
    assert.equal(reached([], 0.9), Number.POSITIVE_INFINITY)
  })

  test('stops at least the wanted share of attacks', () => {
    for (const [attacker, results] of evaluateScore(played, rated, 'by length')) {
      for (const [rate, { stopped }] of results) assert.ok(stopped >= rate, `${attacker} ${rate}: ${stopped}`)
    }
  })

  test('what is measured is what logins are rated by', () => {
    const all = attackers.flatMap((attacker) => played.attacks[attacker]).concat(played.own)
    for (const attempt of all.slice(0, 5_000)) {
      const told = judgeRisk(situationOf(attempt, { ask: 1, high: 2 })).score
      const lab = rated(attempt.counters)
      if (told === undefined) assert.equal(lab, undefined)
      else assert.ok(Math.abs((lab ?? 0) / told - 1) < 1e-5, `${lab} is not ${told}`)
    }
  })
})

describe('risk.md §1.5, gates, on 150 of 300 users', () => {
  // The full run is npm run risk:evaluate.
  test('the score logins are rated by passes those of 12 logins, and misses none of 39 by more than a login', () => {
    assert.deepEqual(missed(rated), [])
  })

  test('the same score with the published weights misses four of the six', () => {
    assert.equal(missed(scoreWith(starting)).length, 4)
  })

  test('they beat the rules without a score: fewer questions than always, more attacks stopped than by country and device', () => {
    const result = (attacker: Attacker) =>
      evaluateScore(played, rated, 'by length', [gateRate]).get(attacker)?.get(gateRate)
    for (const attacker of ['naive', 'VPN', 'targeted'] as const) {
      const asked = result(attacker)?.byLength.get(12)?.mean ?? 1
      const newAddress = evaluateRule(played, attacker, baselines['any new address'] ?? (() => true))
      assert.ok(asked < 0.5)
      assert.ok(asked <= (newAddress.byLength.get(12)?.mean ?? 0) + 0.005, `${attacker}: ${asked}`)
      const simple = evaluateRule(played, attacker, baselines['new country or new device'] ?? (() => false))
      assert.ok((result(attacker)?.stopped ?? 0) > simple.stopped || attacker === 'naive')
    }
  })

  const broken: readonly [what: string, score: Score][] = [
    ['scores everybody alike', () => 1],
    ['scores those without history lowest', (it: Counters) => (it.ownLogins < 6 ? 0 : rated(it))],
    [
      'forgets the user’s own history (risk.md §1.4)',
      ({ network, agent, ...it }: Counters) =>
        rated({
          ...it,
          network: { ...network, user: network.global },
          agent: { ...agent, user: agent.global },
        }),
    ],
  ]
  for (const [what, score] of broken) {
    test(`a score that ${what} fails them`, () => assert.notDeepEqual(failing(score), []))
  }
})

test('the engine as a whole, calibrated by its users alone, stops all four kinds and asks the median user at most 3 of 12 times', () => {
  const rule = engineRule(played)
  for (const attacker of attackers) {
    const { stopped, byLength } = evaluateRule(played, attacker, rule)
    assert.ok(stopped >= 0.98, `${attacker}: ${stopped}`)
    assert.ok((byLength.get(12)?.count ?? 12) <= 3)
  }
})
