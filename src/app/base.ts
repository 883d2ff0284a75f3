import { join } from 'node:path'
import type { Settings } from '#config/load.ts'
import { masterKeyProblem } from '#config/master-key.ts'
import { StartError } from '#config/problem.ts'
import { createKeyring } from '#crypto/keyring.ts'
import { createPushKeys, type PushKeys } from '#delivery/push-keys.ts'
import { createDevelopmentClock, type DevelopmentClock, sharedClock } from '#dev/clock.ts'
import { type OpenNetworks, openNetworks } from '#network/open.ts'
import { createTenantKeys, type TenantKeys } from '#oidc/keys.ts'
import { systemClock } from '#ops/clock.ts'
import { type ClockWatch, watchClock } from '#ops/clock-watch.ts'
import type { Logger } from '#ops/log.ts'
import { createMetrics, type MetricsRegistry } from '#ops/metrics.ts'
import { openTelemetry, type Telemetry } from '#ops/telemetry.ts'
import type { Keyring } from '#ports/keyring.ts'
import type { Siblings } from '#ports/siblings.ts'
import type { Store } from '#ports/store.ts'
import { expireOnce } from '#stores/one-way.ts'
import { openStore } from '#stores/open.ts'
import { rememberSettings } from '#stores/remembered.ts'
import { tracedStore } from '#stores/traced.ts'

/** What everything else is built on: time, keys, the database, and what is told of them. */
export interface Base {
  readonly settings: Settings
  readonly log: Logger
  readonly siblings: Siblings
  readonly clock: ClockWatch
  readonly developmentClock: DevelopmentClock | undefined
  readonly telemetry: Telemetry | undefined
  readonly metrics: MetricsRegistry
  readonly store: Store
  readonly networks: OpenNetworks
  readonly keyring: Keyring
  readonly keys: TenantKeys
  readonly pushKeys: PushKeys
  /** Lets go of all of it. */
  close(): Promise<void>
}

/** @throws StartError or StoreUnavailable, readable by an operator; nothing is left open then */
export async function openBase(settings: Settings, log: Logger, siblings: Siblings): Promise<Base> {
  const developmentClock = settings.development ? sharedClock(createDevelopmentClock(), siblings) : undefined
  const clock = watchClock(developmentClock ?? systemClock)
  const telemetry = await openTelemetry(process.env)
  const opened = rememberSettings(await openStore(settings.databaseUrl))
  const store = tracedStore(expireOnce(opened, clock), telemetry?.tracing)
  const networks = openNetworks({ folder: join(settings.dataDir, 'network'), log })
  const close = async (): Promise<void> => {
    clock.stop()
    networks.close()
    await Promise.all([store.close(), telemetry?.stop(2_000)])
  }
  const keyring = createKeyring(settings.masterKeys)
  const problem = await masterKeyProblem(store, keyring).catch(async (error: unknown) => {
    await close()
    throw error
  })
  if (problem) {
    await close()
    throw new StartError(problem)
  }
  return {
    settings,
    log,
    siblings,
    clock,
    developmentClock,
    telemetry,
    metrics: telemetry?.measured(createMetrics()) ?? createMetrics(),
    store,
    networks,
    keyring,
    keys: createTenantKeys({ store, keyring, clock }),
    pushKeys: createPushKeys({ store, keyring }),
    close,
  }
}
