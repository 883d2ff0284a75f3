import type { FactorTraits } from '#ports/factor.ts'

/** `challenge_channel`: the two this dialect has words for, told from a factor's traits; undefined: it cannot say it. */
export function channelWord({ proof, channel, reach }: FactorTraits): 'email' | 'sms' | undefined {
  if (proof !== 'code' || reach === undefined) return undefined
  return channel === 'email' || channel === 'sms' ? channel : undefined
}

/**
 * A number or address as it is shown before a second factor is proved: the last two digits, or the first letter and the
 * domain (S-83, which is stricter than the vendor's own mask).
 */
export function masked(target: string): string {
  const at = target.lastIndexOf('@')
  if (at > 0) return `${target.slice(0, 1)}***${target.slice(at)}`
  return `+${'*'.repeat(Math.max(0, target.length - 3))}${target.slice(-2)}`
}

/** The words of a list, in any case and with any blanks or commas between them. */
export const wordsOf = (list: string | undefined): readonly string[] => [
  ...new Set(
    (list ?? '')
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((word) => word !== ''),
  ),
]
