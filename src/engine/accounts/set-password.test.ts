import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Artifact } from '#model/artifact.ts'
import { insert } from '#ports/store.ts'
import { openWorld } from '#test/support/world.ts'
import { systemAudit } from '../events.ts'
import { endAccess, setPassword } from './set-password.ts'

async function withArtifacts(count: number, model: (at: number) => string) {
  const it = await openWorld()
  const ada = await it.addUser('ada')
  const row = (at: number): Artifact => ({
    tenant: it.tenant.id,
    id: `${model(at)}:${at}`,
    model: model(at),
    payload: {},
    user: ada.id,
  })
  for (let from = 0; from < count; from += 500) {
    const some = Array.from({ length: Math.min(500, count - from) }, (_, at) => insert('artifacts', row(from + at)))
    await it.store.change({}, () => ({ result: undefined, writes: some }))
  }
  const left = async () =>
    (await it.store.list('artifacts', it.tenant.id, { limit: 1_000 })).map((one) => one.model).sort()
  const event = () => systemAudit(it.parts, it.tenant.id, 'password.changed', { user: ada.id })
  return { it, ada, left, event }
}

test('a new password ends everything, however much there is (S-68)', async () => {
  const { it, ada, left, event } = await withArtifacts(2_300, () => 'RefreshToken')
  const done = await setPassword(it.parts, { tenant: it.tenant, user: ada.id, hash: 'new', event: event() })
  assert.equal(done?.passwordHash, 'new')
  assert.deepEqual(await left(), [])
})

test('the mark of an imported hash and an invitation to enrol outlive it', async () => {
  const models = ['ImportedHash', 'EnrolmentTicket', 'Session', 'Grant', 'PasswordReset']
  const { it, ada, left } = await withArtifacts(models.length, (at) => models[at] as string)
  await endAccess(it.parts, it.tenant.id, ada.id)
  assert.deepEqual(await left(), ['EnrolmentTicket', 'ImportedHash'])
})

test('without what it spends nothing happens', async () => {
  const { it, ada, left, event } = await withArtifacts(1, () => 'Session')
  const wish = { tenant: it.tenant, user: ada.id, hash: 'new', event: event() }
  assert.equal(await setPassword(it.parts, { ...wish, spends: 'PasswordReset:gone' }), undefined)
  assert.equal(await setPassword(it.parts, { ...wish, unless: () => true }), undefined)
  assert.equal((await it.user(ada.id)).passwordHash, ada.passwordHash)
  assert.deepEqual(await left(), ['Session'])
  assert.deepEqual(await it.events('password.changed'), [])
})
