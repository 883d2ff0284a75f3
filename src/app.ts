import { applyConfig } from '#admin/apply.ts'
import type { Settings } from '#config/load.ts'
import { openTls } from '#config/tls.ts'
import { usesRisk } from '#config/uses-risk.ts'
import { tenantInPath } from '#dialects/entra/paths.ts'
import { auditKeys } from '#engine/audit/keys.ts'
import { counted } from '#engine/counted.ts'
import { baseOf, createDirectory } from '#engine/directory.ts'
import { createEngine } from '#engine/engine.ts'
import { traced } from '#engine/traced.ts'
import { listen } from '#http/listen.ts'
import { createServer } from '#http/server.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import { systemClock } from '#ops/clock.ts'
import { afterClockWentBack } from '#ops/clock-alarm.ts'
import { createHealth } from '#ops/health.ts'
import type { Logger } from '#ops/log.ts'
import { alone, type Siblings } from '#ports/siblings.ts'
import { endForGood } from '#stores/one-way.ts'
import { type Base, openBase } from './app/base.ts'
import { routeGroups } from './app/groups.ts'
import { backgroundJobs } from './app/jobs.ts'
import { openOutgoing } from './app/outgoing.ts'
import { engineParts } from './app/parts.ts'

/** A server that runs. */
export interface Running {
  readonly httpUrl?: string
  readonly httpsUrl?: string
  /** Stops accepting, finishes what runs, leaves queued messages queued. */
  stop(): Promise<void>
}

/**
 * Introduces the rooms to each other and starts to listen; with the files of `app/` the only one that knows them all. It
 * holds no logic.
 * @throws StartError, PortProblem or StoreUnavailable, each readable by an operator; nothing is left open then
 */
export async function startServer(settings: Settings, log: Logger, siblings: Siblings = alone()): Promise<Running> {
  const base = await openBase(settings, log, siblings)
  try {
    return await run(base)
  } catch (error) {
    await base.close()
    throw error
  }
}

async function run(base: Base): Promise<Running> {
  const { settings, log, clock, store, metrics, telemetry } = base
  const { config, publicUrl } = settings
  const outgoing = await openOutgoing(base)
  const parts = engineParts(base, outgoing)
  clock.onBack(
    (back) => void afterClockWentBack({ ...parts, endForGood: (tenant) => endForGood(store, tenant) }, log, back),
  )
  await applyConfig(parts, config)
  // Something sealed from the first start on: a wrong master key shows at the next one, not after it has sealed too.
  for (const { id } of config.tenants) await auditKeys(parts, asId<TenantId>(id))
  const engine = traced(counted(createEngine(parts), metrics), telemetry?.tracing)
  const first = config.tenants[0]?.id
  const firstTenant = first === undefined ? undefined : asId<TenantId>(first)
  const directory = createDirectory(store, clock, firstTenant, tenantInPath)
  const health = createHealth({
    store,
    clock: systemClock,
    onClockDifference: (ms) => log.warn({ ms }, 'the clocks of this machine and of the database differ'),
  })
  const onBadFiles = (problem: string) => log.warn({ key: 'tls' }, `the certificate in use stays: ${problem}`)
  const tls = settings.https ? await openTls(settings, { now: systemClock.now(), onBadFiles }) : undefined
  const publicBase = (tenant: Tenant) => baseOf(publicUrl, tenant)
  const caPem = () => tls?.current().ca
  const server = await createServer({
    groups: routeGroups({ base, outgoing, engine, health, baseOf: publicBase, caPem }),
    resolveTenant: directory.tenantOf,
    baseOf: publicBase,
    originAllowed: directory.originAllowed,
    trustedProxies: config.trusted_proxies,
    log,
    observe: metrics.observe,
    tracing: telemetry?.tracing,
    hsts: !settings.development,
  })
  const https = settings.https && tls ? { ...settings.https, ...tls.current() } : undefined
  const listening = await listen(server, { http: settings.http, https })
  tls?.onChange((pair) => listening.swap(pair))
  const jobs = backgroundJobs(base, parts)
  jobs.start()
  outgoing.dispatcher.nudge()
  // Read ahead, so that the first rated login finds them; else with the first question.
  if (usesRisk(config)) void base.networks.warm()
  return {
    httpUrl: listening.httpUrl,
    httpsUrl: listening.httpsUrl,
    async stop() {
      health.stopping()
      await listening.stop()
      await Promise.all([jobs.stop(), outgoing.dispatcher.stop(2_000)])
      tls?.close()
      await base.close()
    },
  }
}
