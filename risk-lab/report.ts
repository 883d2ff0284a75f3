import {
  type Asked,
  evaluateRule,
  gateRate,
  judged,
  lengths,
  type Result,
  type Rule,
  rates,
  type Score,
  stoppedAt,
} from './evaluate.ts'
import { type Attacker, attackers, classes } from './population.ts'
import { published } from './published.ts'
import type { Simulated } from './simulate.ts'

export type Results = ReadonlyMap<Attacker, ReadonlyMap<number, Result>>

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const cell = (asked: Asked | undefined, least = 30): string =>
  asked === undefined || asked.users < least ? '–' : `${asked.rate.toFixed(2)} (${asked.count})`

const of = (results: Results, attacker: Attacker, rate: number) => results.get(attacker)?.get(rate)

/** Median rate and count for 12 and 39 logins, beside the published ones. */
export function beside(columns: Readonly<Record<string, Results>>): string {
  const names = Object.keys(columns)
  const head = ['attacker', 'TPR', 'published 12 / 39', ...names.map((name) => `${name} 12 / 39`)]
  const rows = attackers.flatMap((attacker) =>
    rates.map((rate) => {
      const told = published[attacker]?.[String(rate)]
      const measured = Object.values(columns).map((it) => {
        const byLength = of(it, attacker, rate)?.byLength
        return `${cell(byLength?.get(12))} / ${cell(byLength?.get(39))}`
      })
      return [attacker, String(rate), told?.map((it) => it.toFixed(2)).join(' / ') ?? '–', ...measured]
    }),
  )
  return table(head, rows)
}

/** All lengths, for all users and class by class, at the rate of the gates. */
export function byClass(results: Results): string {
  const head = ['attacker', 'users', ...lengths.map((length) => `${length} logins`)]
  const rows = attackers.flatMap((attacker) => {
    const result = of(results, attacker, gateRate)
    const line = (name: string, it: ReadonlyMap<number, Asked> | undefined) => [
      attacker,
      name,
      ...lengths.map((length) => cell(it?.get(length))),
    ]
    return [line('all', result?.byLength), ...classes.map(({ name }, at) => line(name, result?.byClass[at]))]
  })
  return table(head, rows)
}

export function ofRules(it: Simulated, rules: Readonly<Record<string, Rule>>): string {
  const head = [
    'rule',
    ...attackers.map((attacker) => `stops ${attacker}`),
    ...lengths.map((length) => `${length} logins`),
  ]
  const rows = Object.entries(rules).map(([name, rule]) => {
    const results = attackers.map((attacker) => evaluateRule(it, attacker, rule))
    const asked = lengths.map((length) => cell(results[0]?.byLength.get(length)))
    return [name, ...results.map(({ stopped }) => stopped.toFixed(3)), ...asked]
  })
  return table(head, rows)
}

export function ofGates(results: Results): string {
  const rows = judged(results).map(({ attacker, length, most, rate, pass }) => [
    attacker,
    String(length),
    `≤ ${most.toFixed(2)}`,
    rate.toFixed(3),
    pass ? 'PASS' : 'FAIL',
  ])
  return table(['attacker', 'logins', 'gate', 'measured', ''], rows)
}

/** What thresholds stop that are computed without attacks: so that a share of the users' own logins reaches them. */
export function ofShares(it: Simulated, scores: Readonly<Record<string, Score>>): string {
  const head = ['asked of own logins', 'weights', ...attackers.map((attacker) => `stops ${attacker}`)]
  const rows = [0.2, 0.1, 0.05, 0.02].flatMap((share) =>
    Object.entries(scores).map(([name, score]) => {
      const stopped = stoppedAt(it, score, share)
      return [`${share * 100} %`, name, ...attackers.map((attacker) => stopped[attacker].toFixed(3))]
    }),
  )
  return table(head, rows)
}
