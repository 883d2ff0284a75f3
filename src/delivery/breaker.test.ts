import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeliveryFailed } from '#ports/delivery.ts'
import { createBreaker } from './breaker.ts'

function world() {
  let now = 1_800_000_000_000
  const breaker = createBreaker({ now: () => now })
  const ends = (error?: DeliveryFailed) =>
    breaker.call(() => (error === undefined ? Promise.resolve() : Promise.reject(error))).catch(() => {})
  return {
    breaker,
    good: () => ends(),
    bad: (options: Partial<ConstructorParameters<typeof DeliveryFailed>[1]> = {}) =>
      ends(new DeliveryFailed('no', { retryable: true, ...options })),
    later: (ms: number) => {
      now += ms
    },
  }
}

async function times(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) await work()
}

describe('the breaker', () => {
  it('opens when half of the last 20 calls failed, and not before', async () => {
    const { breaker, good, bad } = world()
    for (let i = 0; i < 9; i++) {
      await bad()
      await good()
    }
    assert.equal(breaker.wait(), 0)
    await bad()
    assert.equal(breaker.wait(), 30_000)
  })

  it('forgets what is longer ago than 20 calls', async () => {
    const { breaker, good, bad } = world()
    await times(9, bad)
    await times(20, good)
    await times(9, bad)
    assert.equal(breaker.wait(), 0)
  })

  it('does not blame a provider for messages that can go nowhere', async () => {
    const { breaker, bad } = world()
    await times(30, () => bad({ retryable: false }))
    assert.equal(breaker.wait(), 0)
    await times(10, () => bad({ retryable: false, blame: 'provider' }))
    assert.equal(breaker.wait(), 30_000)
  })

  it('lets one call through after its rest, and closes or rests again by how that ends', async () => {
    const { breaker, good, bad, later } = world()
    await times(10, bad)
    later(29_999)
    assert.equal(breaker.wait(), 1)
    later(1)
    assert.equal(breaker.wait(), 0)
    const { promise, resolve } = Promise.withResolvers<void>()
    const probe = breaker.call(() => promise).catch(() => {})
    assert.equal(breaker.wait(), 2_000)
    resolve()
    await probe
    assert.equal(breaker.wait(), 0)
    await times(9, bad)
    assert.equal(breaker.wait(), 0)
    await bad()
    later(30_000)
    await bad()
    assert.equal(breaker.wait(), 30_000)
    later(30_000)
    await good()
    assert.equal(breaker.wait(), 0)
  })

  it('waits as long as the provider asks, an hour at most', async () => {
    const { breaker, bad, later } = world()
    await bad({ retryAfter: 60 })
    assert.equal(breaker.wait(), 60_000)
    later(60_000)
    assert.equal(breaker.wait(), 0)
    await bad({ retryAfter: 1e9 })
    assert.equal(breaker.wait(), 3_600_000)
  })
  it('S-166: keeps nobody waiting for the clock to come to a time again', async () => {
    const { breaker, bad, later } = world()
    await times(10, bad)
    assert.equal(breaker.wait(), 30_000)
    later(-3_600_000)
    assert.equal(breaker.wait(), 0)
    await bad({ retryAfter: 1_800 })
    later(-7_200_000)
    await bad({ retryAfter: 60 })
    assert.equal(breaker.wait(), 60_000)
  })
})
