import type { Clock } from '#ports/clock.ts'
import { type Delivery, DeliveryFailed } from '#ports/delivery.ts'
import { type Breaker, createBreaker } from './breaker.ts'

interface Guarded {
  readonly delivery: Delivery
  readonly breaker: Breaker
}

/**
 * Several providers as one, the first that may be called first. Each `send` is one call: when it fails, the dispatcher
 * counts and comes back, at once where another provider stands ready, and the next attempt goes to the next of them
 * with the same message. So three attempts are three calls, and a process that dies loses no count.
 *
 * While every provider rests (an open breaker, or a `Retry-After`), nothing is called and no attempt is counted.
 */
export function withFailover(deliveries: readonly Delivery[], clock: Clock): Delivery {
  const all: readonly Guarded[] = deliveries.map((delivery) => ({ delivery, breaker: createBreaker(clock) }))
  const several = all.length > 1
  const ready = (except?: Guarded) => all.filter((it) => it !== except && it.breaker.wait() === 0)
  return {
    provider: deliveries.map(({ provider }) => provider).join('+'),
    async send(message) {
      const failed = all.findIndex(({ delivery }) => delivery.provider === message.notBy)
      // From the one behind it on, and itself last.
      const order = [...all.slice(failed + 1), ...all.slice(0, failed + 1)]
      const able = order.filter((it) => it.breaker.wait() === 0)
      const turn = message.notBy === undefined ? (message.attempt ?? 1) - 1 : 0
      const chosen = able[turn % Math.max(able.length, 1)]
      if (chosen === undefined) throw resting(all)
      try {
        await chosen.breaker.call(() => chosen.delivery.send(message))
        return { by: chosen.delivery.provider, mayComeBack: several && chosen.delivery.receipt !== undefined }
      } catch (error) {
        throw explained(error, {
          name: several ? chosen.delivery.provider : undefined,
          other: ready(chosen).length > 0,
          untried: (message.attempt ?? 1) < all.length,
        })
      }
    },
    receipt(request, provider) {
      for (const delivery of deliveries) {
        const receipt = delivery.provider === provider ? delivery.receipt?.(request, provider) : undefined
        if (receipt !== undefined) return receipt
      }
      return undefined
    },
    async close() {
      await Promise.all(deliveries.map((delivery) => delivery.close?.()))
    },
  }
}

function resting(all: readonly Guarded[]): DeliveryFailed {
  const wait = Math.min(...all.map(({ breaker }) => breaker.wait()))
  return new DeliveryFailed('every provider rests', { retryable: true, retryAfter: wait / 1_000, uncalled: true })
}

interface Situation {
  readonly name: string | undefined
  /** Another provider may be called. */
  readonly other: boolean
  /** Not every provider had its turn with this message, so that the next call is no repetition and need not wait. */
  readonly untried: boolean
}

/** The failure with its provider's name; where that one is to blame, the message is not lost while another is ready. */
function explained(error: unknown, { name, other, untried }: Situation): DeliveryFailed {
  const known = error instanceof DeliveryFailed ? error : new DeliveryFailed('provider failed', { retryable: true })
  const movesOn = other && known.blame === 'provider'
  return new DeliveryFailed(name === undefined ? known.message : `${name}: ${known.message}`, {
    retryable: known.retryable || movesOn,
    retryAfter: movesOn ? undefined : known.retryAfter,
    blame: known.blame,
    gone: known.gone,
    elsewhere: movesOn && untried,
  })
}
