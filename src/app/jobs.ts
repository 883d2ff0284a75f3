import { systemRandom } from '#crypto/random.ts'
import { targetRule } from '#delivery/private-targets.ts'
import { createWebhookSender } from '#delivery/webhook-sender.ts'
import { linkEverywhere, retainEverywhere, somethingToLink } from '#engine/audit/everywhere.ts'
import type { Parts } from '#engine/parts.ts'
import { reseal, resealDue } from '#engine/reseal.ts'
import { calibrateDue, dueForCalibration } from '#engine/risk/calibrate.ts'
import { callsFor } from '#engine/webhooks/fan-out.ts'
import { secretsOf } from '#engine/webhooks/secrets.ts'
import type { TenantId } from '#model/ids.ts'
import { createJob } from '#stores/job.ts'
import { createLease } from '#stores/lease.ts'
import { createSweeper } from '#stores/sweeper.ts'
import type { Base } from './base.ts'

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

/** Work beside the requests; of several processes one does each kind. */
export interface Jobs {
  start(): void
  stop(): Promise<void>
}

export function backgroundJobs(base: Base, parts: Parts): Jobs {
  const { settings, store, clock, keyring, log } = base
  const leaseOf = (name: string, lastsMs: number) =>
    createLease({ store, clock, name, holder: systemRandom.token(), lastsMs })
  const jobOf = (name: string, everyMs: number, leaseMs: number) => ({
    everyMs,
    leaseMs,
    lease: leaseOf(name, leaseMs),
    onError: (error: unknown) => log.warn({ err: error }, `${name} failed`),
  })
  const sweeper = createSweeper({
    store,
    clock,
    lease: leaseOf('sweep', 2 * sweepEvery),
    everyMs: sweepEvery,
    onError: (error) => log.warn({ err: error }, 'sweeping failed'),
  })
  const webhooks = createWebhookSender({
    store,
    clock,
    log,
    // In development receivers run on the machine itself.
    target: targetRule([...settings.config.webhooks.allowed_private, ...(settings.development ? thisMachine : [])]),
    secretsOf: (webhook, now) => secretsOf({ keyring }, webhook, now),
    plainLoopback: settings.development,
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
  return {
    start() {
      sweeper.start()
      for (const job of jobs) job.start()
    },
    async stop() {
      await Promise.all([sweeper.stop(), ...jobs.map((job) => job.stop())])
      await webhooks.stop()
    },
  }
}
