import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWorld, type World } from '#test/support/world.ts'
import { nothingToIssue } from './issue.ts'
import { provePasswordless, startPasswordless } from './passwordless.ts'

const always = { tenant: { mfa: { mode: 'ALWAYS' as const } } }

async function pending(world: World) {
  const app = await world.enrolApp(await world.addUser('ada'))
  const flow = await world.ticket('ada')
  const record = (proof: string) =>
    world.engine.answer({
      caller: world.caller(),
      flow,
      to: { kind: 'totp' },
      proof,
      issue: nothingToIssue,
      recordOnly: true,
    })
  const finish = (caller = world.caller()) =>
    world.engine.finish({ caller, ticket: flow.ticket, handle: flow.handle ?? '', issue: nothingToIssue })
  return { app, flow, record, finish }
}

test('S-54: a flow that is finished before the proof stays where it was, with the same handle', async () => {
  const world = await openWorld(always)
  const { flow, finish, record, app } = await pending(world)
  const early = await finish()
  assert(early.no === 'more-proof' && early.ticket === flow.handle)
  assert.equal((await record('000000')).no, 'wrong-proof')
  assert.equal((await finish()).no, 'more-proof')
  assert.equal((await record(app.code())).no, undefined)
  const done = await finish()
  assert.deepEqual(done.yes?.granted.assurance.amr, ['pwd', 'otp', 'mfa'])
})

test('S-27: a recorded proof issues nothing by itself, and the flow is finished once', async () => {
  const world = await openWorld(always)
  const { finish, record, app } = await pending(world)
  assert.equal((await record(app.code())).yes?.missing, undefined)
  assert.equal((await world.events('login.granted')).length, 0)
  const both = await Promise.all([finish(), finish()])
  assert.deepEqual(both.map((it) => it.no).sort(), ['ticket-unknown', undefined])
  assert.equal((await world.events('login.granted')).length, 1)
  assert.equal((await record(app.code(1))).no, 'ticket-unknown')
})

test('S-49, S-50: nobody finishes the flow of another client, of another dialect, or one that is over', async () => {
  const world = await openWorld(always)
  const { finish, record, app } = await pending(world)
  await record(app.code())
  assert.equal((await finish(world.caller({ application: world.spa }))).no, 'ticket-of-other-client')
  assert.equal((await finish(world.caller({ dialect: 'other' }))).no, 'ticket-unknown')
  world.clock.advance(601)
  assert.equal((await finish()).no, 'ticket-expired')
})

test('a proof recorded in a flow counts for TIME_BASED when the flow is finished', async () => {
  const world = await openWorld({ tenant: { mfa: { mode: 'TIME_BASED', timeBasedSeconds: 60 } } })
  const { finish, record, app } = await pending(world)
  await record(app.code())
  assert.equal((await world.login('ada')).no, 'more-proof', 'not before')
  await finish()
  assert.equal((await world.login('ada')).no, undefined)
})

test('handles of a caller that asks for UUIDs are UUIDs, and no two are alike', async () => {
  const world = await openWorld(always)
  await world.enrolAddress(await world.addUser('ada'), 'sms', '+15555550101')
  const caller = world.caller({ handles: 'uuid' })
  const first = await world.ticket('ada', { caller })
  const second = await world.ticket('ada', { caller })
  const asked = await world.engine.challenge({ caller, ticket: first.ticket })
  const handles = [first.handle, second.handle, asked.yes?.challenge]
  for (const it of handles)
    assert.match(it ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(new Set(handles).size, 3)
})

test('S-102: a code for signing in is proved apart from the login; strangers get no message and are always wrong', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const caller = world.caller()
  const start = (to: string) => startPasswordless(world.parts, { caller, channel: 'email', to, signUp: false })
  const prove = (to: string, code: string) =>
    provePasswordless(world.parts, {
      caller,
      channel: 'email',
      to,
      code,
      keep: { refs: {}, decide: () => ({ kept: 'kept', writes: [] }) },
    })
  assert.equal((await start('nobody@example.com')).no, undefined)
  assert.deepEqual(await world.outbox(), [])
  assert.equal((await prove('nobody@example.com', '123456')).no, 'wrong-proof')
  await start('ada@example.com')
  const code = await world.lastCode()
  const proved = await prove('ADA@example.com', code)
  assert.equal(proved.yes?.user, ada.id)
  assert.equal(proved.yes?.proof.channel, 'email:ada@example.com')
  assert.equal((await prove('ada@example.com', code)).no, 'wrong-proof', 'spent')
})

test('S-52: what was proved earlier in the flow is not asked for again, whichever of its tickets it was proved under', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  await world.enrolAddress(ada, 'sms', '+15555550101')
  const { ticket } = await world.ticket('ada')
  const proved = { factor: 'sms', channel: 'phone:+15555550101', at: world.clock.now() }
  const successor = { ...ticket, proofs: [...ticket.proofs, proved], createdAt: world.clock.now() + 1 }
  await world.put('tickets', successor)
  world.clock.advance(1)
  const again = await world.engine.challenge({ caller: world.caller(), ticket: successor, kinds: ['voice'] })
  assert.equal(again.no, 'not-enrolled-with')
})
