import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What is asked for, once it is as it should be, or as it was after 10 s: then the caller's assertion says what is wrong. A
 * page follows what it was told when it comes to it.
 */
export async function soon<T>(ask: () => Promise<T>, isSo: (it: T) => boolean = Boolean): Promise<T> {
  for (let left = 100; left > 0; left--) {
    const it = await ask()
    if (isSo(it)) return it
    await sleep(100)
  }
  return await ask()
}
