import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deviceRefs, planDevice, readDevice } from './devices.ts'
import { prepare } from './mint.ts'
import { signedInCookie } from './testing/sign-in.ts'
import { base, site } from './testing/site.ts'
import { apiAudience, issuer, tenant, tenantId, user, world } from './testing/world.ts'
import { verifyAccessToken } from './tokens.ts'

let w: Awaited<ReturnType<typeof world>>
let at: Awaited<ReturnType<typeof site>>
before(async () => {
  w = await world()
  at = await site(w)
})
after(() => at.close())

const begin = async () =>
  (await (
    await at.post('/oauth/device/code', {
      client_id: 'tv',
      scope: 'openid offline_access read:things',
      audience: apiAudience.id,
    })
  ).json()) as {
    readonly device_code: string
    readonly user_code: string
    readonly verification_uri: string
  }

async function question(deviceCode: string, client = 'tv') {
  const application = await w.store.get('applications', tenantId, client)
  assert.ok(application)
  return { tenant: tenantId, application, deviceCode, now: w.clock.now() }
}

/** A person with a session enters the code and goes on, as a browser would. */
async function person(userCode: string, choice: 'confirm' | 'abort') {
  const cookie = await signedInCookie(at.room, { tenant, base, user: user.id, at: w.clock.now() })
  const form = await (await at.fetch('/activate', { headers: { cookie } })).text()
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(form)?.[1] ?? ''
  const shown = await (await at.post('/activate', { xsrf, user_code: userCode }, { cookie })).text()
  await at.post('/activate', { xsrf, user_code: userCode, [choice]: 'yes' }, { cookie })
  return shown
}

async function spend(deviceCode: string) {
  const asked = await question(deviceCode)
  const seen = await readDevice(w, asked)
  if (seen.no !== undefined) return { no: seen.no }
  const look = seen.yes
  const { scope, assurance } = look
  const minted = prepare(
    await w.order({ application: asked.application, scope, assurance, grantType: 'device_code', revocable: true }),
  )
  const plan = await w.store.change(deviceRefs(look), (found) => {
    const decided = planDevice(found, { look, minted, keyring: w.keyring })
    return { result: decided, writes: decided.writes }
  })
  return plan.no === undefined ? { look, answer: await plan.yes.respond() } : { no: plan.no }
}

test('a device waits, is told to slow down, and has its tokens once the person has said yes', async () => {
  const code = await begin()
  assert.equal((await spend(code.device_code)).no, 'pending')
  w.pass(4000)
  assert.equal((await spend(code.device_code)).no, 'slow-down')
  w.pass(6000)
  assert.equal((await spend(code.device_code)).no, 'slow-down', 'each early poll adds five seconds')
  const shown = await person(code.user_code, 'confirm')
  assert.ok(shown.includes('tv') && shown.includes('192.0.2.1'), 'S-59: who asks, and from where')
  w.pass(20_000)
  const done = await spend(code.device_code)
  assert.deepEqual(done.look?.scope, ['openid', 'offline_access', 'read:things'])
  assert.equal(done.look?.audience, apiAudience.id)
  assert.ok(done.answer?.refresh_token)
  const token = done.answer?.access_token ?? ''
  const valid = () =>
    verifyAccessToken(w, { tenant: tenantId, token, issuer, audience: apiAudience.id, now: w.clock.now() })
  assert.ok(await valid())
  w.pass(20_000)
  assert.equal((await spend(code.device_code)).no, 'used')
  assert.equal(await valid(), undefined, 'a second use ends what the first gave')
})

test('a person can say no, and nobody else’s code or client will do', async () => {
  const code = await begin()
  assert.equal((await readDevice(w, await question(code.device_code, 'spa'))).no, 'unknown')
  assert.equal((await spend('made-up')).no, 'unknown')
  await person(code.user_code, 'abort')
  w.pass(6000)
  assert.equal((await spend(code.device_code)).no, 'denied')
  const late = await begin()
  w.pass(601_000)
  assert.equal((await spend(late.device_code)).no, 'expired')
})

test('of 20 polls of an approved code at the same time one gets tokens', async () => {
  const code = await begin()
  await person(code.user_code, 'confirm')
  const all = await Promise.all(Array.from({ length: 20 }, () => spend(code.device_code)))
  assert.equal(all.filter((one) => one.answer !== undefined).length, 1)
})

/** Enters a code in a browser of its own, or in the one of this cookie. */
async function enter(userCode: string, given?: string) {
  const cookie = given ?? (await signedInCookie(at.room, { tenant, base, user: user.id, at: w.clock.now() }))
  const form = await (await at.fetch('/activate', { headers: { cookie } })).text()
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(form)?.[1] ?? ''
  const reply = await at.post('/activate', { xsrf, user_code: userCode }, { cookie })
  return { status: reply.status, text: await reply.text(), cookie, xsrf }
}

test('S-60: whoever has not entered the code first cannot approve it, and is told what is told of a wrong one', async () => {
  const code = await begin()
  const first = await enter(code.user_code)
  assert.match(first.text, /Connect this device\?/)
  assert.match(first.text, /tv.*192\.0\.2\.1.*since \d{4}-\d\d-\d\d \d\d:\d\d UTC/s)
  const second = await enter(code.user_code)
  const made = await enter('BBBB-BBBB', second.cookie)
  assert.deepEqual([second.status, second.text], [made.status, made.text])
  const { cookie, xsrf } = second
  const stolen = await at.post('/activate', { xsrf, user_code: code.user_code, confirm: 'yes' }, { cookie })
  assert.equal(stolen.status, 400)
  w.pass(6_000)
  assert.equal((await spend(code.device_code)).no, 'pending')
  assert.match((await enter(code.user_code, first.cookie)).text, /Connect this device\?/)
})

test('S-59: five wrong codes of a browser, twenty of an address, and the right one has to wait too', async () => {
  w.pass(601_000)
  const { cookie } = await enter('BBBB-BBBB')
  const tries = await Promise.all(Array.from({ length: 8 }, (_, i) => enter(`BBBB-BBB${'CDFGHJKL'[i]}`, cookie)))
  assert.deepEqual(tries.map((it) => it.status).sort(), [400, 400, 400, 400, 429, 429, 429, 429])
  const code = await begin()
  assert.equal((await enter(code.user_code, cookie)).status, 429)
  for (let used = 5; used < 20; used += 5) {
    const other = await enter('CCCC-CCCC')
    for (let i = 1; i < 5; i++) await enter('CCCC-CCCC', other.cookie)
  }
  assert.equal((await enter(code.user_code)).status, 429, 'a new session does not help')
  w.pass(600_000)
  const later = await begin()
  assert.match((await enter(later.user_code, cookie)).text, /Connect this device\?/)
})
