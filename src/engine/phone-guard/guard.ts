import type { Budget } from '#model/budget.ts'
import type { UserId } from '#model/ids.ts'
import type { Refusal } from '#model/outcome.ts'
import { upsert, type Write } from '#ports/store.ts'
import { codeLifetime } from '../challenges.ts'
import { audit } from '../events.ts'
import { waitSeconds } from '../ladder.ts'
import type { Caller, Parts } from '../parts.ts'
import { figuresOf, type GuardFigures, guardTimes } from './figures.ts'
import { charged, overCeiling } from './ledger.ts'
import { isPumped, rateWithout, sentRate, tally } from './rate.ts'
import {
  type Counted,
  countedOf,
  type GuardMemory,
  type GuardRefs,
  type GuardRows,
  guardRowRefs,
  keepRow,
  memoryOf,
  type Scope,
} from './rows.ts'
import { dayOf, dayWait, monthOf, oneMoreToday, pauseWait, sentNow, unansweredAt, windowWait } from './windows.ts'

export interface PhoneSend {
  /** E.164. */
  readonly to: string
  readonly channel: 'sms' | 'voice'
  readonly user: UserId
  /** true: no message leaves, and it must look as if one did; it costs nothing. */
  readonly silent?: boolean
}

/** Either the writes that count the message, or why it must not be sent; both belong to the commit of its challenge. */
export type Passed =
  | { readonly refuse?: undefined; readonly writes: readonly Write[] }
  | { readonly refuse: Refusal; readonly writes: readonly Write[] }

/** Rows the guard counts in. None where the tenant has it switched off. */
export function guardRefs(caller: Caller, send: Pick<PhoneSend, 'to' | 'user'>): Partial<GuardRefs> {
  return figuresOf(caller.tenant) === undefined ? {} : guardRowRefs(caller, countedOf(send.to), send.user)
}

interface Look {
  readonly parts: Parts
  readonly caller: Caller
  readonly send: PhoneSend
  readonly rows: GuardRows
  readonly figures: GuardFigures
  readonly it: Counted
  readonly refs: GuardRefs
  readonly now: number
}

/**
 * Judges one message to a phone before its provider is called, texts and calls together: the breaker (S-77), the
 * ceiling of the country, and the budgets of number, user, address, prefix, country and tenant (S-76). Whatever cannot
 * be read or counted fails the change it is part of, and then nothing is sent (S-78).
 */
export function passGuard(parts: Parts, caller: Caller, send: PhoneSend, rows: GuardRows, now: number): Passed {
  const figures = figuresOf(caller.tenant)
  if (figures === undefined) return { writes: [] }
  const it = countedOf(send.to)
  const look = { parts, caller, send, rows, figures, it, refs: guardRowRefs(caller, it, send.user), now }
  return stopped(look, 'prefix') ?? stopped(look, 'country') ?? tooDear(look) ?? tooMany(look) ?? pass(look)
}

const blocked: Refusal = { no: 'blocked-by-reputation', reach: 'phone' }

/** Nothing goes to where the breaker has tripped; it trips here, when the next message is asked for. */
function stopped(look: Look, scope: Scope): Passed | undefined {
  const { parts, caller, rows, figures, it, refs, now } = look
  const [row, ref, stop, stopRef] =
    scope === 'prefix'
      ? [rows.phonePrefix, refs.phonePrefix, rows.phonePrefixStop, refs.phonePrefixStop]
      : [rows.phoneCountry, refs.phoneCountry, rows.phoneCountryStop, refs.phoneCountryStop]
  if (waitSeconds(stop, now, Number.POSITIVE_INFINITY) > 0) return { refuse: blocked, writes: [] }
  const memory = memoryOf(row)
  const seen = tally(memory, lifetimeOf(caller), now)
  if (!isPumped(seen, figures.answeredPercent, figures.answeredOf)) return undefined
  const until = now + figures.stopSeconds * 1_000
  const details = { scope, of: it[scope], ...seen }
  return {
    refuse: blocked,
    writes: [
      upsert('budgets', { ...stopRef, used: 0, at: now, waitUntil: until, expiresAt: until, memory: details }),
      // After the stop it is judged by new messages only.
      keepRow(ref, { ...memory, rate: {} }, now, kept[scope]),
      // What is stopped by its range speaks no more against the whole country.
      ...(scope === 'prefix'
        ? [keepRow(refs.phoneCountry, without(rows.phoneCountry, memory), now, kept.country)]
        : []),
      alarm(parts, caller, 'few-answers', { ...details, seconds: figures.stopSeconds }),
    ],
  }
}

function without(country: Budget | undefined, prefix: GuardMemory): GuardMemory {
  const memory = memoryOf(country)
  return { ...memory, rate: rateWithout(memory, prefix) }
}

const alarm = (parts: Parts, caller: Caller, reason: string, details: Record<string, string | number>): Write =>
  audit(parts, caller, 'phone.sending-stopped', { actor: 'system', outcome: 'failure', reason, details })

/** The ceiling is the operator's own: what lies above it is refused in their name, and reported once a month. */
function tooDear({ parts, caller, rows, refs, figures, it, now }: Look): Passed | undefined {
  const memory = memoryOf(rows.phoneCountry)
  if (!overCeiling(memory, figures, it.country, now)) return undefined
  const reported = memory.reported === monthOf(now)
  return {
    refuse: { no: 'blocked-by-admin', reach: 'phone' },
    writes: reported
      ? []
      : [
          keepRow(refs.phoneCountry, { ...memory, reported: monthOf(now) }, now, kept.country),
          alarm(parts, caller, 'ceiling', { scope: 'country', of: it.country }),
        ],
  }
}

function tooMany(look: Look): Passed | undefined {
  const { parts, caller, send, rows, figures, now } = look
  const { tenMinutes, hour, day } = guardTimes
  const number = memoryOf(rows.phoneNumber)
  const byAddress = windowWait(memoryOf(rows.phoneAddress), figures.perAddressHour, hour, now)
  const daily = [dailyOver(look, 'country'), dailyOver(look, 'tenant')].filter((one) => one !== undefined)
  const retryAfter = Math.max(
    windowWait(number, figures.perNumberTenMinutes, tenMinutes, now),
    windowWait(number, figures.perNumberDay, day, now),
    pauseWait(number, now),
    windowWait(memoryOf(rows.phoneUser), figures.perUserDay, day, now),
    parts.addressExempt(caller.address) ? 0 : byAddress,
    windowWait(memoryOf(rows.phonePrefix), figures.perPrefixHour, hour, now),
    ...daily.map((one) => one.wait),
  )
  if (retryAfter === 0) return undefined
  const refuse: Refusal = { no: 'too-many-messages', channel: send.channel, retryAfter }
  return { refuse, writes: daily.flatMap((one) => one.writes) }
}

/** The day's budget of the country or the tenant, where it is spent; reported once a day. */
function dailyOver({ parts, caller, rows, refs, figures, it, now }: Look, scope: 'country' | 'tenant') {
  const [row, ref, most] =
    scope === 'country'
      ? [rows.phoneCountry, refs.phoneCountry, figures.perCountryDay]
      : [rows.phoneTenant, refs.phoneTenant, figures.perTenantDay]
  const memory = memoryOf(row)
  const wait = dayWait(memory, most, now)
  if (wait === 0) return undefined
  if (memory.reported === dayOf(now)) return { wait, writes: [] }
  const of = scope === 'country' ? it.country : caller.tenant.id
  const writes = [
    keepRow(ref, { ...memory, reported: dayOf(now) }, now, kept.country),
    alarm(parts, caller, 'daily-budget', { scope, of }),
  ]
  return { wait, writes }
}

/** How long counts are kept without use, ms: windows, and the ledger of this month and the last. */
const kept = { prefix: 3 * guardTimes.hour, country: 62 * guardTimes.day }
const lifetimeOf = (caller: Caller): number => codeLifetime(caller) * 1_000

function pass({ parts, caller, send, rows, figures, it, refs, now }: Look): Passed {
  const { hour, day } = guardTimes
  const number = memoryOf(rows.phoneNumber)
  const prefix = memoryOf(rows.phonePrefix)
  const country = memoryOf(rows.phoneCountry)
  const lifetime = lifetimeOf(caller)
  const numberNow = { sent: sentNow(number, day, now), unanswered: unansweredAt(number, now) + 1 }
  const prefixNow = { sent: sentNow(prefix, hour, now), rate: sentRate(prefix, lifetime, now) }
  const countryNow = {
    ...country,
    ...oneMoreToday(country, now),
    ...(send.silent === true ? {} : charged(country, figures, it.country, now)),
    rate: sentRate(country, lifetime, now),
  }
  const tenant = memoryOf(rows.phoneTenant)
  return {
    writes: [
      keepRow(refs.phoneNumber, numberNow, now, day),
      keepRow(refs.phoneUser, { sent: sentNow(memoryOf(rows.phoneUser), day, now) }, now, day),
      ...(parts.addressExempt(caller.address)
        ? []
        : [keepRow(refs.phoneAddress, { sent: sentNow(memoryOf(rows.phoneAddress), hour, now) }, now, hour)]),
      keepRow(refs.phonePrefix, prefixNow, now, kept.prefix),
      keepRow(refs.phoneCountry, countryNow, now, kept.country),
      keepRow(refs.phoneTenant, { ...tenant, ...oneMoreToday(tenant, now) }, now, kept.country),
    ],
  }
}
