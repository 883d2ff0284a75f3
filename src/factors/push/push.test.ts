import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyring } from '#crypto/keyring.ts'
import { seededRandom } from '#crypto/seeded-random.ts'
import type { Enrolled, FactorTools, Memory } from '#ports/factor.ts'
import { factorContract } from '#test/contracts/factor.contract.ts'
import { newPushDevice, type PushDevice, type TestRequest, testHome } from '#test/support/push-device.ts'
import { push } from './push.ts'

/** The device that scanned each code, so that it answers later what it was enrolled for. */
const devices = new Map<string, PushDevice>()

function deviceOf({ show }: Enrolled): PushDevice {
  const uri = show?.uri ?? ''
  const device = devices.get(uri) ?? newPushDevice()
  devices.set(uri, device)
  return device
}

const toldOf = (challenge: Memory | undefined): TestRequest => {
  const told = push.devices?.told(challenge ?? {}) ?? assert.fail('nothing for a device')
  return { ...told, challenge: 'c' }
}

factorContract(push, {
  proof: (it) =>
    it.asked === undefined
      ? deviceOf(it).enrol(it.show?.uri ?? '')
      : deviceOf(it).answer(toldOf(it.asked.challenge), 'allow', it.asked.show?.number),
  wrong: (right) => `${String(right).slice(0, -8)}AAAAAAAA`,
})

const keyring = createKeyring([Buffer.alloc(32, 9)])
const tools: FactorTools = {
  random: seededRandom('push'),
  now: Date.UTC(2026, 0, 5, 12),
  home: testHome,
  mac: {
    make: (code) => keyring.mac(code, ['push']),
    matches: (code, stored) => keyring.macMatches(code, ['push'], stored),
  },
}
const occasion = { application: 'Travel', place: '203.0.113.*', at: tools.now }

/** An enrolled device with a challenge open. */
async function world() {
  const device = newPushDevice()
  const made = push.enrol({ issuer: 'Demo', account: 'ada' }, tools)
  const statement = device.enrol(made.show?.uri ?? '')
  const confirming = { challenge: made.challenge, proof: statement }
  const evidence = await push.examine?.(confirming, tools)
  const enrolled = push.check({ ...confirming, evidence }, tools)
  assert(enrolled.is === 'right')
  const { memory } = enrolled
  const asked = push.ask?.({ memory, occasion }, tools) ?? assert.fail('nothing asked')
  const verdict = async (proof: unknown, challenge: Memory = asked.challenge) => {
    const found = await push.examine?.({ memory, challenge, proof }, tools)
    return push.check({ memory, challenge, proof, evidence: found }, tools)
  }
  return { device, made, enrolled, asked, request: toldOf(asked.challenge), number: asked.show?.number, verdict }
}

test('S-86: six digits of the login page have to be typed on the device; a plain yes is wrong', async () => {
  const { device, request, number, verdict } = await world()
  assert.match(String(number), /^\d{6}$/)
  assert.deepEqual(await verdict(device.answer(request, 'allow', number)), { is: 'right' })
  assert.deepEqual(await verdict(device.answer(request, 'allow')), { is: 'wrong' })
  const other = String((Number(number) + 1) % 1_000_000).padStart(6, '0')
  assert.deepEqual(await verdict(device.answer(request, 'allow', other)), { is: 'wrong' })
})

test('S-88: another key, another occasion, another challenge or another kind of statement is wrong', async () => {
  const { device, request, number, verdict, asked } = await world()
  const fair = { application: request.application, place: request.place, at: request.at }
  const over = (it: object) => device.answer(request, 'allow', number, it)
  for (const statement of [
    newPushDevice().answer(request, 'allow', number),
    over({ occasion: { ...fair, application: 'Bank' } }),
    over({ occasion: { ...fair, place: 'next door' } }),
    over({ occasion: { ...fair, at: fair.at + 1 } }),
    over({ nonce: 'another' }),
    device.say('list', { nonce: request.nonce, occasion: fair, decision: 'allow', number }),
    device.say('answer', { nonce: request.nonce, occasion: fair, decision: 'allow', number }, { typ: 'JWT' }),
    device.say('answer', { nonce: request.nonce, occasion: fair, decision: 'allow', number }, { kid: 'else' }),
  ]) {
    assert.deepEqual(await verdict(statement), { is: 'wrong' }, statement)
  }
  const later = push.ask?.({ occasion }, tools) ?? assert.fail()
  assert.deepEqual(await verdict(device.answer(request, 'allow', number), later.challenge), { is: 'wrong' })
  assert(request.nonce.length >= 43 && !JSON.stringify(asked.challenge).includes(String(number)))
})

test('a no is declined, and “this was not me” raises an alarm', async () => {
  const { device, request, verdict } = await world()
  assert.deepEqual(await verdict(device.answer(request, 'deny')), { is: 'declined' })
  assert.deepEqual(await verdict(device.answer(request, 'report')), { is: 'declined', alarm: true })
})

test('until a device has spoken, it is waited for', async () => {
  const { made, verdict } = await world()
  assert.deepEqual(await verdict(undefined), { is: 'waiting' })
  assert.deepEqual(push.check({ challenge: made.challenge, proof: undefined }, tools), { is: 'waiting' })
})

test('S-70: what binds a device is a link to our own page with 256 bits behind the #, of which a digest is kept', async () => {
  const { made, enrolled, device } = await world()
  const [page, secret = ''] = (made.show?.uri ?? '').split('#enrol=')
  assert.equal(page, `${testHome}/u/authenticator`)
  assert.equal(Buffer.from(secret, 'base64url').length, 32)
  assert(
    !JSON.stringify(made)
      .replace(made.show?.uri ?? '', '')
      .includes(secret),
  )
  assert.equal(enrolled.is === 'right' && enrolled.key, device.kid)
  const memory = enrolled.is === 'right' ? JSON.stringify(enrolled.memory) : ''
  assert(memory.includes('"x"') && !memory.includes('"d"'), 'the public key only')
})

test('a device is alerted at the address it gave, over https only, and the alert holds nothing of the request', async () => {
  const keys = { p256dh: 'A'.repeat(87), auth: 'A'.repeat(22) }
  const where = push.devices?.alerted({
    subscription: { endpoint: 'https://push.example/x', keys, expirationTime: null },
  })
  const asked = push.ask?.({ secret: where, occasion }, tools) ?? assert.fail()
  assert.deepEqual(asked.alert, { to: 'https://push.example/x', keys })
  assert.equal(push.devices?.alerted({ subscription: { endpoint: 'http://push.example/x', keys } }), undefined)
  assert.equal(push.devices?.alerted({ subscription: null })?.length, 0)
  assert.equal(push.ask?.({ secret: new Uint8Array(), occasion }, tools).alert, undefined)
})
