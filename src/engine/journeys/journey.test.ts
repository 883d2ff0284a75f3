import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWorld, refusalOf, type World } from '#test/support/world.ts'
import { type Journey, journeyToken, openJourney, passed, readJourney, saveJourney, withChallenge } from './journey.ts'

async function begin() {
  const world = await openWorld()
  const state = { login: 'ada@example.com' }
  const journey = await openJourney(world.parts, world.caller(), { kind: 'sign-in', phase: 'first', state })
  return { world, journey, token: journeyToken(world.parts, journey) }
}

const step = ({ parts, caller }: World, journey: Journey) =>
  saveJourney(parts, journey, (it) => passed(parts, caller(), it, { phase: 'more' }))

test('a stage has any number of tokens, and all of them die when it is passed', async () => {
  const { world, journey, token } = await begin()
  const { parts, caller } = world
  const other = journeyToken(parts, journey)
  assert.notEqual(token, other)
  for (const it of [token, other]) assert.equal((await readJourney(parts, caller(), it)).yes?.stage, 0)
  const next = await step(world, journey)
  for (const it of [token, other]) assert.equal(refusalOf(await readJourney(parts, caller(), it)), 'ticket-unknown')
  const fresh = journeyToken(parts, next.yes ?? assert.fail(next.no))
  assert.equal((await readJourney(parts, caller(), fresh)).yes?.phase, 'more')
})

test('nobody who has a token of one stage can make one of the next, nor of another journey', async () => {
  const { world, journey, token } = await begin()
  const { parts, caller } = world
  const second = await openJourney(parts, caller(), { kind: 'sign-in', phase: 'first', state: {} })
  await step(world, journey)
  const forged = [
    token.replace('.0.', '.1.'),
    token.replace(journey.id, second.id),
    `${token}x`,
    token.slice(0, -1),
    `${journey.id}.1`,
    '',
  ]
  for (const it of forged) assert.equal(refusalOf(await readJourney(parts, caller(), it)), 'ticket-unknown', it)
})

test('of two who pass a stage at once one does', async () => {
  const { world, journey } = await begin()
  const both = await Promise.all([step(world, journey), step(world, journey)])
  assert.deepEqual(both.map((it) => it.no ?? 'passed').toSorted(), ['passed', 'ticket-unknown'])
})

test('a token is of use to its client and dialect alone; the audit names both clients', async () => {
  const { world, token } = await begin()
  const { parts, caller, spa } = world
  const foreign = await readJourney(parts, caller({ application: spa }), token)
  assert.equal(refusalOf(foreign), 'ticket-of-other-client')
  const [event] = await world.events('proof.checked')
  assert.deepEqual([event?.client, event?.details], ['spa', { issuedTo: 'web' }])
  assert.equal(refusalOf(await readJourney(parts, caller({ dialect: 'other' }), token)), 'ticket-unknown')
  assert.equal((await readJourney(parts, caller(), token)).no, undefined)
})

test('a stage lasts 600 s, each passed one gives as much again, and half an hour is the end', async () => {
  const { world, journey, token } = await begin()
  const { parts, caller, clock } = world
  clock.advance(600)
  assert.equal(refusalOf(await readJourney(parts, caller(), token)), 'ticket-expired')
  clock.advance(-1)
  let now = journey
  for (const seconds of [599, 599, 599]) {
    const next = await step(world, now)
    now = next.yes ?? assert.fail(next.no)
    assert.ok(now.endsAt <= journey.startedAt + 1_800_000)
    clock.advance(seconds)
  }
  assert.equal(refusalOf(await step(world, now)), 'ticket-expired')
})

test('the handle of a challenge is stored sealed, and forgotten with its stage', async () => {
  const { world, journey } = await begin()
  const { parts } = world
  const saved = await saveJourney(parts, journey, (it) => withChallenge(parts, it, 'the-handle-of-a-challenge'))
  const kept = saved.yes ?? assert.fail(saved.no)
  const rows = await world.store.list('artifacts', world.tenant.id, { limit: 10 })
  assert.ok(kept.state.challenge)
  assert.ok(!JSON.stringify(rows).includes('the-handle-of-a-challenge'))
  assert.equal((await step(world, kept)).yes?.state.challenge, undefined)
})
