import type { Clock } from '#ports/clock.ts'

/**
 * Whole seconds our clock is ahead of the machine's, which is the one `oidc-provider` reads and cannot be handed another
 * instead of; 0 except under the development clock.
 */
export function clockOffset(clock: Clock): number {
  return Math.round((clock.now() - Date.now()) / 1000)
}
