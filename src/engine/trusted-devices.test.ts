import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asId } from '#model/ids.ts'
import type { Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import { type App, openWorld, otherThan, someTenant, type World } from '#test/support/world.ts'
import { removeAuthenticator, replaceRecoveryCode } from './authenticators.ts'
import { systemAudit } from './events.ts'
import { dropAuthenticators } from './manage-authenticators.ts'
import { forgetTrustedDevice, listTrustedDevices, trustDevice, trustedDeviceId } from './trusted-devices.ts'

const key = { kty: 'EC' }
const day = 86_400

/** Ada has an app and a phone, and has told one browser to be remembered. */
async function remembered() {
  const world = await openWorld({ tenant: { mfa: { mode: 'TIME_BASED', timeBasedSeconds: 0 } } })
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  const phone = await world.enrolAddress(ada, 'sms', '+15555550101')
  const device = (await trustDevice(world.parts, world.caller(), ada.id, { key })) ?? assert.fail('no such user')
  world.clock.advance(60)
  const login = async (wish: Partial<Wish> = {}, secret = device.secret) => {
    const caller = world.caller({ trustedDevice: trustedDeviceId(secret) })
    return (await world.login('ada', { caller, wish })).no ?? 'granted'
  }
  return { world, ada, app, phone, device, login }
}

interface Case {
  readonly world: World
  readonly ada: User
  readonly app: App
  readonly phone: { readonly id: string }
  readonly device: { readonly id: string }
}

const event = ({ world, ada }: Case) => systemAudit(world.parts, world.tenant.id, 'admin.change', { user: ada.id })

test('S-47: a remembered device dies with each change of what it was trusted for', async () => {
  const rows: readonly [what: string, happens: (it: Case) => Promise<unknown>][] = [
    ['a new password', async ({ world, ada }) => world.put('users', { ...ada, passwordChangedAt: world.clock.now() })],
    ['a factor added', ({ world, ada }) => world.enrolAddress(ada, 'voice', '+15555550102')],
    ['a factor removed', ({ world, ada, phone }) => removeAuthenticator(world.parts, world.caller(), ada.id, phone.id)],
    [
      'a factor removed by an administrator',
      (it) =>
        dropAuthenticators(it.world.parts, it.world.tenant, it.ada.id, (one) => one.id === it.phone.id, event(it)),
    ],
    ['a new saved code', (it) => replaceRecoveryCode(it.world.parts, it.world.caller(), it.ada.id, event(it))],
    [
      'a factor disabled',
      async ({ world, app }) =>
        world.put('authenticators', { ...(await world.authenticator(app.authenticator.id)), state: 'disabled' }),
    ],
    ['30 days', async ({ world }) => world.clock.advance(30 * day)],
    ['its owner', ({ world, ada, device }) => forgetTrustedDevice(world.parts, world.caller(), ada.id, device.id)],
  ]
  for (const [what, happens] of rows) {
    const it = await remembered()
    assert.equal(await it.login(), 'granted', `before ${what}`)
    await happens(it)
    it.world.clock.advance(1)
    assert.equal(await it.login(), 'more-proof', `after ${what}`)
    const { parts, tenant } = it.world
    assert.deepEqual(await listTrustedDevices(parts, tenant.id, it.ada.id), [], `${what}: it is in no list any more`)
  }
})

test('S-47: an application may remember a device for a shorter time than the tenant, or not at all', async () => {
  const { world, device } = await remembered()
  const login = async (trustedDeviceSeconds?: number) => {
    const application = { ...world.web, trustedDeviceSeconds }
    const caller = world.caller({ application, trustedDevice: trustedDeviceId(device.secret) })
    return (await world.login('ada', { caller })).no ?? 'granted'
  }
  assert.deepEqual(
    [await login(61), await login(60), await login(0), await login()],
    ['granted', 'more-proof', 'more-proof', 'granted'],
  )
  const never = world.caller({ application: { ...world.web, trustedDeviceSeconds: 0 } })
  assert.equal(await trustDevice(world.parts, never, asId('somebody'), { key }), undefined)
})

test('S-47: a login by saved code ends the trust too, and a lock suspends it', async () => {
  const it = await remembered()
  const { world } = it
  const made = await replaceRecoveryCode(world.parts, world.caller(), it.ada.id, event(it))
  const [saved = ''] = made.yes?.codes ?? []
  const device = (await trustDevice(world.parts, world.caller(), it.ada.id, { key })) ?? assert.fail()
  for (let round = 0; round < 2; round++) {
    const flow = await world.ticket('ada')
    for (let i = 0; i < 5; i++) await world.answer(flow, { kind: 'totp' }, otherThan(it.app.code()))
  }
  assert.equal(await it.login({}, device.secret), 'more-proof', 'locked')
  world.clock.advance(30)
  assert.equal(await it.login({}, device.secret), 'granted', 'the lock is over')
  assert.equal((await world.answer(await world.ticket('ada'), { kind: 'recovery_code' }, saved)).no, undefined)
  world.clock.advance(1)
  assert.equal(await it.login({}, device.secret), 'more-proof')
})

test('S-47: the secret is 256 random bits, stored as a digest, of one user and one tenant', async () => {
  const { world, ada, device, login } = await remembered()
  const other = (await trustDevice(world.parts, world.caller(), ada.id, { key })) ?? assert.fail()
  assert.match(device.secret, /^[\w-]{43}$/)
  assert.notEqual(device.secret, other.secret)
  const rows = JSON.stringify(await world.store.list('artifacts', world.tenant.id))
  assert.ok(rows.includes(device.id) && !rows.includes(device.secret))
  assert.equal(await login({}, `${device.secret}x`), 'more-proof')

  const bob = await world.addUser('bob')
  await world.enrolAddress(bob, 'sms', '+15555550103')
  const caller = world.caller({ trustedDevice: device.id })
  assert.equal((await world.login('bob', { caller })).no, 'more-proof')
  assert.equal(await forgetTrustedDevice(world.parts, caller, bob.id, device.id), false)
  const id = 'other' as typeof world.tenant.id
  await world.put('tenants', someTenant({ tenant: id, id }))
  assert.deepEqual(await listTrustedDevices(world.parts, id, ada.id), [])
})

test('S-48: a remembered device satisfies no request for a second factor, no change of factors and no switch of the user', async () => {
  const { world, ada, login } = await remembered()
  assert.equal(await login(), 'granted')
  assert.equal(await login({ secondFactor: true }), 'more-proof')
  assert.equal(await login({ managesFactors: true }), 'more-proof')
  await world.put('users', { ...(await world.user(ada.id)), mfaEnabled: true })
  assert.equal(await login(), 'more-proof')
})
