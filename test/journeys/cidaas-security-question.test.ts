import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { acr } from '#engine/assurance.ts'
import type { Tenant } from '#model/tenant.ts'
import { type CidaasWorld, openCidaasWorld, type Pending, type Reply } from '../support/cidaas.ts'

type Questions = readonly { readonly id: string; readonly question: string }[]
type Headers = Record<string, string>

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
const mine = ['Who taught you to swim?', 'Which street was your first?', 'What was your first book?']
const on: Partial<Tenant> = { factors: ['password', 'totp', 'sms', 'recovery_code', 'security_question'] }
const answersTo = (questions: Questions, of = (question: string) => `about ${question}`) =>
  questions.map(({ id, question }) => ({ id, answer: of(question) }))

const setupPath = (step: string, method = 'SECURITY_QUESTION') => `/verification-actions-srv/setup/${method}/${step}`

async function signedIn(world: CidaasWorld, name: string): Promise<Headers> {
  const id = await world.requestId({ client_id: 'plain' })
  const tokens = await world.redeem(await world.signIn(world.browser(), name, id), { client_id: 'plain' })
  assert.equal(tokens.status, 200, tokens.text)
  return { authorization: `Bearer ${tokens.body.access_token}` }
}

const begin = (world: CidaasWorld, headers: Headers, body: object): Promise<Reply> =>
  world.browser().xhr('POST', setupPath('initiation'), body, headers)

const idOf = (reply: Reply): string => reply.body.data.exchange_id.exchange_id

const confirm = (world: CidaasWorld, exchange_id: string, security_answers: unknown): Promise<Reply> =>
  world.browser().xhr('POST', setupPath('verification'), { exchange_id, security_answers })

async function withQuestions(over: Partial<Tenant> = {}) {
  const world = await openCidaasWorld({ tenant: { ...on, ...over } })
  const user = await world.addUser('ada')
  const headers = await signedIn(world, 'ada')
  const begun = await begin(world, headers, { security_questions: mine })
  assert.equal(begun.status, 200, begun.text)
  const offered: Questions = begun.body.data.security_questions
  const done = await confirm(world, idOf(begun), answersTo(offered))
  assert.equal(done.status, 200, done.text)
  return { world, user, headers, begun, done }
}

const answerIn = (world: CidaasWorld, exchange_id: string, security_answers: unknown): Promise<Reply> =>
  world.browser().xhr('POST', '/verification-srv/authentication/SECURITY_QUESTION/verification', {
    exchange_id,
    security_answers,
  })

async function asked(world: CidaasWorld, it: Pending): Promise<{ id: string; questions: Questions }> {
  const reply = await world.initiate(it, 'SECURITY_QUESTION')
  assert.equal(reply.status, 200, reply.text)
  return { id: idOf(reply), questions: reply.body.data.security_questions }
}

describe('cidaas.md §5.2: security questions, where a tenant has them', () => {
  test('they are off by default: nothing is set up, asked or listed', async () => {
    const world = await openCidaasWorld({ tenant: { securityQuestions: mine } })
    await world.enrolApp(await world.addUser('ada'))
    const it = await world.pending('ada')
    const refused = await world.initiate(it, 'SECURITY_QUESTION')
    assert.deepEqual([refused.status, refused.body.code], [417, 'VER_0028'])
    await world.addUser('bob')
    const begun = await begin(world, await signedIn(world, 'bob'), { security_questions: mine })
    assert.deepEqual([begun.status, begun.body.error.error ?? begun.body.error], [400, 'method_not_active'])
  })

  test('their owner makes them up, is asked for them, and the token says what that was worth', async () => {
    const { world, begun, done, headers } = await withQuestions()
    assert.deepEqual(
      (begun.body.data.security_questions as Questions).map((it) => it.question),
      mine,
    )
    assert.equal(done.body.data.enrolled, true)
    assert.equal(begun.body.data.backup_codes, undefined, 'no saved code comes along with answers')
    const own = await world.browser().xhr('GET', '/verification-actions-srv/users/configurations', undefined, headers)
    assert.deepEqual(own.body.data.configured_list, [
      { type: 'SECURITY_QUESTION', verification_type: 'SECURITY_QUESTION', mediums: [] },
    ])
    const it = await world.pending('ada')
    const meta = await world.browser().xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
    assert.deepEqual(
      meta.body.data.meta_data.userConfiguredMethods.map((one: { type: string }) => one.type),
      ['SECURITY_QUESTION'],
    )
    const { id, questions } = await asked(world, it)
    assert.deepEqual(
      questions.map((one) => one.question),
      mine,
    )
    // Large letters and more spaces are no other answer.
    const said = await answerIn(
      world,
      id,
      answersTo(questions, (question) => `  ABOUT  ${question} `),
    )
    assert.equal(said.status, 200, said.text)
    const tokens = await world.redeem(await world.goOn(it))
    const { amr, acr: level } = claims(tokens.body.access_token)
    assert(amr.includes('10') && amr.includes('30') && amr.includes('kba'), String(amr))
    assert(!amr.includes('mfa') && !amr.includes('mca'), 'two things somebody knows are one factor')
    assert(level === undefined || level === acr.aal1, level)
  })

  test('the tenant’s questions are offered where the user brings none; three of them have to be answered', async () => {
    const tenant = { ...on, securityQuestions: [...mine, 'What was your first job?', 'Where was it?'] }
    const world = await openCidaasWorld({ tenant })
    await world.addUser('ada')
    const begun = await begin(world, await signedIn(world, 'ada'), {})
    const offered: Questions = begun.body.data.security_questions
    assert.equal(offered.length, 5)
    assert.equal((await confirm(world, idOf(begun), answersTo(offered.slice(0, 2)))).status, 400)
    assert.equal(
      (
        await confirm(
          world,
          idOf(begun),
          answersTo(offered, () => 'the same'),
        )
      ).status,
      400,
    )
    assert.equal((await confirm(world, idOf(begun), undefined)).status, 400)
    const done = await confirm(world, idOf(begun), answersTo(offered.slice(1, 4)))
    assert.equal(done.status, 200, done.text)
    const { questions } = await asked(world, await world.pending('ada'))
    assert.deepEqual(
      questions.map((it) => it.question),
      tenant.securityQuestions.slice(1, 4),
    )
  })

  test('fewer than three, equal or endless questions are refused, and so are none where the tenant has none', async () => {
    const world = await openCidaasWorld({ tenant: on })
    await world.addUser('ada')
    const headers = await signedIn(world, 'ada')
    for (const security_questions of [undefined, mine.slice(1), [...mine.slice(1), mine[1]], 'who?', [1, 2, 3]]) {
      const reply = await begin(world, headers, { security_questions })
      assert.equal(reply.status, 400, JSON.stringify(security_questions))
    }
    assert.equal((await begin(world, headers, { security_questions: [...mine, 'x'.repeat(201)] })).status, 400)
  })

  test('S-17, S-18: wrong answers are counted, five kill what was asked, and ten make the account wait', async () => {
    const { world } = await withQuestions()
    const wrong = (questions: Questions) =>
      answersTo(questions, (question) => (question === mine[2] ? 'not so' : `about ${question}`))
    for (let round = 0; round < 2; round++) {
      const it = await world.pending('ada')
      const { id, questions } = await asked(world, it)
      for (let i = 0; i < 5; i++) assert.equal((await answerIn(world, id, wrong(questions))).status, 417)
      assert.notEqual((await answerIn(world, id, answersTo(questions))).status, 200, 'dead')
    }
    const later = await world.initiate(await world.pending('ada'), 'SECURITY_QUESTION')
    assert.deepEqual([later.status, later.body.code], [417, 'VER_0041'], later.text)
  })

  test('S-12: what was answered once is spent', async () => {
    const { world } = await withQuestions()
    const it = await world.pending('ada')
    const { id, questions } = await asked(world, it)
    assert.equal((await answerIn(world, id, answersTo(questions))).status, 200)
    assert.notEqual((await answerIn(world, id, answersTo(questions))).status, 200)
  })

  test('S-61: in a login that waits for a second factor nobody sets up answers of their own', async () => {
    const world = await openCidaasWorld({ tenant: { ...on, securityQuestions: mine } })
    await world.addUser('ada')
    const it = await world.pending('ada')
    const reply = await world.browser().xhr('POST', `${setupPath('initiation')}/${it.track}`, {})
    assert.deepEqual([reply.status, reply.body.success], [400, false])
  })

  test('S-62: beside a real factor they open nothing that changes factors; their owner removes them', async () => {
    const { world, user } = await withQuestions()
    const app = await world.enrolApp(user)
    const tokens = await world.tokens('ada', app.code())
    const strong = { authorization: `Bearer ${tokens.body.access_token}` }
    const it = await world.pending('ada')
    const { id, questions } = await asked(world, it)
    assert.equal((await answerIn(world, id, answersTo(questions))).status, 200)
    const weak = await world.redeem(await world.goOn(it))
    const path = '/verification-actions-srv/users/configurations/SECURITY_QUESTION'
    const page = world.browser()
    const refused = await page.xhr('DELETE', path, undefined, {
      authorization: `Bearer ${weak.body.access_token}`,
    })
    assert.equal(refused.status, 403, refused.text)
    assert.equal((await page.xhr('DELETE', path, undefined, strong)).status, 200)
    const gone = await world.initiate(await world.pending('ada'), 'SECURITY_QUESTION')
    assert.deepEqual([gone.status, gone.body.code], [417, 'VER_0026'])
  })

  test('switched off again, nobody is let in by answers', async () => {
    const { world, user } = await withQuestions()
    await world.enrolApp(user)
    const it = await world.pending('ada')
    const { id, questions } = await asked(world, it)
    await world.setTenant({ factors: ['password', 'totp'] })
    assert.notEqual((await answerIn(world, id, answersTo(questions))).status, 200)
    const refused = await world.initiate(it, 'SECURITY_QUESTION')
    assert.deepEqual([refused.status, refused.body.code], [417, 'VER_0028'])
  })

  test('our own page asks them in plain forms, again after a wrong answer', async () => {
    const { world } = await withQuestions({ pages: {} })
    const it = await world.pending('ada')
    const fields = { track_id: it.track, requestId: it.requestId, sub: it.sub }
    const post = (more: Record<string, string>) => it.browser.form('/identity/mfa_required', { ...fields, ...more })
    const read = (page: Reply) => ({
      exchange_id: /name="exchange_id" value="([^"]+)"/.exec(page.text)?.[1] ?? '',
      names: [...page.text.matchAll(/name="(answer_[^"]+)"/g)].map(([, name]) => name ?? ''),
    })
    const first = await post({ method: 'SECURITY_QUESTION' })
    for (const question of mine) assert(first.text.includes(question), first.text)
    const filled = (page: Reply, of: (question: string) => string) => {
      const { exchange_id, names } = read(page)
      const answers = names.map((name, i) => [name, of(mine[i] ?? '')] as const)
      return { method: 'SECURITY_QUESTION', exchange_id, ...Object.fromEntries(answers) }
    }
    const again = await post(filled(first, () => 'no idea at all'))
    assert.match(again.text, /role="alert"/)
    assert.equal(read(again).names.length, 3)
    const done = await post(filled(again, (question) => `about ${question}`))
    assert.equal(done.status, 307, done.text)
  })

  test('the Auth0 wire neither offers, asks nor sets them up', async () => {
    const { world, user } = await withQuestions({ securityQuestions: mine })
    const page = world.browser()
    const login = {
      grant_type: 'password',
      client_id: 'trusted',
      username: 'ada@example.com',
      password: 'the quite long password of ada',
    }
    const halted = await page.xhr('POST', '/oauth/token', login)
    assert.deepEqual([halted.status, halted.body.error], [403, 'mfa_required'], halted.text)
    const { mfa_token } = halted.body
    const asking = await page.xhr('POST', '/mfa/challenge', { client_id: 'trusted', mfa_token })
    assert.notEqual(asking.status, 200)
    await world.enrolApp(user)
    const both = await page.xhr('POST', '/oauth/token', login)
    assert.deepEqual(
      both.body.mfa_requirements.challenge.map((it: { type: string }) => it.type),
      ['otp'],
    )
    await world.addUser('bob')
    const bob = await page.xhr('POST', '/oauth/token', {
      ...login,
      username: 'bob@example.com',
      password: 'the quite long password of bob',
    })
    const offered = bob.body.mfa_requirements?.enroll.map((it: { type: string }) => it.type)
    assert.deepEqual(offered?.includes('security-question'), false)
  })
})
