import { join } from 'node:path'
import { applyConfig } from '#admin/apply.ts'
import { adminGroup } from '#admin/group.ts'
import type { Settings } from '#config/load.ts'
import { masterKeyProblem } from '#config/master-key.ts'
import { StartError } from '#config/problem.ts'
import { openTls } from '#config/tls.ts'
import { usesRisk } from '#config/uses-risk.ts'
import { tokenDigest } from '#crypto/digest.ts'
import { createKeyring } from '#crypto/keyring.ts'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { systemRandom } from '#crypto/random.ts'
import { createDispatcher } from '#delivery/dispatcher.ts'
import { numberFactsSource } from '#delivery/number-facts.ts'
import { openChannels } from '#delivery/open.ts'
import { targetRule } from '#delivery/private-targets.ts'
import { createPushKeys } from '#delivery/push-keys.ts'
import { tracedChannels } from '#delivery/traced.ts'
import { createWebhookSender } from '#delivery/webhook-sender.ts'
import { createDevelopmentClock, sharedClock } from '#dev/clock.ts'
import { developmentGroup } from '#dev/routes.ts'
import { auth0Groups } from '#dialects/auth0/routes.ts'
import { cidaasGroups } from '#dialects/cidaas/routes.ts'
import { tenantInPath } from '#dialects/entra/paths.ts'
import { entraGroups } from '#dialects/entra/routes.ts'
import { hostedGroups } from '#dialects/hosted/routes.ts'
import { forgetAlert } from '#engine/approvals/devices.ts'
import { linkEverywhere, retainEverywhere, somethingToLink } from '#engine/audit/everywhere.ts'
import { counted } from '#engine/counted.ts'
import { baseOf, createDirectory } from '#engine/directory.ts'
import { createEngine } from '#engine/engine.ts'
import { noticeMayLeave } from '#engine/phone-guard/notice.ts'
import { reseal, resealDue } from '#engine/reseal.ts'
import { calibrateDue, dueForCalibration } from '#engine/risk/calibrate.ts'
import { traced } from '#engine/traced.ts'
import { callsFor } from '#engine/webhooks/fan-out.ts'
import { secretsOf } from '#engine/webhooks/secrets.ts'
import { factorMap } from '#factors/index.ts'
import { listen } from '#http/listen.ts'
import { createServer } from '#http/server.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { Message } from '#model/message.ts'
import type { Tenant } from '#model/tenant.ts'
import { openNetworks } from '#network/open.ts'
import { logoutDelivery } from '#oidc/back-channel.ts'
import { createTenantKeys } from '#oidc/keys.ts'
import { createOidc } from '#oidc/routes.ts'
import { systemClock } from '#ops/clock.ts'
import { afterClockWentBack } from '#ops/clock-alarm.ts'
import { watchClock } from '#ops/clock-watch.ts'
import { createHealth } from '#ops/health.ts'
import type { Logger } from '#ops/log.ts'
import { createMetrics, everybodysMetrics } from '#ops/metrics.ts'
import { receiptsGroup, receiptUrlOf } from '#ops/receipts.ts'
import { operationsGroup } from '#ops/routes.ts'
import { openTelemetry } from '#ops/telemetry.ts'
import { alone, type Siblings } from '#ports/siblings.ts'
import { createJob } from '#stores/job.ts'
import { createLease } from '#stores/lease.ts'
import { expireOnce } from '#stores/one-way.ts'
import { openStore } from '#stores/open.ts'
import { rememberSettings } from '#stores/remembered.ts'
import { createSweeper } from '#stores/sweeper.ts'
import { tracedStore } from '#stores/traced.ts'

/** A server that runs. */
export interface Running {
  readonly httpUrl?: string
  readonly httpsUrl?: string
  /** Stops accepting, finishes what runs, leaves queued messages queued. */
  stop(): Promise<void>
}

/** In development the outbox stands in for every channel that is not configured. */
const messageChannels = ['sms', 'voice', 'email', 'push'] as const

/** Where webhooks may lead to in development. */
const thisMachine = ['127.0.0.0/8', '::1/128']

/** How often dead rows are swept, ms. */
const sweepEvery = 60_000
/** How often audit events are looked for that wait for their place in the chain, and old ones to be taken away; ms. */
const linkEvery = 1_000
const retainEvery = 3_600_000
/** After a new master key: how often it is gone on with what older ones have sealed, and for how long at a time; ms. */
const resealEvery = 2_000
const resealFor = 1_000

/**
 * Introduces the rooms to each other and starts to listen. The only file that knows them all; it holds no logic.
 * @throws StartError, PortProblem or StoreUnavailable, each readable by an operator; nothing is left open then
 */
export async function startServer(settings: Settings, log: Logger, siblings: Siblings = alone()): Promise<Running> {
  const { config, development, publicUrl } = settings
  const developmentClock = development ? sharedClock(createDevelopmentClock(), siblings) : undefined
  const clock = watchClock(developmentClock ?? systemClock)
  const telemetry = await openTelemetry(process.env)
  const plain = expireOnce(rememberSettings(await openStore(settings.databaseUrl)), clock.wentBack)
  const store = tracedStore(plain, telemetry?.tracing)
  const networks = openNetworks({ folder: join(settings.dataDir, 'network'), log })
  try {
    const keyring = createKeyring(settings.masterKeys)
    const problem = await masterKeyProblem(store, keyring)
    if (problem) throw new StartError(problem)
    const metrics = telemetry?.measured(createMetrics()) ?? createMetrics()
    const pushKeys = createPushKeys({ store, keyring })
    const keys = createTenantKeys({ store, keyring, clock })
    const outward = await openChannels(config.delivery ?? {}, clock, pushKeys)
    const channels = tracedChannels(
      new Map([...outward, ['logout' as const, logoutDelivery({ store, keys, clock })]]),
      telemetry?.tracing,
    )
    const mayLeave = (tenant: TenantId, to: string) => noticeMayLeave({ store, clock }, tenant, to)
    const gone = ({ tenant, challenge = '' }: Message, to: string) =>
      forgetAlert({ store, keyring }, tenant, challenge, to)
    const statusUrl = isPublic(publicUrl) ? receiptUrlOf(publicUrl) : undefined
    const posted = { store, clock, keyring, channels, log, keepSent: development, metrics, mayLeave, statusUrl, gone }
    const dispatcher = createDispatcher(posted)
    const parts = {
      store,
      clock,
      random: systemRandom,
      keyring,
      passwords: createPasswordHasher(),
      factors: factorMap(),
      channels: new Set<string>(development ? messageChannels : outward.keys()),
      nudge: () => dispatcher.nudge(),
      addressExempt: (address: string) => development && isLoopback(address),
      networks,
      ...(config.number_check === undefined
        ? {}
        : { numberFacts: numberFactsSource(config.number_check, { clock, random: systemRandom }) }),
    }
    clock.onBack((back) => void afterClockWentBack(parts, log, back))
    await applyConfig(parts, config)
    const engine = traced(counted(createEngine(parts), metrics), telemetry?.tracing)
    const first = config.tenants[0]?.id
    const directory = createDirectory(
      store,
      clock,
      first === undefined ? undefined : asId<TenantId>(first),
      tenantInPath,
    )
    const onFault = (error: Error) => log.error({ err: error }, 'the provider failed')
    const { check } = engine
    const { nudge } = parts
    const oidc = createOidc({ store, keyring, clock, keys, random: systemRandom, check, nudge, onFault })
    const health = createHealth({
      store,
      clock: systemClock,
      onClockDifference: (ms) => log.warn({ ms }, 'the clocks of this machine and of the database differ'),
    })
    const tls = settings.https ? await openTls(settings, { now: systemClock.now() }) : undefined
    // In development alerts stop at the outbox unless a push service is configured; browsers may subscribe all the same.
    const alerts = parts.channels.has('push')
    const pushKey = async (tenant: TenantId) => (alerts ? (await pushKeys.of(tenant)).publicKey : undefined)
    const publicBase = (tenant: Tenant) => baseOf(publicUrl, tenant)
    const server = await createServer({
      groups: [
        ...entraGroups({ engine, keys, adminTokenDigest: tokenDigest(settings.adminToken) }),
        ...auth0Groups({ engine, keys, oidc }),
        ...cidaasGroups({ engine, keys, oidc }),
        ...hostedGroups({ engine, oidc, pushKey }),
        adminGroup({
          parts,
          keys,
          baseOf: publicBase,
          adminTokenDigest: tokenDigest(settings.adminToken),
          development,
          log,
        }),
        operationsGroup({ health, metrics: { ...metrics, text: everybodysMetrics(metrics, siblings) } }),
        receiptsGroup({ receive: dispatcher.receive, urlOf: receiptUrlOf(publicUrl) }),
        ...(developmentClock
          ? [
              developmentGroup({
                store,
                keyring,
                clock: { ...developmentClock, now: clock.now },
                settle: dispatcher.settle,
                caPem: async () => tls?.current().ca,
              }),
            ]
          : []),
      ],
      resolveTenant: directory.tenantOf,
      baseOf: publicBase,
      originAllowed: directory.originAllowed,
      trustedProxies: config.trusted_proxies,
      log,
      observe: metrics.observe,
      tracing: telemetry?.tracing,
      hsts: !development,
    })
    const https = settings.https && tls ? { ...settings.https, ...tls.current() } : undefined
    const listening = await listen(server, { http: settings.http, https })
    tls?.onChange((pair) => listening.swap(pair))
    const sweeper = createSweeper({
      store,
      clock,
      lease: createLease({ store, clock, name: 'sweep', holder: systemRandom.token(), lastsMs: 2 * sweepEvery }),
      everyMs: sweepEvery,
      onError: (error) => log.warn({ err: error }, 'sweeping failed'),
    })
    sweeper.start()
    const jobOf = (name: string, everyMs: number, leaseMs: number) => ({
      everyMs,
      leaseMs,
      lease: createLease({ store, clock, name, holder: systemRandom.token(), lastsMs: leaseMs }),
      onError: (error: unknown) => log.warn({ err: error }, `${name} failed`),
    })
    const webhooks = createWebhookSender({
      store,
      clock,
      log,
      // In development receivers run on the machine itself.
      target: targetRule([...config.webhooks.allowed_private, ...(development ? thisMachine : [])]),
      secretsOf: (webhook, now) => secretsOf({ keyring }, webhook, now),
      plainLoopback: development,
    })
    const onLinked = (tenant: TenantId, ids: readonly string[]) => callsFor({ store, clock }, tenant, ids)
    const chain = { store, keyring, clock, onLinked }
    const jobs = [
      createJob({
        ...jobOf('audit-chain', linkEvery, 20_000),
        due: () => somethingToLink(chain),
        async work() {
          await linkEverywhere(chain)
          webhooks.nudge()
        },
      }),
      createJob({
        ...jobOf('reseal', resealEvery, 120_000),
        due: () => resealDue(chain),
        async work() {
          const until = performance.now() + resealFor
          await reseal(chain, { enough: () => performance.now() > until })
        },
      }),
      createJob({
        ...jobOf('audit-retention', retainEvery, retainEvery / 2),
        due: async () => true,
        work: () => retainEverywhere(chain),
      }),
      // Once a day for each tenant, by the clock; looked for every minute, so that the development clock moves it.
      createJob({
        ...jobOf('risk-thresholds', sweepEvery, 2 * sweepEvery),
        due: async () => (await dueForCalibration(parts)).length > 0,
        work: () => calibrateDue(parts),
      }),
    ]
    for (const job of jobs) job.start()
    dispatcher.nudge()
    // Read ahead, so that the first rated login finds them; else with the first question.
    if (usesRisk(config)) void networks.warm()
    return {
      httpUrl: listening.httpUrl,
      httpsUrl: listening.httpsUrl,
      async stop() {
        health.stopping()
        clock.stop()
        await listening.stop()
        await Promise.all([sweeper.stop(), dispatcher.stop(2_000), ...jobs.map((job) => job.stop())])
        await webhooks.stop()
        tls?.close()
        networks.close()
        await Promise.all([store.close(), telemetry?.stop(2_000)])
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** In development everything comes from the machine itself and shares no address budget. */
const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

/** Whether providers out there can reach an address: they refuse messages whose reports would go nowhere. */
const isPublic = (url: string): boolean => !/^(localhost|127\.|\[::1\])/.test(new URL(url).host)
