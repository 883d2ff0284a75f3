import { adminGroup } from '#admin/group.ts'
import { tokenDigest } from '#crypto/digest.ts'
import { systemRandom } from '#crypto/random.ts'
import { developmentGroup } from '#dev/routes.ts'
import { auth0Groups } from '#dialects/auth0/routes.ts'
import { cidaasGroups } from '#dialects/cidaas/routes.ts'
import { entraGroups } from '#dialects/entra/routes.ts'
import { hostedGroups } from '#dialects/hosted/routes.ts'
import type { Engine } from '#engine/engine.ts'
import type { RouteGroup } from '#http/route.ts'
import type { TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import { createOidc } from '#oidc/routes.ts'
import type { Health } from '#ops/health.ts'
import { everybodysMetrics } from '#ops/metrics.ts'
import { receiptsGroup, receiptUrlOf } from '#ops/receipts.ts'
import { operationsGroup } from '#ops/routes.ts'
import type { Base } from './base.ts'
import type { Outgoing } from './outgoing.ts'

export interface GroupsParts {
  readonly base: Base
  readonly outgoing: Outgoing
  readonly engine: Engine
  readonly health: Health
  readonly baseOf: (tenant: Tenant) => string
  /** The certificate authority of the development server; undefined without one. */
  readonly caPem: () => string | undefined
}

/** Every route there is. */
export function routeGroups({ base, outgoing, engine, health, baseOf, caPem }: GroupsParts): readonly RouteGroup[] {
  const { settings, log, store, keyring, clock, keys, metrics, siblings, developmentClock } = base
  const { development } = settings
  const { parts, check } = engine
  const onFault = (error: Error) => log.error({ err: error }, 'the provider failed')
  const oidc = createOidc({
    store,
    keyring,
    clock,
    keys,
    random: systemRandom,
    check,
    nudge: parts.nudge,
    onFault,
  })
  const adminTokenDigest = tokenDigest(settings.adminToken)
  // In development alerts stop at the outbox unless a push service is configured; browsers may subscribe all the same.
  const alerts = parts.channels.has('push')
  const pushKey = async (tenant: TenantId) => (alerts ? (await base.pushKeys.of(tenant)).publicKey : undefined)
  return [
    ...entraGroups({ engine, keys, adminTokenDigest }),
    ...auth0Groups({ engine, keys, oidc }),
    ...cidaasGroups({ engine, keys, oidc }),
    ...hostedGroups({ engine, oidc, pushKey }),
    adminGroup({ parts, keys, baseOf, adminTokenDigest, development, log }),
    operationsGroup({ health, metrics: { ...metrics, text: everybodysMetrics(metrics, siblings) } }),
    receiptsGroup({ receive: outgoing.dispatcher.receive, urlOf: receiptUrlOf(settings.publicUrl) }),
    ...(developmentClock
      ? [
          developmentGroup({
            store,
            keyring,
            clock: { ...developmentClock, now: clock.now },
            settle: outgoing.dispatcher.settle,
            caPem: async () => caPem(),
          }),
        ]
      : []),
  ]
}
