import type { TenantId } from '#model/ids.ts'
import { type Decision, row } from '#ports/store.ts'
import { waitSeconds } from '../ladder.ts'
import type { Parts } from '../parts.ts'
import { figuresOf, guardTimes } from './figures.ts'
import { charged, overCeiling } from './ledger.ts'
import { countedOf, countryRows, keepRow, memoryOf, stopId, tenantRow } from './rows.ts'
import { dayWait, oneMoreToday } from './windows.ts'

/**
 * Whether a notice may leave to a phone now; one that may is counted. Notices follow an event of an account and answer
 * to nobody's wish, so stops, ceilings and daily budgets hold for them, but not the budgets of those who ask: a
 * warning must not fail to come because somebody has used a number up. `to` in E.164. Rejects when it cannot tell (S-78).
 */
export async function noticeMayLeave(
  { store, clock }: Pick<Parts, 'store' | 'clock'>,
  tenantId: TenantId,
  to: string,
): Promise<boolean> {
  const tenant = await store.get('tenants', tenantId, tenantId)
  if (tenant === undefined) return false
  const figures = figuresOf(tenant)
  if (figures === undefined) return true
  const { prefix, country } = countedOf(to)
  const of = (id: string) => row('budgets', tenantId, id)
  const refs = {
    prefixStop: of(stopId(prefix)),
    countryStop: of(stopId(country)),
    country: of(`${countryRows}${country}`),
    tenant: of(tenantRow),
  }
  return await store.change(refs, (found): Decision<boolean> => {
    const now = clock.now()
    const [ledger, all] = [memoryOf(found.country), memoryOf(found.tenant)]
    const held =
      waitSeconds(found.prefixStop, now, Number.POSITIVE_INFINITY) > 0 ||
      waitSeconds(found.countryStop, now, Number.POSITIVE_INFINITY) > 0 ||
      overCeiling(ledger, figures, country, now) ||
      dayWait(ledger, figures.perCountryDay, now) > 0 ||
      dayWait(all, figures.perTenantDay, now) > 0
    if (held) return { result: false }
    const counted = { ...ledger, ...oneMoreToday(ledger, now), ...charged(ledger, figures, country, now) }
    const keep = 62 * guardTimes.day
    return {
      result: true,
      writes: [
        keepRow(refs.country, counted, now, keep),
        keepRow(refs.tenant, { ...all, ...oneMoreToday(all, now) }, now, keep),
      ],
    }
  })
}
