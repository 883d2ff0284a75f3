import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type Auth0World, base, openAuth0World } from '#test/support/auth0.ts'
import { type Browser, openBrowser, redeem } from '#test/support/browser.ts'
import { newPushDevice, type PushDevice } from '#test/support/push-device.ts'

let at: Auth0World
let person: Browser
let device: PushDevice
beforeEach(async () => {
  const factors = ['password', 'totp', 'push', 'recovery_code']
  at = await openAuth0World({ tenant: { factors, mfa: { mode: 'ALWAYS' } } })
  person = openBrowser(at)
  device = newPushDevice({ home: base, clock: at.clock.now })
})

/** A call of the device: no cookies, no token of a page. */
const call = (path: string, statement: string, headers: Record<string, string> = {}) =>
  at.send('POST', `/u/api/authenticator/${path}`, {
    headers: { 'content-type': 'application/json', host: 'localhost:3443', ...headers },
    payload: JSON.stringify({ statement }),
  })

const waiting = async () => (await call('requests', device.say('list'))).body.requests

async function enrolAtLogin(): Promise<void> {
  await at.addUser('ada')
  const asked = await person.signIn('ada')
  assert.deepEqual(asked.body.offers.find((it: { factor: string }) => it.factor === 'push')?.traits, {
    proof: 'approval',
    channel: 'push',
  })
  const begun = await person.act('enrol', { factor: 'push' })
  assert.equal((await person.act('confirm')).body.error, 'waiting')
  const enrolled = await call('enrol', device.enrol(begun.body.enrolling.show.uri))
  assert.equal(enrolled.status, 200, enrolled.text)
  assert.equal((await person.act('confirm')).body.step, 'recovery-codes')
  await person.act('saved')
  await person.finish()
}

/** A new browser at its second factor, with the device asked. */
async function asked(browser: Browser) {
  const challenge = await browser.signIn('ada')
  const option = challenge.body.options.find((it: { factor: string }) => it.factor === 'push')
  const state = await browser.act('challenge', { option: option.id })
  return { option, number: state.body.asked.show.number as string }
}

describe('push on the hosted API', () => {
  test('the state shows six digits, waits, and goes on once the device has approved', async () => {
    await enrolAtLogin()
    const second = openBrowser(at)
    const { option, number } = await asked(second)
    assert.deepEqual([option.name, option.preferred], ['Pixel 9', true])
    assert.equal((await second.act('verify')).body.error, 'waiting')
    assert.equal((await second.act('verify')).body.error, 'slow-down')
    const [request] = await waiting()
    assert.deepEqual(Object.keys(request).sort(), ['application', 'at', 'challenge', 'expiresAt', 'nonce', 'place'])
    await call('answer', device.answer(request, 'allow', number))
    assert.equal((await second.act('verify')).body.step, 'done')
    const got = await redeem(at, await second.finish())
    assert.deepEqual(decodeJwt(got.body.id_token).amr, ['pwd', 'swk', 'mfa', 'mca'])
    assert.deepEqual(await waiting(), [])
  })

  test('a proof that the browser brings by itself counts for nothing', async () => {
    await enrolAtLogin()
    const second = openBrowser(at)
    const { number } = await asked(second)
    const [request] = await waiting()
    for (const proof of [number, '000000', device.answer(request, 'allow', number), true, { is: 'right' }]) {
      at.clock.advance(30)
      assert.equal((await second.act('verify', { proof })).body.error, 'waiting')
    }
  })

  test('a device of another tenant’s address, or a statement replayed from there, is refused', async () => {
    await enrolAtLogin()
    const second = openBrowser(at)
    const { number } = await asked(second)
    const [request] = await waiting()
    const elsewhere = { aud: 'https://other.example' }
    const fair = { challenge: request.challenge, nonce: request.nonce, decision: 'allow', number }
    const occasion = { application: request.application, place: request.place, at: request.at }
    const stray = await call('answer', device.say('answer', { ...fair, occasion }, elsewhere))
    assert.deepEqual([stray.status, stray.body.error], [400, 'wrong-proof'])
    assert.equal((await call('answer', device.say('answer', { ...fair, occasion }))).status, 200)
  })

  test('no cookie is read or set, and answers are not cached', async () => {
    const reply = await call('requests', device.say('list'), { cookie: 'a=b', origin: 'https://evil.example' })
    assert.equal(reply.headers['set-cookie'], undefined)
    assert.equal(reply.headers['cache-control'], 'no-store')
    assert.equal(reply.headers['access-control-allow-origin'], undefined)
    const extra = await at.send('POST', '/u/api/authenticator/requests', {
      headers: { 'content-type': 'application/json', host: 'localhost:3443' },
      payload: JSON.stringify({ statement: 'x', more: 1 }),
    })
    assert.equal(extra.status, 400)
  })
})

test('the account portal adds a device by polling, and removes it', async () => {
  await at.setTenant({ mfa: undefined })
  await at.addUser('ada')
  const begun = await person.post('/u/api/account/sign-in', {})
  person.flow = begun.body.location.split('/').pop()
  await person.state()
  await person.act('password', { login: 'ada@example.com', password: 'the quite long password of ada' })
  await person.get((await person.state()).body.location)
  person.csrf = (await person.get('/u/api/account')).body.csrf
  const added = await person.post('/u/api/account/factors', { factor: 'push' })
  const confirm = () =>
    person.post(`/u/api/account/factors/${added.body.id}/confirm`, { challenge: added.body.challenge })
  assert.equal((await confirm()).body.error, 'waiting', added.text)
  await call('enrol', device.enrol(added.body.show.uri))
  assert.equal((await confirm()).status, 200)
  const account = (await person.get('/u/api/account')).body
  person.csrf = account.csrf
  assert.deepEqual(
    account.factors.map((it: { factor: string; name: string; state: string }) => [it.factor, it.name, it.state]),
    [['push', 'Pixel 9', 'confirmed']],
  )
  assert.deepEqual(await waiting(), [])
  const removed = await person.send('DELETE', `/u/api/account/factors/${added.body.id}`, {})
  assert.equal(removed.status, 204, removed.text)
  assert.equal((await call('requests', device.say('list'))).body.error, 'factor-unknown')
})

test('the page of devices may have a manifest and a worker of ours, runs nothing else, and is framed by nobody', async () => {
  const page = await person.get('/u/authenticator')
  assert.equal(page.status, 200)
  const policy = String(page.headers['content-security-policy'])
  for (const rule of ["worker-src 'self'", "manifest-src 'self'", "default-src 'none'", "frame-ancestors 'none'"]) {
    assert(policy.includes(rule), rule)
  }
  assert(!policy.includes('unsafe'))
  const manifest = JSON.parse((await person.get('/u/authenticator.webmanifest')).text)
  assert.deepEqual(
    [manifest.start_url, manifest.scope, manifest.display],
    ['/u/authenticator', '/u/authenticator', 'standalone'],
  )
  const icon = await person.get(manifest.icons[0].src)
  assert.match(icon.text, /^<svg /)
  const worker = await person.get('/u/authenticator-worker.js')
  assert.match(String(worker.headers['content-type']), /javascript/)
  assert(worker.text.includes('push') && !worker.text.includes('import'))
})
