import { createPasswordHasher } from '#crypto/passwords.ts'
import { systemRandom } from '#crypto/random.ts'
import { numberFactsSource } from '#delivery/number-facts.ts'
import type { Parts } from '#engine/parts.ts'
import { factorMap } from '#factors/index.ts'
import type { Base } from './base.ts'
import type { Outgoing } from './outgoing.ts'

/** What the engine works with. */
export function engineParts(base: Base, { dispatcher, channels }: Outgoing): Parts {
  const { settings, store, clock, keyring, networks, metrics } = base
  const { number_check: numberCheck } = settings.config
  return {
    store,
    clock,
    random: systemRandom,
    keyring,
    passwords: createPasswordHasher(),
    factors: factorMap(),
    channels,
    nudge: () => dispatcher.nudge(),
    addressExempt: (address) => settings.development && isLoopback(address),
    networks,
    rated: metrics.rating,
    ...(numberCheck && { numberFacts: numberFactsSource(numberCheck, { clock, random: systemRandom }) }),
  }
}

/** In development everything comes from the machine itself and shares no address budget. */
const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')
