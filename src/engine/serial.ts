/**
 * Runs work for one key after the other, different keys side by side. Slow comparisons (password hashes) of one
 * account pass through here, so that each sees the failures counted before it (S-20).
 */
export function createSerial(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    const before = tails.get(key)
    const mine = (async () => {
      await before?.catch(() => undefined)
      return await work()
    })()
    tails.set(key, mine)
    try {
      return await mine
    } finally {
      if (tails.get(key) === mine) tails.delete(key)
    }
  }
}
