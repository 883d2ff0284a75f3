import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Wish } from '#model/ticket.ts'
import { openWorld, passwordOf, refusalOf, someWish, type World, type WorldOptions } from '#test/support/world.ts'
import { setPassword } from '../accounts/set-password.ts'
import { systemAudit } from '../events.ts'
import { nothingToIssue } from '../issue.ts'
import { answerPasswordless, startPasswordless } from '../passwordless.ts'

const days = 86_400
const always: WorldOptions = { tenant: { mfa: { mode: 'ALWAYS' } } }
const off: WorldOptions = { tenant: { mfa: { mode: 'OFF' } } }
const manages: Partial<Wish> = { managesFactors: true }

async function asleep(options: WorldOptions, seconds = 90 * days + 1) {
  const world = await openWorld(options)
  const ada = await world.addUser('ada')
  world.clock.advance(seconds)
  return { world, ada }
}

const byPassword = async (world: World, wish: Partial<Wish> = {}) => refusalOf(await world.login('ada', { wish }))

test('S-67: after 90 days without use the password alone enrols nothing, one second earlier it does', async () => {
  const { world } = await asleep(always, 90 * days)
  assert.equal(await byPassword(world), 'more-proof')
  world.clock.advance(1)
  assert.equal(await byPassword(world), 'no-factor-available')
})

test('S-67: nor does a login that policy lets through wake the account for it', async () => {
  const { world } = await asleep(off)
  assert.equal(await byPassword(world, manages), 'no-factor-available')
  assert.match(await byPassword(world), /^granted/)
  assert.equal(await byPassword(world, manages), 'no-factor-available')
})

test('S-67: a new password wakes it, since that takes the mailbox or an administrator', async () => {
  const { world, ada } = await asleep(off)
  await world.login('ada')
  world.clock.advance(1)
  const hashed = await world.parts.passwords.hash(passwordOf('ada'))
  assert(hashed.kind === 'hashed')
  const event = systemAudit(world.parts, world.tenant.id, 'password.changed', { user: ada.id })
  await setPassword(world.parts, { tenant: world.tenant, user: ada.id, hash: hashed.hash, event })
  assert.match(await byPassword(world, manages), /^granted/)
})

test('S-67: a code to the verified mailbox is proof enough', async () => {
  const { world } = await asleep(always)
  const it = { caller: world.caller(), channel: 'email', to: 'ada@example.com' } as const
  assert.equal((await startPasswordless(world.parts, it)).no, undefined)
  const answer = { ...it, code: await world.lastCode(), wish: someWish, issue: nothingToIssue }
  const more = await answerPasswordless(world.parts, answer)
  assert(more.no === 'more-proof')
  assert.ok(more.require.enrol?.includes('totp'))
})

test('S-67: an account with a factor sleeps as long as it likes, and so does one that is used', async () => {
  const world = await openWorld(always)
  const app = await world.enrolApp(await world.addUser('ada'))
  world.clock.advance(400 * days)
  assert.equal((await world.answer(await world.ticket('ada'), { kind: 'totp' }, app.code())).no, undefined)
  const used = await openWorld(off)
  await used.addUser('ada')
  for (let i = 0; i < 3; i++) {
    used.clock.advance(60 * days)
    assert.match(await byPassword(used, manages), /^granted/)
  }
})
