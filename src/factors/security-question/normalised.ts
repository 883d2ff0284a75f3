/** Longest answer looked at, and the shortest that is taken, in characters once it is normalised. */
const longest = 200
const shortest = 3

/**
 * An answer as it is compared: NFKC, small letters, one space where there were several; undefined: it cannot be one. The
 * same name comes off every keyboard alike, and nothing else is forgiven.
 */
export function normalised(answer: unknown): string | undefined {
  if (typeof answer !== 'string' || answer.length > longest) return undefined
  // Twice, since small letters of composed text are not always composed.
  const text = answer.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim()
  return text.length < shortest || text.length > longest || !text.isWellFormed() ? undefined : text
}
