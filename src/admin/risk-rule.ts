import type { TenantConfig } from '#config/schema.ts'
import type { RiskRule } from '#model/risk.ts'

type Words = NonNullable<TenantConfig['risk']>

const onHigh = { strong_factor: 'strong-factor', refuse: 'refuse' } as const

const present = <T extends object>(it: T): { readonly [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(it).filter(([, value]) => value !== undefined)) as never

/** How logins are rated, in the words of the model. */
export function riskRule(it: Words | undefined): RiskRule | undefined {
  if (it === undefined) return undefined
  return present({
    off: it.signals_off,
    badAddresses: it.bad_addresses,
    onHigh: it.on_high && onHigh[it.on_high],
    askShare: it.ask_share,
    highShare: it.high_share,
    thresholds: it.thresholds,
    keepDays: it.keep_days,
  })
}

/** The same in the words of configuration and API; the list of addresses is shown as it was set. */
export function riskView(it: RiskRule) {
  return present({
    signals_off: it.off && [...it.off],
    bad_addresses: it.badAddresses && [...it.badAddresses],
    on_high: it.onHigh && (it.onHigh === 'refuse' ? ('refuse' as const) : ('strong_factor' as const)),
    ask_share: it.askShare,
    high_share: it.highShare,
    thresholds: it.thresholds && { ...it.thresholds },
    keep_days: it.keepDays,
  })
}
