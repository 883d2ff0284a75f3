import assert from 'node:assert/strict'
import type { User } from '#model/user.ts'
import type { World } from './world.ts'

const questions = ['Who taught you to swim?', 'Which street was your first?', 'What was your first book?']

/** TESTS ONLY: sets up answers for somebody who is signed in. */
export async function enrolQuestions(world: Pick<World, 'engine' | 'caller' | 'tokenFlow' | 'answer'>, user: User) {
  const flow = world.tokenFlow(user)
  const begun = await world.engine.enrol({ caller: world.caller(), flow, kind: 'security_question', questions })
  const { show, challenge = '' } = begun.yes ?? assert.fail(begun.no)
  const answers = show?.questions?.map(({ id, question }) => ({ id, answer: `about ${question}` }))
  const confirmed = await world.answer(flow, { challenge }, answers)
  assert.equal(confirmed.no, undefined)
}
