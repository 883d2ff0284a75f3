import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asId } from '#model/ids.ts'
import type { Ticket } from '#model/ticket.ts'
import { upsert } from '#ports/store.ts'
import { openCidaasWorld } from '../support/cidaas.ts'

test('a login without its track is found behind any number of the same user’s that are over (cidaas.md §4.11)', async () => {
  const world = await openCidaasWorld()
  const ada = await world.addUser('ada')
  await world.enrolApp(ada)
  const tenant = world.tenant.id
  const it = await world.pending('ada')
  const [ticket] = await world.store.list('tickets', tenant, { by: { index: 'user', value: ada.id } })
  assert.ok(ticket)
  // Before the living one in every order, and not swept yet.
  const over = (n: number): Ticket => ({
    ...ticket,
    id: asId(`!${String(n).padStart(4, '0')}`),
    usedAt: ticket.createdAt,
  })
  await world.store.change({}, () => ({
    result: undefined,
    writes: Array.from({ length: 1_000 }, (_, n) => upsert('tickets', over(n))),
  }))
  const asked = await world.initiate(it, 'TOTP')
  assert.equal(asked.status, 200, asked.text)
  await world.store.close()
})
