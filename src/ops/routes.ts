import type { RouteGroup } from '#http/route.ts'
import { refusePlainly } from '#http/server.ts'
import type { Health } from './health.ts'
import type { MetricsRegistry } from './metrics.ts'

/**
 * `/livez`, `/readyz` and `/metrics` (operating.md section 4). `/livez` asks nothing but the event loop, so that a
 * database that is away does not get the process killed.
 */
export function operationsGroup({ health, metrics }: { health: Health; metrics: MetricsRegistry }): RouteGroup {
  return {
    name: 'operations',
    tenantless: true,
    refuse: refusePlainly,
    routes: [
      { method: 'GET', path: '/livez', handle: async () => ({ status: 200, body: { status: 'ok' } }) },
      {
        method: 'GET',
        path: '/readyz',
        handle: async () => {
          const { ready, checks } = await health.readiness()
          const body = { status: ready ? 'ok' : 'unavailable', checks }
          return ready ? { status: 200, body } : { status: 503, headers: { 'retry-after': '1' }, body }
        },
      },
      {
        method: 'GET',
        path: '/metrics',
        handle: async () => ({
          status: 200,
          headers: { 'content-type': metrics.contentType },
          body: await metrics.text(),
        }),
      },
    ],
  }
}
