import type { Case, Measured, Round } from './measure.ts'
import { type Target, type Trace, targets } from './plan.ts'

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

const of = (rounds: readonly Round[], key: keyof Round): number => median(rounds.map((it) => it[key]))

/** The ratio of two rates, round by round since those ran side by side; the median of them. */
export function ratio(measured: Measured, target: Target, to: Target): number {
  const others = measured.rounds[to]
  return median(measured.rounds[target].map((it, i) => it.rate / (others[i]?.rate ?? Number.NaN)))
}

/** What a request touches, in a line. */
export function traceLine({ steps, tokens }: Trace): string {
  const reads = steps.flatMap((step) => ('found' in step ? step.found : [])).length
  const changes = steps.flatMap((step) => (step.do === 'change' && step.writes.length > 0 ? [step.writes.length] : []))
  const hashes = steps.filter((step) => step.do === 'hash').length
  const writes = changes.reduce((sum, it) => sum + it, 0)
  return [
    `${reads} reads`,
    `${writes} rows written in ${changes.length} commit${changes.length === 1 ? '' : 's'}`,
    ...(tokens.length > 0
      ? [`${tokens.length} signatures (${[...new Set(tokens.map((it) => it.alg))].join(', ')})`]
      : []),
    ...(hashes > 0 ? [`${hashes} Argon2id`] : []),
  ].join(', ')
}

const columns = [
  ['', 14],
  ['req/s', 8],
  ['p50 ms', 8],
  ['p99 ms', 8],
  ['CPU µs/req', 12],
  ['rounds req/s', 22],
] as const

const line = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(columns[0][1]) : cell.padStart(columns[i]?.[1] ?? 0))).join('')

/** The table of one operation. */
export function table(it: Case, measured: Measured): string {
  const rows = targets.map((target) => {
    const rounds = measured.rounds[target]
    return line([
      target,
      of(rounds, 'rate').toFixed(0),
      of(rounds, 'p50').toFixed(1),
      of(rounds, 'p99').toFixed(1),
      of(rounds, 'cpu').toFixed(0),
      rounds.map((round) => round.rate.toFixed(0)).join(' '),
    ])
  })
  const busiest = Math.max(...targets.flatMap((target) => measured.rounds[target].map((round) => round.busy)))
  const times = (target: Target) => ratio(measured, 'polyfactor', target).toFixed(2)
  return [
    `── ${it.title}${it.connections === undefined ? '' : `, ${it.connections} connections`}`,
    `   ${traceLine(measured.trace)}`,
    line(columns.map(([name]) => name)),
    ...rows,
    `   polyfactor / bare ${times('bare')}   polyfactor / oidc-provider ${times('oidc-provider')}` +
      `   load generator at most ${(busiest * 100).toFixed(0)} % of a core`,
    ...(busiest > 0.85 ? ['   the load generator was the bottleneck: take these figures as lower bounds'] : []),
  ].join('\n')
}
