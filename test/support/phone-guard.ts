import assert from 'node:assert/strict'
import { nothingToIssue } from '#engine/issue.ts'
import { answerPasswordless, startPasswordless } from '#engine/passwordless.ts'
import type { PhoneGuardRule } from '#model/phone-guard.ts'
import { openWorld, otherThan, someWish, type World, type WorldOptions } from './world.ts'

/** Nothing holds but what a test is about. */
export const nothingHolds: PhoneGuardRule = {
  enabled: true,
  perNumberTenMinutes: 100,
  perNumberDay: 100,
  perUserDay: 100,
  perAddressHour: 100_000,
  perPrefixHour: 100_000,
  perCountryDay: 100_000,
  perTenantDay: 100_000,
  answeredPercent: 0,
}

/** TESTS ONLY: a world whose guard is on. */
export async function guardedWorld(guard: Partial<PhoneGuardRule> = {}, options: WorldOptions = {}): Promise<World> {
  const phone = { blockedPrefixes: [], strict: false, guard: { enabled: true, ...guard } }
  return await openWorld({ addressBudgets: true, tenant: { phone }, ...options })
}

/** A German mobile number; each ten thousand of them share a prefix. */
export const mobile = (index: number): string => `+49151${String(20_000_000 + index)}`
/** A prefix of its own for each. */
export const farApart = (index: number): string => mobile(index * 10_000 + 1)

export const send = (world: World, to: string, address = '192.0.2.1') =>
  startPasswordless(world.parts, { caller: world.caller({ address }), channel: 'sms', to })

/** Enters the code that was sent last. */
export async function enter(world: World, to: string, right = true): Promise<void> {
  const code = await world.lastCode()
  const outcome = await answerPasswordless(world.parts, {
    caller: world.caller(),
    channel: 'sms',
    to,
    code: right ? code : otherThan(code),
    wish: someWish,
    issue: nothingToIssue,
  })
  assert.equal(outcome.no, right ? undefined : 'wrong-proof')
}
