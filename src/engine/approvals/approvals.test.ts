import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { User } from '#model/user.ts'
import { newPushDevice, type PushDevice, testHome } from '#test/support/push-device.ts'
import { openWorld, refusalOf, someTenant, type World, type WorldOptions } from '#test/support/world.ts'
import type { Flow } from '../flow.ts'
import { decide } from './decide.ts'
import { type DeviceCall, forgetAlert, leaveDevice, subscribeDevice } from './devices.ts'
import { coarse, occasionOf } from './occasion.ts'
import { pendingRequests } from './pending.ts'
import { approvalProgress } from './progress.ts'

const withPush: WorldOptions = {
  tenant: { factors: [...someTenant().factors, 'push'], mfa: { mode: 'ALWAYS' } },
}

interface PushWorld extends World {
  readonly device: PushDevice
  readonly user: World['user']
  readonly ada: User
  call(statement: unknown): DeviceCall
  /** Password proved, device asked. */
  ask(): Promise<{ flow: Extract<Flow, { by: 'ticket' }>; challenge: string; number: string }>
  /** The newest request the device is told of. */
  request(): Promise<import('./pending.ts').PendingRequest>
}

const endpoint = 'https://fcm.googleapis.com/fcm/send/x'
const subscription = { endpoint, keys: { p256dh: 'B'.repeat(87), auth: 'A'.repeat(22) } }

/** Ada with a device. */
async function open(says: object = {}): Promise<PushWorld> {
  const world = await openWorld(withPush)
  ;(world.parts.channels as Set<string>).add('push')
  const ada = await world.addUser('ada')
  const device = newPushDevice({ clock: world.clock.now })
  await enrolDevice(world, ada, device, says)
  const call = callOf(world)
  return {
    ...world,
    device,
    ada,
    call,
    async ask() {
      const flow = await world.ticket('ada')
      const asked = await world.engine.challenge({ caller: caller(world), ticket: flow.ticket, kinds: ['push'] })
      const { challenge = '', show } = asked.yes ?? assert.fail(asked.no)
      return { flow, challenge, number: String(show?.number) }
    },
    async request() {
      const told = await pendingRequests(world.parts, call(device.say('list')))
      return told.yes?.[0] ?? assert.fail(told.no ?? 'nothing waits')
    },
  }
}

const caller = (world: World) => world.caller({ home: testHome, address: '203.0.113.7' })
const callOf = (world: World) => (statement: unknown) => ({ caller: caller(world), statement })

async function beginEnrolment(world: World, user: User) {
  const flow = world.tokenFlow(user)
  const begun = await world.engine.enrol({ caller: caller(world), flow, kind: 'push' })
  const { show, challenge = '', authenticator } = begun.yes ?? assert.fail(begun.no)
  return { flow, uri: show?.uri ?? '', challenge, authenticator }
}

async function enrolDevice(world: World, user: User, device: PushDevice, says: object = {}) {
  const { flow, uri, challenge } = await beginEnrolment(world, user)
  const enrolled = await decide(world.parts, callOf(world)(device.enrol(uri, says)), 'enrol')
  assert.equal(enrolled.no, undefined)
  const confirmed = await world.answer(flow, { challenge }, undefined)
  assert.equal(confirmed.no, undefined, 'the enrolment is confirmed')
}

test('an enrolment waits for its device, which is then confirmed by whoever began it', async () => {
  const world = await openWorld(withPush)
  const ada = await world.addUser('ada')
  const device = newPushDevice({ clock: world.clock.now })
  const { flow, uri, challenge, authenticator } = await beginEnrolment(world, ada)
  assert.equal((await world.answer(flow, { challenge }, undefined)).no, 'waiting')
  const done = await decide(world.parts, callOf(world)(device.enrol(uri)), 'enrol')
  assert.equal(done.yes?.account, 'ada@example.com')
  assert.equal(
    (await world.authenticator(authenticator.id)).state,
    'pending',
    'by the device alone nothing is enrolled',
  )
  const confirmed = await world.answer(flow, { challenge }, undefined)
  assert.deepEqual(confirmed.yes?.granted.assurance.amr, ['pwd', 'swk', 'mfa', 'mca'])
  const kept = await world.authenticator(authenticator.id)
  assert.deepEqual([kept.state, kept.name, kept.key], ['confirmed', 'Pixel 9', device.kid])
})

test('S-70: the secret of an enrolment works once, for 10 minutes at most, and not for a changed link', async () => {
  const world = await openWorld(withPush)
  const ada = await world.addUser('ada')
  const call = callOf(world)
  const first = await beginEnrolment(world, ada)
  const late = newPushDevice({ clock: world.clock.now })
  assert.equal((await decide(world.parts, call(late.enrol(`${first.uri}x`)), 'enrol')).no, 'authenticator-unknown')
  assert.equal((await decide(world.parts, call(late.enrol(first.uri)), 'enrol')).no, undefined)
  const second = newPushDevice({ clock: world.clock.now })
  assert.equal((await decide(world.parts, call(second.enrol(first.uri)), 'enrol')).no, 'authenticator-unknown')
  const next = await beginEnrolment(world, ada)
  world.clock.advance(300)
  assert.equal((await decide(world.parts, call(second.enrol(next.uri)), 'enrol')).no, 'challenge-expired')
  assert(
    (await world.outbox()).every(({ text }) => !text.includes('#enrol')),
    'it is never mailed',
  )
})

test('S-92: a key that one device of the tenant has is nobody else’s', async () => {
  const world = await open()
  const bob = await world.addUser('bob')
  const { uri } = await beginEnrolment(world, bob)
  assert.equal((await decide(world.parts, world.call(world.device.enrol(uri)), 'enrol')).no, 'wrong-proof')
})

test('S-86, S-60: the device shows application, place and time; with the number of the login page the login goes on', async () => {
  const world = await open()
  const { flow, challenge, number } = await world.ask()
  assert.equal((await world.answer(flow, { challenge }, undefined)).no, 'waiting')
  const request = await world.request()
  assert.deepEqual([request.application, request.place, request.at], ['web', '203.0.113.*', world.clock.now()])
  assert(!JSON.stringify(request).includes(number))
  const done = await decide(world.parts, world.call(world.device.answer(request, 'allow', number)), 'answer')
  assert.deepEqual(done.yes, { decision: 'right', account: 'ada@example.com' })
  const granted = await world.answer(flow, { challenge }, undefined)
  assert.deepEqual(granted.yes?.granted.assurance.amr, ['pwd', 'swk', 'mfa', 'mca'])
  assert.match(granted.yes?.granted.assurance.acr ?? '', /aal2$/)
  assert.notEqual((await world.answer(flow, { challenge }, undefined)).no, undefined, 'it is spent')
})

test('S-86: an approval without or with a wrong number fails and counts; five of them kill the challenge', async () => {
  const world = await open()
  const { flow, challenge, number } = await world.ask()
  const request = await world.request()
  const wrong = String((Number(number) + 1) % 1_000_000).padStart(6, '0')
  const say = (typed?: string) =>
    decide(world.parts, world.call(world.device.answer(request, 'allow', typed)), 'answer')
  assert.equal((await say()).no, 'wrong-proof')
  for (let i = 0; i < 4; i++) assert.equal((await say(wrong)).no, 'wrong-proof')
  const [it] = await world.authenticators(world.ada)
  assert.equal(it?.failures, 5)
  assert.equal((await say(number)).no, 'challenge-expired')
  assert.equal((await world.answer(flow, { challenge }, undefined)).no, 'challenge-expired')
})

test('AC-54: approved after expiry, after denial, twice, for another challenge or by another device it is refused', async () => {
  const world = await open()
  const other = newPushDevice({ clock: world.clock.now })
  await enrolDevice(world, world.ada, other)
  const say = (statement: string) => decide(world.parts, world.call(statement), 'answer')

  const first = await world.ask()
  const request = await world.request()
  const yes = (it: PushDevice, number = first.number, over = {}) => it.answer(request, 'allow', number, over)
  assert.equal((await say(yes(other))).no, 'challenge-unknown', 'another device')
  assert.equal((await say(yes(newPushDevice()))).no, 'authenticator-unknown', 'nobody’s device')
  assert.equal((await say(yes(world.device, first.number, { challenge: 'c' }))).no, 'challenge-unknown')
  assert.equal((await say(world.device.answer(request, 'deny'))).yes?.decision, 'declined')
  assert.equal((await say(yes(world.device))).no, 'challenge-expired', 'after denial')
  assert.equal((await world.answer(first.flow, { challenge: first.challenge }, undefined)).no, 'declined')
  assert.equal((await world.answer(first.flow, { challenge: first.challenge }, undefined)).no, 'declined')

  const second = await world.ask()
  const next = await world.request()
  const moved = { ...request, challenge: next.challenge }
  assert.equal((await say(world.device.answer(moved, 'allow', second.number))).no, 'wrong-proof', 'context of another')
  const good = world.device.answer(next, 'allow', second.number)
  assert.equal((await say(good)).no, undefined)
  assert.equal((await say(good)).no, 'challenge-expired', 'a replay')

  const third = await world.ask()
  const late = await world.request()
  world.clock.advance(300)
  assert.equal((await say(world.device.answer(late, 'allow', third.number))).no, 'challenge-expired', 'after expiry')
})

test('an approval is good in the flow that asked for it and in no other', async () => {
  const world = await open()
  const { challenge, number } = await world.ask()
  await decide(world.parts, world.call(world.device.answer(await world.request(), 'allow', number)), 'answer')
  const stranger = await world.ticket('ada')
  assert.equal((await world.answer(stranger, { challenge }, undefined)).no, 'challenge-of-other-flow')
})

test('S-28, AC-1: of 50 polls that find an approval, exactly one finishes the flow', async () => {
  const world = await open()
  const { flow, challenge, number } = await world.ask()
  await decide(world.parts, world.call(world.device.answer(await world.request(), 'allow', number)), 'answer')
  const all = await Promise.all(Array.from({ length: 50 }, () => world.answer(flow, { challenge }, undefined)))
  assert.equal(all.filter((it) => it.no === undefined).length, 1)
  assert.equal((await world.events('login.granted')).length, 1)
})

test('S-28: of 50 devices that scan one code at once, exactly one is bound', async () => {
  const world = await openWorld(withPush)
  const { uri } = await beginEnrolment(world, await world.addUser('ada'))
  const statements = Array.from({ length: 50 }, () => newPushDevice({ clock: world.clock.now }).enrol(uri))
  const all = await Promise.all(statements.map((it) => decide(world.parts, callOf(world)(it), 'enrol')))
  assert.equal(all.filter((it) => it.no === undefined).length, 1)
})

test('S-87, AC-53: of 100 login starts in 10 minutes few reach the device: 3 in 5 minutes, one open at a time', async () => {
  const world = await open({ subscription })
  let asked = 0
  for (let i = 0; i < 100; i++) {
    world.clock.advance(6)
    const flow = await world.ticket('ada')
    const outcome = await world.engine.challenge({ caller: caller(world), ticket: flow.ticket, kinds: ['push'] })
    if (outcome.yes) asked++
    else assert.equal(outcome.no, 'too-many-messages')
  }
  assert.equal(asked, 6)
  const pushes = (await world.outbox()).filter(({ channel }) => channel === 'push')
  assert.equal(pushes.length, 6)
  const open_ = await pendingRequests(world.parts, world.call(world.device.say('list')))
  assert((open_.yes?.length ?? 9) <= 1)
})

test('S-87: ten unanswered requests in a day are enough; answered ones do not count among them', async () => {
  const world = await open()
  const ask = async () => {
    const flow = await world.ticket('ada')
    return await world.engine.challenge({ caller: caller(world), ticket: flow.ticket, kinds: ['push'] })
  }
  for (let i = 0; i < 12; i++) {
    assert((await ask()).yes)
    if (i < 2) await decide(world.parts, world.call(world.device.answer(await world.request(), 'deny')), 'answer')
    world.clock.advance(301)
  }
  assert.equal((await ask()).no, 'too-many-messages')
  world.clock.advance(86_400)
  assert((await ask()).yes)
})

test('S-166: requests of a time the clock has yet to come to again keep nobody waiting', async () => {
  const world = await open()
  // So that the password is older than any ticket here.
  world.clock.advance(7_200)
  for (let i = 0; i < 3; i++) await world.ask()
  world.clock.advance(-3_600)
  const { challenge } = await world.ask()
  assert.notEqual(challenge, '')
})

test('S-87, AC-53: the report that it was not me stops requests, raises an alarm and tells the owner, until the password is new', async () => {
  const world = await open()
  await world.ask()
  const request = await world.request()
  assert.equal(
    (await decide(world.parts, world.call(world.device.answer(request, 'report')), 'answer')).yes?.decision,
    'declined',
  )
  assert.equal((await world.events('approval.reported')).length, 1)
  assert((await world.outbox()).some(({ purpose, text }) => purpose === 'notice' && /not yours/.test(text)))
  world.clock.advance(30 * 86_400)
  const flow = await world.ticket('ada')
  const again = () => world.engine.challenge({ caller: caller(world), ticket: flow.ticket, kinds: ['push'] })
  assert.equal((await again()).no, 'authenticator-disabled')
  world.clock.advance(1)
  await world.put('users', { ...(await world.user(world.ada.id)), passwordChangedAt: world.clock.now() })
  const fresh = await world.ticket('ada')
  const after = await world.engine.challenge({ caller: caller(world), ticket: fresh.ticket, kinds: ['push'] })
  assert.equal(refusalOf(after).startsWith('granted'), true)
})

test('S-59: polls go at 5 s, and 5 s slower after each that came too soon; an approval is never kept waiting', async () => {
  const world = await open()
  const { flow, challenge, number } = await world.ask()
  const poll = async (after: number) => {
    world.clock.advance(after)
    return (await world.answer(flow, { challenge }, undefined)).no
  }
  const said = [await poll(0), await poll(1), await poll(5), await poll(15), await poll(15)]
  assert.deepEqual(said, ['waiting', 'slow-down', 'slow-down', 'waiting', 'waiting'])
  await decide(world.parts, world.call(world.device.answer(await world.request(), 'allow', number)), 'answer')
  assert.equal(await poll(0), undefined)
})

test('a device is asked one thing at a time: a newer request takes the place of the older', async () => {
  const world = await open()
  const first = await world.ask()
  const old = await world.request()
  world.clock.advance(1)
  const second = await world.ask()
  const told = await pendingRequests(world.parts, world.call(world.device.say('list')))
  assert.equal(told.yes?.length, 1)
  const late = await decide(world.parts, world.call(world.device.answer(old, 'allow', first.number)), 'answer')
  assert.equal(late.no, 'challenge-expired')
  const done = await decide(
    world.parts,
    world.call(world.device.answer(await world.request(), 'allow', second.number)),
    'answer',
  )
  assert.equal(done.no, undefined)
})

test('S-88: statements are for one server, one act and now; a removed device is dead', async () => {
  const world = await open()
  const list = (over = {}, act = 'list') => pendingRequests(world.parts, world.call(world.device.say(act, {}, over)))
  assert.equal((await list()).no, undefined)
  assert.equal((await list({ aud: 'https://evil.example' })).no, 'wrong-proof')
  assert.equal((await list({}, 'leave')).no, 'wrong-proof')
  assert.equal((await list({ at: world.clock.now() - 121_000 })).no, 'stale-proof')
  assert.equal((await list({ kid: 'x' })).no, 'authenticator-unknown')
  const [it] = await world.authenticators(world.ada)
  await world.store.change({}, () => ({
    result: undefined,
    writes: [{ do: 'remove', table: 'authenticators', tenant: world.tenant.id, id: it?.id ?? '' }],
  }))
  assert.equal((await list()).no, 'authenticator-unknown')
})

test('where a device is alerted is kept sealed, changes in the order of its clock, and is dropped when it is gone', async () => {
  const world = await open()
  const subscribe = (at: number, it: unknown) =>
    subscribeDevice(world.parts, world.call(world.device.say('subscribe', { subscription: it }, { at })))
  const now = world.clock.now()
  assert.equal((await subscribe(now, subscription)).no, undefined)
  assert.equal((await subscribe(now, null)).no, 'stale-proof', 'a repetition')
  assert.equal((await subscribe(now + 1, { endpoint: 'http://a' })).no, 'bad-secret')
  const kept = async () => (await world.authenticators(world.ada))[0]
  assert(!JSON.stringify(await kept()).includes('fcm'))
  await world.ask()
  const [alert] = (await world.outbox()).filter(({ channel }) => channel === 'push')
  assert.equal(alert?.to, endpoint)
  assert.match(alert?.text ?? '', /^Open the authenticator/)
  const { id = '' } =
    (await world.store.list('challenges', world.tenant.id, { limit: 9 })).find(({ purpose }) => purpose === 'login') ??
    {}
  await forgetAlert(world.parts, world.tenant.id, id, 'https://elsewhere.example')
  assert((await kept())?.sealed)
  await forgetAlert(world.parts, world.tenant.id, id, endpoint)
  assert.equal((await kept())?.sealed, undefined)
})

test('a device may take itself out, but not as the last factor where one is required (S-66)', async () => {
  const world = await open()
  const leave = () => leaveDevice(world.parts, world.call(world.device.say('leave')))
  assert.equal((await leave()).no, 'last-authenticator')
  await world.enrolApp(world.ada)
  assert.equal((await leave()).no, undefined)
  assert.equal((await leave()).no, 'authenticator-unknown')
})

test('a place begins with its country where the network is known, and a database that fails stops nothing', async () => {
  const world = await openWorld(withPush)
  const at = world.clock.now()
  const known = { networks: { lookup: () => ({ country: 'DE' }) } }
  const broken = { networks: { lookup: () => assert.fail('unreadable') } }
  assert.equal(occasionOf(known, caller(world), at).place, 'DE, 203.0.113.*')
  assert.equal(occasionOf(broken, caller(world), at).place, '203.0.113.*')
})

test('how far a request has come can be told: sent, seen by the device, allowed, denied', async () => {
  const world = await open()
  const { challenge, number } = await world.ask()
  const progress = () => approvalProgress(world.parts, world.tenant.id, challenge)
  assert.equal(await progress(), 'sent')
  const request = await world.request()
  assert.equal(await progress(), 'seen')
  await decide(world.parts, world.call(world.device.answer(request, 'allow', number)), 'answer')
  assert.equal(await progress(), 'allowed')
  const second = await world.ask()
  await decide(world.parts, world.call(world.device.answer(await world.request(), 'deny')), 'answer')
  assert.equal(await approvalProgress(world.parts, world.tenant.id, second.challenge), 'denied')
  assert.equal(await approvalProgress(world.parts, world.tenant.id, 'nothing'), undefined)
})

test('a place is an address without its last part', () => {
  assert.deepEqual(['203.0.113.7', '::ffff:203.0.113.7', '2001:db8:1:2:3::4', '::1'].map(coarse), [
    '203.0.113.*',
    '203.0.113.*',
    '2001:db8:1:*',
    '::*',
  ])
})
