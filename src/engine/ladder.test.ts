import assert from 'node:assert/strict'
import { test } from 'node:test'
import { climb, waitSeconds } from './ladder.ts'
import { limits } from './limits.ts'

const now = 1_800_000_000_000
/** The longest wait there is. */
const locked = climb({ failures: 100 }, now)

test('S-18: the longest wait holds on a server whose clock is a moment behind that of the one that began it', () => {
  assert.equal(waitSeconds(locked, now), limits.longestWait)
  for (const ms of [1, 1_000, 2_000]) assert.ok(waitSeconds(locked, now - ms) >= limits.longestWait, `${ms} ms behind`)
})

test('S-166: a wait from before the clock was moved back is over', () => {
  assert.equal(waitSeconds(locked, now - 60_000), 0)
})
