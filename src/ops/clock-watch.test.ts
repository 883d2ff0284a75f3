import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type WentBack, watchClock } from './clock-watch.ts'

function world() {
  let time = 1_000_000
  const told: WentBack[] = []
  const watch = watchClock({ now: () => time })
  watch.onBack((back) => told.push(back))
  const move = async (ms: number) => {
    time += ms
    assert.equal(watch.now(), time)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { watch, told, move, start: time }
}

test('a clock that goes on, or back by two seconds, is no news', async (t) => {
  const { watch, told, move } = world()
  t.after(watch.stop)
  for (const ms of [3_600_000, -2_000, 500, -500]) await move(ms)
  assert.deepEqual(watch.wentBack(), [])
  assert.deepEqual(told, [])
})

test('a clock that goes back is told of, with the latest time it has shown', async (t) => {
  const { watch, told, move, start } = world()
  t.after(watch.stop)
  await move(86_400_000)
  await move(-86_400_000)
  assert.deepEqual(watch.wentBack(), [{ from: start + 86_400_000, to: start }])
  await move(3_600_000)
  await move(-3_000_000)
  assert.deepEqual(told.at(-1), { from: start + 3_600_000, to: start + 600_000 })
  assert.deepEqual(watch.wentBack(), told.toReversed())
})

test('it is noticed although nobody asks for the time', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let time = 1_000_000
  const watch = watchClock({ now: () => time })
  t.after(watch.stop)
  time += 60_000
  t.mock.timers.tick(1_000)
  time -= 60_000
  t.mock.timers.tick(1_000)
  assert.deepEqual(watch.wentBack(), [{ from: 1_060_000, to: 1_000_000 }])
})
