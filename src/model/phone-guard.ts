/** Amounts by ISO 3166 country, or `other` for countries that are not named. */
export type ByCountry = Readonly<Record<string, number>>

/** Budgets every message to a phone passes (S-71, S-76, S-77). What is absent stands in engine/phone-guard/figures.ts. */
export interface PhoneGuardRule {
  readonly enabled: boolean
  readonly perNumberTenMinutes?: number
  readonly perNumberDay?: number
  readonly perUserDay?: number
  readonly perAddressHour?: number
  /** Numbers that differ in their last four digits only share this one. */
  readonly perPrefixHour?: number
  readonly perCountryDay?: number
  readonly perTenantDay?: number
  readonly accountsPerNumber?: number
  /** Percent of messages that have to be answered; 0 switches the breaker off. */
  readonly answeredPercent?: number
  /** Messages before the breaker judges. */
  readonly answeredOf?: number
  /** Seconds nothing goes to where the breaker has tripped. */
  readonly stopSeconds?: number
  /** What a message or call costs, in the operator's currency. */
  readonly prices?: ByCountry
  /** What may be spent in a calendar month (UTC) on one country, in the same currency. */
  readonly monthlyCeilings?: ByCountry
}
