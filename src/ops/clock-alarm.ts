import { passwordsNotAhead } from '#engine/accounts/clock-back.ts'
import { systemAudit } from '#engine/events.ts'
import type { Parts } from '#engine/parts.ts'
import type { TenantId } from '#model/ids.ts'
import type { WentBack } from './clock-watch.ts'
import type { Logger } from './log.ts'

/** Rows swept at a time, so that requests are served in between (S-170). */
const slice = 100

/**
 * What follows when the clock was moved back (S-166): everything whose end has passed is deleted, so that no session or
 * token comes to life again, and each tenant's audit trail has an event that names both times.
 */
export async function afterClockWentBack(
  {
    store,
    clock,
    random,
    endForGood,
  }: Pick<Parts, 'store' | 'clock' | 'random'> & {
    /** Writes down what is only read as over. */
    readonly endForGood: (tenant: TenantId) => Promise<void>
  },
  log: Pick<Logger, 'warn'>,
  { from, to }: WentBack,
): Promise<void> {
  const seconds = Math.round((from - to) / 1_000)
  log.warn({ ms: from - to }, 'the clock was moved back; what had expired by then stays expired')
  try {
    while ((await store.sweep(from, slice)) > 0);
    for (const tenant of await store.everyTenant()) {
      await endForGood(tenant)
      await passwordsNotAhead({ store }, tenant, to)
      const details = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), seconds }
      const event = systemAudit({ clock, random }, tenant, 'clock.moved-back', { outcome: 'failure', details })
      await store.change({}, () => ({ result: undefined, writes: [event] }))
    }
  } catch (error) {
    log.warn({ err: error }, 'what had expired could not all be cleared away')
  }
}
