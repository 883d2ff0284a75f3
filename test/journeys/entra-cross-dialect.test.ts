import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide } from '#engine/approvals/decide.ts'
import { openCidaasWorld } from '../support/cidaas.ts'
import { assertError, type EntraWorld, entraOn, openEntraWorld, payload } from '../support/entra.ts'
import { newPushDevice, testHome } from '../support/push-device.ts'
import { enrolQuestions } from '../support/security-question.ts'
import { passwordOf } from '../support/world.ts'

const own = 'http://auth0.com/oauth/grant-type/'
const phone = '+15555550100'
const always = { tenant: { mfa: { mode: 'ALWAYS' } } } as const

/** Auth0's words for the confidential client of the same world. */
function auth0(it: EntraWorld) {
  const client = { client_id: 'web', client_secret: 'web-secret' }
  const send = (path: string, body: object, headers: Record<string, string> = {}) =>
    it.send('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify({ ...client, ...body }),
    })
  const mfaToken = async (name: string): Promise<string> => {
    const username = `${name}@example.com`
    const reply = await send('/oauth/token', { grant_type: 'password', username, password: passwordOf(name) })
    assert.equal(reply.body.error, 'mfa_required', reply.text)
    return reply.body.mfa_token
  }
  const oob = async (mfa_token: string, oob_code: string) =>
    send('/oauth/token', { grant_type: `${own}mfa-oob`, mfa_token, oob_code, binding_code: await it.lastCode() })
  return { send, mfaToken, oob }
}

test('a phone registered here is challenged through Auth0’s /mfa/challenge', async () => {
  const it = await openEntraWorld(always)
  await it.addUser('ada')
  const done = await it.register(await it.until('registration_required', 'ada'), 'sms', phone)
  assert.equal(done.status, 200, done.text)
  const { send, mfaToken, oob } = auth0(it)
  const mfa_token = await mfaToken('ada')
  const asked = await send('/mfa/challenge', { mfa_token, challenge_type: 'oob', oob_channel: 'sms' })
  assert.equal(asked.body.challenge_type, 'oob', asked.text)
  assert.equal((await oob(mfa_token, asked.body.oob_code)).status, 200)
})

test('a phone enrolled through Auth0’s /mfa/associate, by voice even, is asked for here by SMS', async () => {
  const it = await openEntraWorld(always)
  await it.addUser('ada')
  const { send, mfaToken, oob } = auth0(it)
  const mfa_token = await mfaToken('ada')
  const body = { authenticator_types: ['oob'], oob_channels: ['voice'], phone_number: phone }
  const begun = await send('/mfa/associate', body, { authorization: `Bearer ${mfa_token}` })
  assert.equal(begun.status, 200, begun.text)
  assert.equal((await oob(mfa_token, begun.body.oob_code)).status, 200)
  const done = await it.mfa(await it.until('mfa_required', 'ada'), 'sms')
  assert.equal(done.status, 200, done.text)
  assert.ok((payload(done.body.access_token).amr as string[]).includes('sms'))
})

test('a flow begun here does not go on there, nor the other way round', async () => {
  const it = await openEntraWorld(always)
  await it.addUser('ada')
  const continuation = await it.until('registration_required', 'ada')
  const { send, mfaToken } = auth0(it)
  const body = { authenticator_types: ['otp'] }
  const there = await send('/mfa/associate', body, { authorization: `Bearer ${continuation}` })
  assert.ok(there.status >= 400, there.text)
  const here = await it.post('/register/v1.0/introspect', { continuation_token: await mfaToken('ada') })
  assertError(here, 'invalid_request', 55200)
})

test('a user whose only factor has no words here is sent to the pages, and registers nothing', async () => {
  const it = await openEntraWorld(always)
  const ada = await it.addUser('ada')
  await it.enrolApp(ada)
  const reply = await it.password('ada')
  assert.deepEqual([reply.status, reply.body], [200, { challenge_type: 'redirect' }])
  const steered = await it.password('ada', {
    claims: JSON.stringify({ access_token: { acrs: { essential: true, value: 'c4' } } }),
  })
  assert.deepEqual(steered.body, { challenge_type: 'redirect' })
})

test('a user whose only factor is push is sent to the pages, where the number is shown', async () => {
  const it = await openEntraWorld({ tenant: { ...always.tenant, factors: ['password', 'sms', 'email', 'push'] } })
  const ada = await it.addUser('ada')
  const device = newPushDevice({ home: testHome, clock: it.clock.now })
  const flow = it.tokenFlow(ada)
  const caller = it.caller({ home: testHome })
  const begun = await it.engine.enrol({ caller, flow, kind: 'push' })
  const { show, challenge = '' } = begun.yes ?? assert.fail(begun.no)
  await decide(it.parts, { caller, statement: device.enrol(show?.uri ?? '') }, 'enrol')
  assert.equal((await it.answer(flow, { challenge }, undefined)).no, undefined)
  assert.deepEqual((await it.password('ada')).body, { challenge_type: 'redirect' })
})

test('a user whose only factor are security questions is sent to the pages', async () => {
  const it = await openEntraWorld({ tenant: { ...always.tenant, factors: ['password', 'sms', 'security_question'] } })
  await enrolQuestions(it, await it.addUser('ada'))
  assert.deepEqual((await it.password('ada')).body, { challenge_type: 'redirect' })
})

test('a phone registered here passes cidaas’ precheck', async () => {
  const world = await openCidaasWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  const it = await entraOn(world)
  await it.addUser('ada')
  const done = await it.register(await it.until('registration_required', 'ada'), 'sms', phone)
  assert.equal(done.status, 200, done.text)
  const pending = await world.pending('ada')
  const asked = await world.initiate(pending, 'SMS')
  assert.equal(asked.status, 200, asked.text)
  const proved = await world.verify('SMS', asked.body.data.exchange_id.exchange_id, await it.lastCode())
  assert.equal(proved.status, 200, proved.text)
  const tokens = await world.redeem(await world.goOn(pending))
  assert.equal(tokens.status, 200, tokens.text)
})

test('a phone set up through cidaas’ calls is asked for here', async () => {
  const cidaas = await openCidaasWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  const it = await entraOn(cidaas)
  await it.addUser('ada')
  const pending = await cidaas.pending('ada')
  const page = cidaas.browser()
  const begun = await page.xhr('POST', `/verification-actions-srv/setup/SMS/initiation/${pending.track}`, {
    phone_number: phone,
    mobile_number: phone,
  })
  assert.equal(begun.status, 200, begun.text)
  const confirm = { exchange_id: begun.body.data.exchange_id.exchange_id, pass_code: await it.lastCode() }
  const stored = await page.xhr('POST', '/verification-actions-srv/setup/SMS/verification', confirm)
  assert.equal(stored.status, 200, stored.text)
  const done = await it.mfa(await it.until('mfa_required', 'ada'), 'sms')
  assert.equal(done.status, 200, done.text)
})
