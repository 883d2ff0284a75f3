import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { User } from '#model/user.ts'
import { insert } from '#ports/store.ts'
import { openWorld, type World } from '#test/support/world.ts'
import { type UserChanges, updateUser } from './update.ts'

const models = ['Session', 'RefreshToken', 'TrustedDevice', 'PasswordReset', 'ImportedHash']

async function withAccess(over: Parameters<World['addUser']>[1] = {}) {
  const world = await openWorld()
  const ada = await world.addUser('ada', over)
  const it = { tenant: world.tenant.id, payload: {}, user: ada.id }
  const writes = models.map((model) => insert('artifacts', { ...it, id: `${model}:1`, model }))
  await world.store.change({}, () => ({ result: undefined, writes }))
  const left = async () => (await world.store.list('artifacts', world.tenant.id)).map((one) => one.model).sort()
  const change = async (changes: UserChanges): Promise<User> => {
    const done = await updateUser(world.parts, world.tenant, ada.id, changes, () => [])
    return done?.yes?.user ?? assert.fail('refused')
  }
  const told = async () => (await world.outbox()).map((one) => [one.channel, one.to, one.text.split(/[.(]/)[0]?.trim()])
  return { world, ada, left, change, told }
}

test('S-47, S-68: a password somebody else sets ends sessions, families of tokens, remembered devices and reset links', async () => {
  const { left, change, told } = await withAccess()
  await change({ nickname: 'A' })
  assert.deepEqual(await left(), models.toSorted(), 'another change ends nothing')
  await change({ passwordHash: 'another' })
  assert.deepEqual(await left(), ['ImportedHash'])
  assert.deepEqual(await told(), [['email', 'ada@example.com', 'The password of your account was changed']])
})

test('S-47, S-128: a user who is blocked has lost every session, and gets none back with the block lifted', async () => {
  const { left, change } = await withAccess()
  await change({ blocked: true })
  assert.deepEqual(await left(), ['ImportedHash'])
  await change({ blocked: false })
  assert.deepEqual(await left(), ['ImportedHash'])
})

test('S-64: a changed address is told to the old and the new one, the old one first, and to nobody unverified', async () => {
  const { change, told } = await withAccess()
  await change({ email: 'ada@example.org', emailVerified: true })
  const text = 'The e-mail address of your account was changed'
  assert.deepEqual(await told(), [
    ['email', 'ada@example.com', text],
    ['email', 'ada@example.org', text],
  ])
  await change({ email: 'ada@example.net' })
  assert.deepEqual((await told()).slice(2), [['email', 'ada@example.org', text]])
})

test('S-64: a changed number is told to the old number, the new one and the mailbox', async () => {
  const { change, told } = await withAccess({ phoneNumber: '+15555550101', phoneVerified: true })
  await change({ phoneNumber: '+15555550102', phoneVerified: true })
  const text = 'The telephone number of your account was changed'
  assert.deepEqual(await told(), [
    ['email', 'ada@example.com', text],
    ['sms', '+15555550101', text],
    ['sms', '+15555550102', text],
  ])
})

test('S-31, S-68: what a new password ends is over in the commit that sets it', async () => {
  const { world, ada, left } = await withAccess()
  let changes = 0
  const change: typeof world.store.change = (refs, decide) => {
    changes += 1
    if (changes > 1) throw new Error('the process has died')
    return world.store.change(refs, decide)
  }
  const parts = { ...world.parts, store: { ...world.store, change } }
  await assert.rejects(updateUser(parts, world.tenant, ada.id, { passwordHash: 'another' }, () => []))
  assert.deepEqual(await left(), ['ImportedHash'])
})
