import { amountFor, type GuardFigures } from './figures.ts'
import type { GuardMemory } from './rows.ts'
import { monthOf } from './windows.ts'

/** Amounts are kept in millionths, so that sums of prices stay exact. */
const millionths = (amount: number): number => Math.round(amount * 1_000_000)

export const spentThisMonth = ({ month, spent = 0 }: GuardMemory, now: number): number =>
  month === monthOf(now) ? spent : 0
export const messagesThisMonth = ({ month, messages = 0 }: GuardMemory, now: number): number =>
  month === monthOf(now) ? messages : 0

const priceOf = ({ prices }: GuardFigures, country: string): number => millionths(amountFor(prices, country) ?? 0)

/** Whether one more message would cost more than the country may in this month. */
export function overCeiling(memory: GuardMemory, figures: GuardFigures, country: string, now: number): boolean {
  const ceiling = amountFor(figures.monthlyCeilings, country)
  if (ceiling === undefined) return false
  return spentThisMonth(memory, now) + priceOf(figures, country) > millionths(ceiling)
}

/** The ledger with one more message, priced as of now. */
export function charged(
  memory: GuardMemory,
  figures: GuardFigures,
  country: string,
  now: number,
): Pick<GuardMemory, 'month' | 'messages' | 'spent'> {
  return {
    month: monthOf(now),
    messages: messagesThisMonth(memory, now) + 1,
    spent: spentThisMonth(memory, now) + priceOf(figures, country),
  }
}
