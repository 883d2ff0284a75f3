import { AggregatorRegistry, Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { Observation } from '#http/server.ts'
import type { Metrics } from '#ports/metrics.ts'
import type { Siblings } from '#ports/siblings.ts'

/** Seconds; dense where a lean flow step lies (about 1 ms) and where a password hash lies (25 ms). */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface MetricsRegistry extends Metrics {
  /** For `createServer`. */
  readonly observe: (observation: Observation) => void
  /** Prometheus text exposition format 0.0.4, and its content type. */
  readonly text: () => Promise<string>
  readonly contentType: string
  /** The same, for `everybodysMetrics`. */
  readonly json: () => Promise<object[]>
}

/**
 * Figures of this process: requests by route template, event loop delay and process figures, and the counters of the
 * `Metrics` port. Label values that are not one of ours become `other` after the first 64, as a last net.
 * @param options.process false leaves out event loop and process figures, whose timers a test does not need
 */
export function createMetrics(options: { readonly process?: boolean } = {}): MetricsRegistry {
  const registry = new Registry()
  const registers = [registry]
  if (options.process !== false) collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'polyfactor_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer',
    labelNames: ['group', 'route', 'method', 'status'],
    buckets,
    registers,
  })
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `polyfactor_${name}_total`, help, labelNames, registers })
  const logins = counter('logins', 'First-factor logins by outcome', ['outcome'])
  const challenges = counter('challenges', 'Challenges started by factor', ['factor'])
  const proofs = counter('proofs', 'Proofs by factor and outcome', ['factor', 'outcome'])
  const ratings = counter('risk_ratings', 'Logins by how they were rated; observed: nobody was asked for it', [
    'level',
    'observed',
  ])
  const findings = counter('risk_findings', 'What was found odd about logins that were rated', ['rule'])
  const messages = counter('messages', 'Messages by channel and state', ['channel', 'state'])
  const receipts = counter('message_receipts', 'Reports of providers about messages, by channel and state', [
    'channel',
    'state',
  ])
  const known = createVocabulary(64)
  return {
    observe: ({ group, route, method, status, seconds }) =>
      requests.observe({ group, route, method, status: String(status) }, seconds),
    login: (outcome) => logins.inc({ outcome }),
    challenge: (factor) => challenges.inc({ factor: known(factor) }),
    proof: (factor, outcome) => proofs.inc({ factor: known(factor), outcome }),
    rating(level, rules, observed) {
      ratings.inc({ level, observed: String(observed) })
      for (const rule of rules) findings.inc({ rule })
    },
    message: (channel, state) => messages.inc({ channel: known(channel), state }),
    receipt: (channel, state) => receipts.inc({ channel: known(channel), state }),
    text: () => registry.metrics(),
    json: () => registry.getMetricsAsJSON(),
    contentType: registry.contentType,
  }
}

/**
 * The figures of all processes of a server as one: sums, and means of what is a delay. Each process has to be made with
 * the same siblings; one that does not answer in time is left out.
 */
export function everybodysMetrics(metrics: MetricsRegistry, siblings: Siblings): () => Promise<string> {
  siblings.handle('metrics', () => metrics.json())
  return async () => {
    const all = (await siblings.everybody('metrics')).filter((it) => Array.isArray(it))
    return all.length < 2 ? metrics.text() : AggregatorRegistry.aggregate(all as object[]).metrics()
  }
}

/** Lets plain names pass until there are too many of them. */
function createVocabulary(size: number): (word: string) => string {
  const words = new Set<string>()
  return (word) => {
    if (words.has(word)) return word
    if (words.size >= size || !/^[a-z0-9_-]{1,32}$/.test(word)) return 'other'
    words.add(word)
    return word
  }
}
