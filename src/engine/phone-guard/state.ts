import type { Budget } from '#model/budget.ts'
import type { TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import { type Decision, remove, row, type Store, type Write } from '#ports/store.ts'
import { amountFor, figuresOf } from './figures.ts'
import { messagesThisMonth, spentThisMonth } from './ledger.ts'
import { countryRows, memoryOf, type Scope, stopId, stopRows, tenantRow } from './rows.ts'
import { sentToday } from './windows.ts'

/** A range or country nothing is sent to, because too few codes came back. Moments in epoch ms. */
export interface Stop {
  readonly scope: Scope
  /** Beginning of the numbers, or ISO 3166 country. */
  readonly of: string
  readonly since: number
  readonly until: number
  readonly sent: number
  readonly answered: number
}

/** What went to a country; amounts in the operator's currency. */
export interface LedgerLine {
  readonly country: string
  readonly today: number
  readonly messages: number
  readonly spent: number
  readonly ceiling?: number
}

export interface GuardState {
  readonly enabled: boolean
  readonly today: number
  readonly stops: readonly Stop[]
  readonly countries: readonly LedgerLine[]
}

/** What the guard of a tenant holds back and has let through. */
export async function guardState(store: Store, tenant: Tenant, now: number): Promise<GuardState> {
  const [stops, countries, all] = await Promise.all([
    under(store, tenant.id, stopRows),
    under(store, tenant.id, countryRows),
    store.get('budgets', tenant.id, tenantRow),
  ])
  const ceilings = figuresOf(tenant)?.monthlyCeilings ?? {}
  return {
    enabled: figuresOf(tenant) !== undefined,
    today: sentToday(memoryOf(all), now),
    stops: stops.filter((it) => (it.waitUntil ?? 0) > now).map(stopOf),
    countries: countries.map((it) => {
      const country = it.id.slice(countryRows.length)
      const memory = memoryOf(it)
      return {
        country,
        today: sentToday(memory, now),
        messages: messagesThisMonth(memory, now),
        spent: spentThisMonth(memory, now) / 1_000_000,
        ceiling: amountFor(ceilings, country),
      }
    }),
  }
}

function stopOf({ memory, at, waitUntil }: Budget): Stop {
  const { scope, of, sent, answered } = memory as unknown as Pick<Stop, 'scope' | 'of' | 'sent' | 'answered'>
  return { scope, of, sent, answered, since: at, until: waitUntil ?? at }
}

/** All rows whose id begins so; ids sort. */
async function under(store: Store, tenant: TenantId, start: string): Promise<readonly Budget[]> {
  const found: Budget[] = []
  for (let after = start; ; ) {
    const page = await store.list('budgets', tenant, { after, limit: 500 })
    const here = page.filter((it) => it.id.startsWith(start))
    found.push(...here)
    const last = here.at(-1)
    if (here.length < 500 || last === undefined) return found
    after = last.id
  }
}

/** Ends a stop before its time, together with the audit row of whoever does; false: there is none. */
export async function liftStop(
  store: Store,
  { tenant, of, now, event }: { tenant: TenantId; of: string; now: number; event: Write },
): Promise<boolean> {
  return await store.change({ stop: row('budgets', tenant, stopId(of)) }, ({ stop }): Decision<boolean> => {
    if (stop === undefined || (stop.waitUntil ?? 0) <= now) return { result: false }
    return { result: true, writes: [remove('budgets', tenant, stop.id), event] }
  })
}
