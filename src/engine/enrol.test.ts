import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32Decode } from '#crypto/base32.ts'
import { hotp, totpStep } from '#crypto/totp.ts'
import type { User } from '#model/user.ts'
import { openWorld, otherThan, refusalOf, type World } from '#test/support/world.ts'
import { listAuthenticators, removeAuthenticator, renameAuthenticator, replaceRecoveryCode } from './authenticators.ts'
import { systemAudit } from './events.ts'
import type { Flow } from './flow.ts'
import { nothingToIssue } from './issue.ts'

const phone = '+15555550101'
const always = { tenant: { mfa: { mode: 'ALWAYS' as const } } }

/** Starts the enrolment of an authenticator app; what it shows now. */
async function startApp(world: World, flow: Flow) {
  const started = await world.engine.enrol({ caller: world.caller(), flow, kind: 'totp' })
  const { authenticator, show, recoveryCodes } = started.yes ?? assert.fail(`refused: ${started.no}`)
  const secret = base32Decode(show?.secret ?? '') ?? assert.fail('no secret')
  return { authenticator, recoveryCodes, code: () => hotp(secret, totpStep(world.clock.now())) }
}

async function startPhone(world: World, flow: Flow, target = phone) {
  const started = await world.engine.enrol({ caller: world.caller(), flow, kind: 'sms', target })
  const { authenticator, challenge, recoveryCodes } = started.yes ?? assert.fail(`refused: ${started.no}`)
  return { authenticator, challenge: challenge ?? '', recoveryCodes, code: await world.lastCode() }
}

/** The saved code of a user, as the first enrolment showed it. */
async function withRecoveryCode(world: World, name: string) {
  const user = await world.addUser(name)
  const flow = world.tokenFlow(user)
  const app = await startApp(world, flow)
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
  world.clock.advance(30)
  return { user, app, saved: app.recoveryCodes?.[0] ?? assert.fail('no saved code') }
}

const states = async (world: World, user: User) =>
  (await world.authenticators(user)).map((it) => `${it.factor} ${it.state}`).sort()

test('S-15: an unconfirmed authenticator is neither offered nor accepted at login, and does not count as a factor', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const sms = await world.enrolAddress(ada, 'sms', phone)
  const flow = world.tokenFlow(ada)
  const app = await startApp(world, flow)
  const login = await world.ticket('ada')
  assert.deepEqual(login.ticket.requirement.challenge, ['sms', 'voice', 'recovery_code'])
  assert.equal((await world.answer(login, { kind: 'totp' }, app.code())).no, 'not-enrolled')
  const asked = await world.engine.challenge({
    caller: world.caller(),
    ticket: login.ticket,
    authenticator: app.authenticator.id,
  })
  assert.equal(asked.no, 'authenticator-unknown')
  assert.equal((await world.authenticator(sms.id)).state, 'confirmed')

  const bob = await world.addUser('bob')
  await startApp(world, world.tokenFlow(bob))
  assert.equal((await world.login('bob')).no, undefined, 'a pending one demands nothing')
})

test('S-15: only the flow that started an enrolment can confirm it', async () => {
  const world = await openWorld(always)
  await world.addUser('ada')
  const one = await world.ticket('ada')
  const app = await startApp(world, one)
  const sms = await startPhone(world, one)
  const two = await world.ticket('ada')
  assert.equal((await world.answer(two, { kind: 'totp' }, app.code())).no, 'not-enrolled')
  assert.equal((await world.answer(two, { challenge: sms.challenge }, sms.code)).no, 'challenge-of-other-flow')
  assert.equal((await world.answer(one, { kind: 'totp' }, app.code())).no, undefined)
})

test('S-15: an enrolment lasts 15 minutes', async () => {
  for (const [seconds, refusal] of [
    [899, undefined],
    [900, 'wrong-proof'],
  ] as const) {
    const world = await openWorld()
    const flow = world.tokenFlow(await world.addUser('ada'))
    const app = await startApp(world, flow)
    world.clock.advance(seconds)
    assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, refusal, `${seconds} s`)
  }
})

test('S-15: after five wrong codes an enrolment fails with the right one', async () => {
  const world = await openWorld()
  const flow = world.tokenFlow(await world.addUser('ada'))
  const app = await startApp(world, flow)
  for (let i = 0; i < 5; i++) {
    assert.equal((await world.answer(flow, { kind: 'totp' }, otherThan(app.code()))).no, 'wrong-proof')
  }
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, 'wrong-proof')

  const sms = await startPhone(world, flow)
  for (let i = 0; i < 5; i++) await world.answer(flow, { challenge: sms.challenge }, otherThan(sms.code))
  assert.equal((await world.answer(flow, { challenge: sms.challenge }, sms.code)).no, 'wrong-proof')
})

test('S-15: at most three enrolments of a user are open, the oldest gives way', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const flow = world.tokenFlow(ada)
  for (let i = 0; i < 5; i++) {
    await startPhone(world, flow, `+1555555010${i}`)
    world.clock.advance(1)
  }
  const open = (await world.authenticators(ada)).filter((it) => it.state === 'pending' && it.factor === 'sms')
  assert.deepEqual(open.map((it) => it.target).sort(), ['+15555550102', '+15555550103', '+15555550104'])
})

test('S-15, S-12: the code that confirmed an app cannot sign in', async () => {
  const world = await openWorld()
  const flow = world.tokenFlow(await world.addUser('ada'))
  const app = await startApp(world, flow)
  const code = app.code()
  assert.equal((await world.answer(flow, { kind: 'totp' }, code)).no, undefined)
  assert.equal((await world.answer(await world.ticket('ada'), { kind: 'totp' }, code)).no, 'wrong-proof')
})

test('S-14: the secret of an app is shown at its enrolment and stands sealed in the store', async () => {
  const world = await openWorld()
  const started = await world.engine.enrol({
    caller: world.caller(),
    flow: world.tokenFlow(await world.addUser('ada')),
    kind: 'totp',
  })
  const secret = started.yes?.show?.secret ?? assert.fail()
  const stored = await world.authenticator(started.yes?.authenticator.id ?? '')
  const bytes = Buffer.from(base32Decode(secret) ?? [])
  const dump = JSON.stringify([stored, await world.events()])
  for (const spelling of [secret, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')]) {
    assert(!dump.includes(spelling))
  }
  assert.equal(bytes.length, 20, 'S-9')
})

test('S-61, AC-2: the password alone enrols nothing beside a confirmed factor of any kind, and the owner hears of it once', async () => {
  for (const held of ['totp', 'sms', 'voice', 'email']) {
    const world = await openWorld()
    const ada = await world.addUser('ada')
    if (held === 'totp') await world.enrolApp(ada)
    else await world.enrolAddress(ada, held, held === 'email' ? 'ada@example.com' : phone)
    const flow = await world.ticket('ada')
    for (const kind of ['totp', 'sms', 'voice', 'email']) {
      const outcome = await world.engine.enrol({
        caller: world.caller(),
        flow,
        kind,
        target: kind === 'email' ? 'eve@example.com' : '+15555550199',
      })
      assert.equal(outcome.no, 'already-enrolled', `${kind} beside ${held}`)
    }
    const notices = (await world.outbox()).filter((it) => it.text.includes('tried to add a sign-in method'))
    assert.equal(notices.length, 1)
    assert.equal((await world.events('factor.enrolment-refused')).length, 4)
  }
})

test('S-61, AC-2: an enrolment begun on the password cannot be confirmed once the owner has confirmed a first factor', async () => {
  const world = await openWorld(always)
  const ada = await world.addUser('ada')
  const thief = await world.ticket('ada')
  const app = await startApp(world, thief)
  const sms = await startPhone(world, thief, '+15555550199')
  const owner = await world.ticket('ada')
  const own = await startPhone(world, owner)
  assert.equal((await world.answer(owner, { challenge: own.challenge }, own.code)).no, undefined)

  assert.equal((await world.answer(thief, { kind: 'totp' }, app.code())).no, 'already-enrolled')
  assert.equal((await world.answer(thief, { challenge: sms.challenge }, sms.code)).no, 'already-enrolled')
  assert.equal(
    (await states(world, ada)).filter((it) => it.endsWith('confirmed') && !it.startsWith('recovery')).length,
    1,
  )
})

test('S-61: the saved code shown to one flow does not become good by the enrolment of another', async () => {
  const world = await openWorld(always)
  const ada = await world.addUser('ada')
  const thief = await world.ticket('ada')
  const stolen = (await startApp(world, thief)).recoveryCodes?.[0] ?? assert.fail('no code')
  const owner = await world.ticket('ada')
  const sms = await startPhone(world, owner)
  const own = sms.recoveryCodes?.[0] ?? assert.fail('the owner gets a code too')
  assert.equal((await world.answer(owner, { challenge: sms.challenge }, sms.code)).no, undefined)
  assert.deepEqual(await states(world, ada), ['recovery_code confirmed', 'sms confirmed', 'totp pending'])
  const login = await world.ticket('ada')
  assert.equal((await world.answer(login, { kind: 'recovery_code' }, stolen)).no, 'wrong-proof')
  assert.equal((await world.answer(login, { kind: 'recovery_code' }, own)).no, undefined)
})

test('S-61: after a factor was proved in the flow another may be added where policy asks for a certain kind', async () => {
  const world = await openWorld({ tenant: { mfa: { mode: 'ALWAYS', allowedFactors: ['totp'] } } })
  const ada = await world.addUser('ada')
  await world.enrolAddress(ada, 'sms', phone)
  const flow = await world.ticket('ada')
  assert.deepEqual(flow.ticket.requirement.challenge?.slice(0, 1), ['sms'])
  const { challenge, code } = await world.challenge(flow, 'sms')
  const more = await world.answer(flow, { challenge }, code)
  assert(more.no === 'more-proof')
  assert.equal(more.ticket, flow.handle)
  assert.deepEqual(more.require.enrol, ['totp'])
  const app = await startApp(world, flow)
  const done = await world.answer(flow, { kind: 'totp' }, app.code())
  assert.deepEqual(done.yes?.granted.assurance.amr, ['pwd', 'otp', 'sms', 'mfa', 'mca'])
})

test('S-62: what was proved must be of the best class the account has before something is added', async () => {
  const table: readonly [has: readonly string[], proved: string, adds: boolean][] = [
    [['email'], 'email', true],
    [['sms'], 'sms', true],
    [['email', 'sms'], 'sms', true],
    [['email', 'sms'], 'email', false],
  ]
  for (const [has, proved, adds] of table) {
    const world = await openWorld({ tenant: { mfa: { mode: 'ALWAYS', allowedFactors: ['totp'] } } })
    const ada = await world.addUser('ada')
    for (const kind of has) await world.enrolAddress(ada, kind, kind === 'email' ? 'ada@example.com' : phone)
    const flow = await world.ticket('ada')
    const { challenge, code } = await world.challenge(flow, proved)
    assert.equal((await world.answer(flow, { challenge }, code)).no, 'more-proof')
    const outcome = await world.engine.enrol({ caller: world.caller(), flow, kind: 'totp' })
    assert.equal(outcome.no, adds ? undefined : 'already-enrolled', `${has.join('+')}, proved ${proved}`)
  }
})

test('S-63: a token that changes factors needs a second factor of the last 300 s where one exists', async () => {
  const world = await openWorld({ tenant: { mfa: { mode: 'OFF' } } })
  const ada = await world.addUser('ada')
  const wish = { managesFactors: true }
  assert.equal((await world.login('ada', { wish })).no, undefined, 'without a factor the password is enough')
  const sms = await world.enrolAddress(ada, 'sms', phone)
  assert.equal((await world.login('ada')).no, undefined, 'an ordinary token needs none: the mode is OFF')
  assert.equal((await world.login('ada', { wish })).no, 'more-proof')

  for (const [age, asked] of [
    [300, undefined],
    [301, 'more-proof'],
  ] as const) {
    const at = world.clock.now() - age * 1_000
    const proofs = [
      { factor: 'password', channel: 'password', at },
      { factor: 'sms', authenticator: sms.id, channel: `phone:${phone}`, at },
    ]
    const request = { caller: world.caller(), user: ada.id, proofs, issue: nothingToIssue }
    const full = { dialect: 'test', grantType: 'refresh_token', scope: [], ...wish }
    const outcome = await world.engine.admit({ ...request, wish: full })
    assert.equal(outcome.no, asked, `${age} s`)
    if (outcome.no !== 'more-proof') continue
    assert.deepEqual(outcome.require.challenge?.slice(0, 2), ['sms', 'voice'])
    const flow = await world.flowOf(outcome.ticket)
    const { challenge, code } = await world.challenge(flow, 'sms')
    assert.equal((await world.answer(flow, { challenge }, code)).no, undefined, 'the stale factor can be proved again')
  }
})

test('S-46: a login by saved code gives no token that changes factors; the code that replaces it is not lost', async () => {
  const world = await openWorld()
  const { app, saved } = await withRecoveryCode(world, 'ada')
  const flow = await world.ticket('ada', { wish: { managesFactors: true } })
  const more = await world.answer(flow, { kind: 'recovery_code' }, saved)
  assert(more.no === 'more-proof')
  assert.deepEqual(more.require.challenge, ['totp'])
  const next = more.show?.codes?.[0] ?? assert.fail('the new code is not shown')
  const refused = await world.engine.enrol({ caller: world.caller(), flow, kind: 'sms', target: phone })
  assert.equal(refused.no, 'already-enrolled')
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
  assert.equal((await world.answer(await world.ticket('ada'), { kind: 'recovery_code' }, next)).no, undefined)
})

test('S-46: nor does it help where the only factor is disabled', async () => {
  const world = await openWorld()
  const { app, saved } = await withRecoveryCode(world, 'ada')
  const it = await world.authenticator(app.authenticator.id)
  await world.put('authenticators', { ...it, state: 'disabled', failures: 100 })
  const outcome = await world.login('ada', { wish: { managesFactors: true } })
  assert.equal(outcome.yes, undefined)
  const plain = await world.ticket('ada')
  assert.deepEqual(plain.ticket.requirement.challenge, ['recovery_code'])
  const signed = await world.answer(plain, { kind: 'recovery_code' }, saved)
  assert.deepEqual(signed.yes?.granted.assurance.amr, ['pwd', 'otp', 'recovery', 'mfa'], 'signing in it may')
})

test('S-45: a saved code works once, is replaced by the next, and use and replacement are told', async () => {
  const world = await openWorld()
  const { user, saved } = await withRecoveryCode(world, 'ada')
  const done = await world.answer(await world.ticket('ada'), { kind: 'recovery_code' }, saved.toLowerCase())
  const next = done.yes?.show?.codes?.[0] ?? assert.fail(refusalOf(done))
  assert.equal((await world.answer(await world.ticket('ada'), { kind: 'recovery_code' }, saved)).no, 'wrong-proof')
  const event = systemAudit(world.parts, world.tenant.id, 'recovery.replaced')
  const replaced = await replaceRecoveryCode(world.parts, world.caller(), user.id, event)
  assert.equal((await world.answer(await world.ticket('ada'), { kind: 'recovery_code' }, next)).no, 'wrong-proof')
  const newest = replaced.yes?.codes[0] ?? assert.fail()
  assert.equal((await world.answer(await world.ticket('ada'), { kind: 'recovery_code' }, newest)).no, undefined)
  const told = (await world.outbox()).map((it) => it.text)
  assert.equal(told.filter((it) => it.includes('recovery code was used')).length, 2)
  assert.equal(told.filter((it) => it.includes('recovery code of your account was replaced')).length, 1)
  assert(!JSON.stringify(await world.authenticators(user)).includes(newest))
})

test('a user with nothing but a saved code has no factor yet and may enrol the first one', async () => {
  const world = await openWorld(always)
  const ada = await world.addUser('ada')
  const event = systemAudit(world.parts, world.tenant.id, 'recovery.replaced')
  await replaceRecoveryCode(world.parts, world.caller(), ada.id, event)
  const flow = await world.ticket('ada')
  assert.deepEqual(flow.ticket.requirement.enrol, ['totp', 'sms', 'voice', 'email'])
  const app = await startApp(world, flow)
  assert.equal(app.recoveryCodes, undefined, 'the one there is stays')
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code())).no, undefined)
})

test('S-64: adding and removing a factor is told to the verified address, without secrets', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  assert.equal((await removeAuthenticator(world.parts, world.caller(), ada.id, app.authenticator.id)).no, undefined)
  const told = await world.outbox()
  assert.deepEqual(
    told.map((it) => [it.channel, it.to, it.purpose]),
    Array(2).fill(['email', 'ada@example.com', 'notice']),
  )
  assert.match(told[0]?.text ?? '', /was added .*\(totp\).*contact/)
  assert.match(told[1]?.text ?? '', /was removed .*\(totp\)/)
})

test('S-64: nothing goes to an address that was never verified', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada', { emailVerified: false })
  await world.enrolApp(ada)
  assert.deepEqual(await world.outbox(), [])
})

test('S-66: the last factor stays while tenant, application or user require one, and of two removals at once one succeeds', async () => {
  for (const [required, tenant, user] of [
    [true, { mfa: { mode: 'ALWAYS' as const } }, {}],
    [true, { mfa: { mode: 'TIME_BASED' as const, timeBasedSeconds: 60 } }, {}],
    [true, { mfa: { mode: 'SMART' as const } }, {}],
    [true, {}, { mfaEnabled: true }],
    [false, { mfa: { mode: 'OFF' as const } }, {}],
    [false, {}, {}],
  ] as const) {
    const world = await openWorld({ tenant })
    const ada = await world.addUser('ada', user)
    const app = await world.enrolApp(ada)
    const sms = await world.enrolAddress(ada, 'sms', phone)
    const outcomes = await Promise.all(
      [app.authenticator, sms].map((it) => removeAuthenticator(world.parts, world.caller(), ada.id, it.id)),
    )
    const refusals = outcomes.map((it) => it.no).filter((it) => it !== undefined)
    assert.deepEqual(refusals, required ? ['last-authenticator'] : [], JSON.stringify([tenant, user]))
    if (!required) assert.deepEqual(await states(world, ada), [], 'the saved code goes with the last factor')
  }
})

test('an authenticator of somebody else can be neither removed nor renamed', async () => {
  const world = await openWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const eve = await world.addUser('eve')
  const id = app.authenticator.id
  assert.equal((await removeAuthenticator(world.parts, world.caller(), eve.id, id)).no, 'authenticator-unknown')
  assert.equal((await renameAuthenticator(world.parts, world.caller(), eve.id, id, 'x')).no, 'authenticator-unknown')
  assert.equal((await world.authenticator(id)).name, undefined)
})

test('S-71: the 21st factor of a user is refused by name', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  const app = await world.enrolApp(ada)
  for (let i = 0; i < 19; i++)
    await world.put('authenticators', { ...app.authenticator, id: `x${i}` as typeof app.authenticator.id })
  const outcome = await world.engine.enrol({ caller: world.caller(), flow: world.tokenFlow(ada), kind: 'totp' })
  assert.deepEqual(outcome, { no: 'limit-reached', what: 'authenticators' })
})

test('a factor that is unknown, off, or without a channel is refused before anything is written', async () => {
  const world = await openWorld({ tenant: { factors: ['password', 'totp', 'email'] } })
  const flow = world.tokenFlow(await world.addUser('ada'))
  const ask = async (kind: string, target?: unknown) =>
    (await world.engine.enrol({ caller: world.caller(), flow, kind, target })).no
  assert.equal(await ask('carrier-pigeon'), 'factor-unknown')
  assert.equal(await ask('recovery_code'), 'factor-unknown')
  assert.equal(await ask('sms', phone), 'factor-off')
  assert.equal(await ask('email', 'no address'), 'bad-address')
  const silent = { ...world.parts, channels: new Set<string>() }
  const { enrol } = await import('./enrol.ts')
  assert.equal((await enrol(silent, { caller: world.caller(), flow, kind: 'email' })).no, 'undeliverable')
  assert.deepEqual(await world.outbox(), [])
})

test('an enrolment by a token is no login: neither its count nor its time moves', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  await world.enrolApp(ada)
  const now = await world.user(ada.id)
  assert.deepEqual([now.loginCount, now.lastLoginAt], [0, undefined])
  assert.deepEqual(await world.events('login.granted'), [])
})

test('the list of authenticators leaves out enrolments that have run out', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada')
  await startApp(world, world.tokenFlow(ada))
  assert.equal((await listAuthenticators(world.parts, world.tenant.id, ada.id)).length, 2)
  world.clock.advance(900)
  assert.deepEqual(await listAuthenticators(world.parts, world.tenant.id, ada.id), [])
})
