import type { ByCountry, PhoneGuardRule } from '#model/phone-guard.ts'
import type { Tenant } from '#model/tenant.ts'

export type GuardFigures = Required<Omit<PhoneGuardRule, 'enabled'>>

/** Figures of security contract part 7, S-71, S-76 and S-77; the daily budgets are ours, for it names none. */
export const guardDefaults = {
  perNumberTenMinutes: 3,
  perNumberDay: 10,
  perUserDay: 10,
  perAddressHour: 10,
  perPrefixHour: 20,
  perCountryDay: 1_000,
  perTenantDay: 5_000,
  accountsPerNumber: 5,
  answeredPercent: 20,
  answeredOf: 20,
  stopSeconds: 3_600,
  prices: {},
  monthlyCeilings: {},
} as const satisfies GuardFigures

/** Figures nobody has to change: lengths of windows and waits, ms. */
export const guardTimes = {
  minute: 60_000,
  tenMinutes: 600_000,
  hour: 3_600_000,
  day: 86_400_000,
  /** Sends to a number before it has to wait, and the longest wait (S-76). */
  quickSends: 2,
  longestWait: 32 * 60_000,
} as const

/** The figures of a tenant; undefined: its guard is switched off. A tenant that says nothing has it on (S-78). */
export function figuresOf({ phone }: Pick<Tenant, 'phone'>): GuardFigures | undefined {
  if (phone.guard?.enabled === false) return undefined
  const set = Object.entries(phone.guard ?? {}).filter(([, it]) => it !== undefined)
  return { ...guardDefaults, ...Object.fromEntries(set) }
}

/** The amount of a country, or that of all others. */
export const amountFor = (amounts: ByCountry, country: string): number | undefined =>
  Object.hasOwn(amounts, country) ? amounts[country] : amounts.other
