import type { Budget } from '#model/budget.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import { type OneRef, row, upsert, type Write } from '#ports/store.ts'
import { network } from '../attempt-budgets.ts'
import type { Caller } from '../parts.ts'
import { countryOfNumber, prefixOf } from './numbers.ts'

/** What the guard keeps of one thing; each row uses the members it needs. */
export interface GuardMemory {
  /** Moments of sends, epoch ms, oldest first. */
  readonly sent?: readonly number[]
  /** Sends since the last code that came back. */
  readonly unanswered?: number
  /** By start of their five minutes: how many were sent, how many of them answered. */
  readonly rate?: Readonly<Record<string, readonly [sent: number, answered: number]>>
  /** The day (UTC) that `today` counts. */
  readonly day?: string
  readonly today?: number
  /** The month (UTC) that `messages` and `spent` count. */
  readonly month?: string
  readonly messages?: number
  /** Millionths of the operator's currency. */
  readonly spent?: number
  /** The day or month whose end of budget was reported. */
  readonly reported?: string
}

export const memoryOf = (it: Budget | undefined): GuardMemory => (it?.memory ?? {}) as GuardMemory

/** Where the breaker works. */
export type Scope = 'prefix' | 'country'

export const countryRows = 'phone-country:'
export const stopRows = 'phone-stop:'
export const stopId = (of: string): string => `${stopRows}${of}`
export const tenantRow = 'phone-tenant'

/** Everything a message to a number counts against. Text messages and calls share all of it. */
export interface Counted {
  readonly number: string
  readonly prefix: string
  readonly country: string
}

export function countedOf(number: string): Counted {
  return { number, prefix: prefixOf(number), country: countryOfNumber(number) }
}

export interface GuardRefs {
  readonly phoneNumber: OneRef<'budgets'>
  readonly phoneUser: OneRef<'budgets'>
  readonly phoneAddress: OneRef<'budgets'>
  readonly phonePrefix: OneRef<'budgets'>
  readonly phoneCountry: OneRef<'budgets'>
  readonly phoneTenant: OneRef<'budgets'>
  readonly phonePrefixStop: OneRef<'budgets'>
  readonly phoneCountryStop: OneRef<'budgets'>
}
export type GuardRows = { readonly [K in keyof GuardRefs]?: Budget | undefined }

export function guardRowRefs(caller: Caller, it: Counted, user: UserId): GuardRefs {
  const of = (id: string) => row('budgets', caller.tenant.id, id)
  return {
    ...answeredRowRefs(caller.tenant.id, it),
    phoneUser: of(`phone-user:${user}`),
    phoneAddress: of(`phone-address:${network(caller.address)}`),
    phoneTenant: of(tenantRow),
    phonePrefixStop: of(stopId(it.prefix)),
    phoneCountryStop: of(stopId(it.country)),
  }
}

export function answeredRowRefs(tenant: TenantId, it: Counted) {
  const of = (id: string) => row('budgets', tenant, id)
  return {
    phoneNumber: of(`phone-number:${it.number}`),
    phonePrefix: of(`phone-prefix:${it.prefix}`),
    phoneCountry: of(`${countryRows}${it.country}`),
  }
}

/** Replaces what is kept under a ref; forgotten after `keep` ms. */
export function keepRow(ref: OneRef<'budgets'>, memory: GuardMemory, now: number, keep: number): Write {
  const used = memory.sent?.length ?? memory.today ?? 0
  return upsert('budgets', {
    tenant: ref.tenant,
    id: ref.id,
    used,
    at: now,
    memory: memory as Readonly<Record<string, unknown>>,
    expiresAt: now + keep,
  })
}
