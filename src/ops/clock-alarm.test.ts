import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWorld } from '#test/support/world.ts'
import { afterClockWentBack } from './clock-alarm.ts'
import { logFields } from './log.ts'

test('the log says how far the clock was moved back, in a field it lets through', async () => {
  const { parts, tenant } = await openWorld()
  const told: [object, string][] = []
  const log = { warn: (fields: object, text: string) => void told.push([fields, text]) } as never
  const ended: string[] = []
  const endForGood = async (it: string) => void ended.push(it)
  const now = parts.clock.now()
  await afterClockWentBack({ ...parts, endForGood }, log, { from: now + 90_000, to: now })
  assert.deepEqual(told, [[{ ms: 90_000 }, 'the clock was moved back; what had expired by then stays expired']])
  assert.ok((logFields as readonly string[]).includes('ms'))
  assert.deepEqual(ended, [tenant.id])
  const [event] = await parts.store.list('events', tenant.id, { descending: true, limit: 1 })
  assert.deepEqual([event?.type, event?.details?.seconds], ['clock.moved-back', 90])
})
