import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factors } from '#factors/index.ts'
import { factorContract } from '#test/contracts/factor.contract.ts'
import { openWorld, type World } from '#test/support/world.ts'
import { knock, knockAnswer } from './knock.ts'

factorContract(knock, {
  proof: (it) => knockAnswer(it.secret, it.asked?.show?.number ?? it.show?.uri?.slice('knock:'.length)),
  wrong: (right) => `${right}1`,
  adopts: { good: [{ material: { number: 5 } }], bad: [{}, { number: 'five' }] },
})

/** The one line a new factor costs. */
const withKnock = [...factors, knock]
const open = (allowedFactors?: readonly string[]): Promise<World> =>
  openWorld({
    factors: withKnock,
    tenant: { factors: ['password', 'sms', 'totp', 'knock', 'recovery_code'], mfa: { mode: 'ALWAYS', allowedFactors } },
  })

async function enrolKnock(world: World, name: string) {
  await world.addUser(name)
  const flow = await world.ticket(name)
  assert.equal(flow.ticket.requirement.enrol?.[0], 'knock', 'the policy offers it, first by its rank')
  const started = await world.engine.enrol({ caller: world.caller(), flow, kind: 'knock' })
  const { challenge = '', show, authenticator, recoveryCodes } = started.yes ?? assert.fail(started.no)
  const secret = new Uint8Array([Number(show?.secret)])
  const proof = knockAnswer(secret, show?.uri?.slice('knock:'.length))
  const confirmed = await world.answer(flow, { challenge }, proof)
  assert.deepEqual(confirmed.yes?.granted.assurance.amr, ['pwd', 'hwk', 'mfa'])
  assert.equal(recoveryCodes?.length, 1)
  return { secret, authenticator }
}

test('a factor nobody has heard of enrols, is asked for, answers and is named in amr, without any other change', async () => {
  const world = await open()
  const { secret } = await enrolKnock(world, 'ada')
  const flow = await world.ticket('ada')
  assert.deepEqual(flow.ticket.requirement.challenge, ['knock', 'recovery_code'])
  const asked = await world.engine.challenge({ caller: world.caller(), ticket: flow.ticket })
  const { challenge = '', show, factor } = asked.yes ?? assert.fail(asked.no)
  assert.equal(factor.kind, 'knock')
  assert.equal((await world.answer(flow, { challenge }, 'knock 0')).no, 'wrong-proof')
  const done = await world.answer(flow, { challenge }, knockAnswer(secret, show?.number))
  assert.deepEqual(done.yes?.granted.assurance.amr, ['pwd', 'hwk', 'mfa'])
  assert.match(done.yes?.granted.assurance.acr ?? '', /aal2$/)
})

test('the limits hold for it too: five wrong answers kill its challenge, ten make its device wait', async () => {
  const world = await open()
  const { secret, authenticator } = await enrolKnock(world, 'ada')
  const ask = async () => {
    const flow = await world.ticket('ada')
    const asked = await world.engine.challenge({ caller: world.caller(), ticket: flow.ticket })
    return { flow, asked }
  }
  for (let round = 0; round < 2; round++) {
    const { flow, asked } = await ask()
    const { challenge = '', show } = asked.yes ?? assert.fail(asked.no)
    for (let i = 0; i < 5; i++) assert.equal((await world.answer(flow, { challenge }, 'knock')).no, 'wrong-proof')
    if (round === 0) {
      assert.equal((await world.answer(flow, { challenge }, knockAnswer(secret, show?.number))).no, 'wrong-proof')
    }
  }
  assert.equal((await world.authenticator(authenticator.id)).failures, 10)
  assert.equal((await ask()).asked.no, 'too-many-attempts')
})

test('policy can demand it by its name', async () => {
  const world = await open(['knock'])
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  const flow = await world.ticket('ada')
  const more = await world.answer(flow, { kind: 'totp' }, app.code())
  assert.deepEqual(more.no === 'more-proof' ? more.require.enrol : more, ['knock'])
})

test('where the tenant has it switched off it is neither offered nor taken', async () => {
  const world = await openWorld({ factors: withKnock, tenant: { mfa: { mode: 'ALWAYS' } } })
  await world.addUser('ada')
  const flow = await world.ticket('ada')
  assert(!flow.ticket.requirement.enrol?.includes('knock'))
  assert.equal((await world.engine.enrol({ caller: world.caller(), flow, kind: 'knock' })).no, 'factor-off')
})
