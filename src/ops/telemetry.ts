import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import type { Context, Span } from '@opentelemetry/api'
import type { Observation } from '#http/server.ts'
import type { Metrics } from '#ports/metrics.ts'
import type { TraceAttributes, Tracing } from '#ports/tracing.ts'
import type { MetricsRegistry } from './metrics.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Telemetry {
  readonly tracing: Tracing
  /** The metrics, which go to the collector too from now on. */
  readonly measured: (metrics: MetricsRegistry) => MetricsRegistry
  /** Sends what is left, for at most so many ms. */
  readonly stop: (patience: number) => Promise<void>
}

/** Seconds, as the conventions for HTTP want them. */
const boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/**
 * Traces and metrics over OTLP (HTTP, protobuf), if `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector; undefined else, and
 * then no package of it is loaded. The exporters read their own settings from the environment (headers, time-outs);
 * `OTEL_SERVICE_NAME` names the service, `OTEL_TRACES_SAMPLER_ARG` is the share of traces that is kept (0 to 1).
 */
export async function openTelemetry(env: Environment): Promise<Telemetry | undefined> {
  if (!env.OTEL_EXPORTER_OTLP_ENDPOINT) return undefined
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const [api, traces, traceOut, metrics, metricOut, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-metrics-otlp-proto'),
    import('@opentelemetry/resources'),
  ])
  const resource = resources.resourceFromAttributes({
    'service.name': env.OTEL_SERVICE_NAME ?? 'polyfactor',
    'service.version': version,
    'process.pid': process.pid,
  })
  const share = Number(env.OTEL_TRACES_SAMPLER_ARG ?? 1)
  const provider = new traces.TracerProvider({
    resource,
    // A caller's own decision is not taken over: strangers would decide how much is recorded.
    sampler: new traces.TraceIdRatioBasedSampler(share >= 0 && share <= 1 ? share : 1),
    spanProcessors: [
      new traces.BatchSpanProcessor({
        exporter: new traceOut.OTLPTraceExporter(),
        scheduledDelayMillis: Number(env.OTEL_BSP_SCHEDULE_DELAY ?? 5_000),
      }),
    ],
  })
  const meters = new metrics.MeterProvider({
    resource,
    readers: [
      new metrics.PeriodicExportingMetricReader({
        exporter: new metricOut.OTLPMetricExporter(),
        exportIntervalMillis: Number(env.OTEL_METRIC_EXPORT_INTERVAL ?? 60_000),
        exportTimeoutMillis: Math.min(10_000, Number(env.OTEL_METRIC_EXPORT_INTERVAL ?? 60_000)),
      }),
    ],
  })
  const tracer = provider.getTracer('polyfactor', version)
  const current = new AsyncLocalStorage<Context>()

  function parentOf(traceparent: string | undefined): Context {
    const here = current.getStore() ?? api.ROOT_CONTEXT
    const [, traceId = '', spanId = '', flags = ''] =
      /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? []
    const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
    return api.isSpanContextValid(remote) ? api.trace.setSpanContext(here, remote) : here
  }

  const failed = (span: Span, message: string) => span.setStatus({ code: api.SpanStatusCode.ERROR, message })
  const kinds = { server: api.SpanKind.SERVER, client: api.SpanKind.CLIENT } as const

  const tracing: Tracing = {
    async span(name, attributes, work, { kind, traceparent } = {}) {
      const parent = parentOf(traceparent)
      const options = { attributes, kind: kind === undefined ? api.SpanKind.INTERNAL : kinds[kind] }
      const span = tracer.startSpan(name, options, parent)
      try {
        return await current.run(api.trace.setSpan(parent, span), () =>
          work(
            (more: TraceAttributes) => void span.setAttributes(more),
            (reason) => void failed(span, reason),
          ),
        )
      } catch (error) {
        // The kind only: messages of errors may quote what was sent.
        failed(span, error instanceof Error ? error.name : 'error')
        throw error
      } finally {
        span.end()
      }
    },
  }

  function measured(registry: MetricsRegistry): MetricsRegistry {
    const meter = meters.getMeter('polyfactor', version)
    const requests = meter.createHistogram('http.server.request.duration', {
      unit: 's',
      advice: { explicitBucketBoundaries: boundaries },
    })
    const counter = (name: string) => meter.createCounter(`polyfactor.${name}`)
    const [logins, challenges, proofs] = [counter('logins'), counter('challenges'), counter('proofs')]
    const [ratings, findings] = [counter('risk_ratings'), counter('risk_findings')]
    const [messages, receipts] = [counter('messages'), counter('message_receipts')]
    const also: Metrics & { observe(it: Observation): void } = {
      observe: ({ route, method, status, seconds }) =>
        requests.record(seconds, {
          'http.request.method': method,
          'http.route': route,
          'http.response.status_code': status,
        }),
      login: (outcome) => logins.add(1, { outcome }),
      challenge: (factor) => challenges.add(1, { factor }),
      proof: (factor, outcome) => proofs.add(1, { factor, outcome }),
      rating(level, rules, observed) {
        ratings.add(1, { level, observed })
        for (const rule of rules) findings.add(1, { rule })
      },
      message: (channel, state) => messages.add(1, { channel, state }),
      receipt: (channel, state) => receipts.add(1, { channel, state }),
    }
    const both =
      <A extends readonly unknown[]>(one: (...args: A) => void, two: (...args: A) => void) =>
      (...args: A): void => {
        one(...args)
        two(...args)
      }
    return {
      ...registry,
      observe: both(registry.observe, also.observe),
      login: both(registry.login, also.login),
      challenge: both(registry.challenge, also.challenge),
      proof: both(registry.proof, also.proof),
      rating: both(registry.rating, also.rating),
      message: both(registry.message, also.message),
      receipt: both(registry.receipt, also.receipt),
    }
  }

  return {
    tracing,
    measured,
    async stop(patience) {
      let late: NodeJS.Timeout | undefined
      const bound = new Promise((resolve) => {
        late = setTimeout(resolve, patience)
      })
      const done = Promise.allSettled([provider.shutdown(), meters.shutdown()])
      await Promise.race([done, bound]).finally(() => clearTimeout(late))
    },
  }
}
