import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PhoneGuardRule } from '#model/phone-guard.ts'
import { type CidaasWorld, openCidaasWorld } from '../support/cidaas.ts'
import { type EntraWorld, entraOn } from '../support/entra.ts'
import { mobile, nothingHolds, send as sendCode } from '../support/phone-guard.ts'
import { passwordOf } from '../support/world.ts'

/** AC-39 to AC-41: one guard behind the words of all dialects. */

type Worlds = CidaasWorld & { readonly entra: EntraWorld }

async function open(guard: Partial<PhoneGuardRule>, countries?: readonly string[]): Promise<Worlds> {
  const phone = { blockedPrefixes: ['+1555666'], strict: false, countries, guard: { ...nothingHolds, ...guard } }
  const world = await openCidaasWorld({ tenant: { mfa: { mode: 'ALWAYS' }, phone } })
  return { ...world, entra: await entraOn(world) }
}

interface Said {
  readonly status: number
  readonly error: unknown
}

/** Asks for a code to a new number in the words of each dialect, each time for a user of its own. */
const dialects: Readonly<Record<string, (world: Worlds, user: string, to: string) => Promise<Said>>> = {
  async entra({ entra }, user, to) {
    const continuation_token = await entra.until('registration_required', user)
    const params = { continuation_token, challenge_type: 'oob', challenge_target: to, challenge_channel: 'sms' }
    const reply = await entra.post('/register/v1.0/challenge', params)
    return { status: reply.status, error: reply.body.suberror ?? reply.body.error_codes?.[0] }
  },
  async auth0({ entra }, user, to) {
    const ask = (path: string, body: object, headers = {}) =>
      entra.send('POST', path, {
        headers: { 'content-type': 'application/json', ...headers },
        payload: JSON.stringify({ client_id: 'web', client_secret: 'web-secret', ...body }),
      })
    const login = { grant_type: 'password', username: `${user}@example.com`, password: passwordOf(user) }
    const { mfa_token } = (await ask('/oauth/token', login)).body
    const reply = await ask(
      '/mfa/associate',
      { authenticator_types: ['oob'], oob_channels: ['sms'], phone_number: to },
      { authorization: `Bearer ${mfa_token}` },
    )
    return { status: reply.status, error: reply.body.error }
  },
  async cidaas(world, user, to) {
    const pending = await world.pending(user)
    const page = world.browser()
    const path = `/verification-actions-srv/setup/SMS/initiation/${pending.track}`
    const reply = await page.xhr('POST', path, { phone_number: to, mobile_number: to })
    return { status: reply.status, error: reply.body.code }
  },
}

const words = {
  entra: {
    many: { status: 400, error: 701014 },
    range: { status: 400, error: 'provider_blocked_by_rep' },
    country: { status: 400, error: 'provider_blocked_by_admin' },
  },
  auth0: {
    many: { status: 429, error: 'invalid_request' },
    range: { status: 400, error: 'invalid_request' },
    country: { status: 400, error: 'invalid_request' },
  },
  cidaas: {
    many: { status: 400, error: 'VER_0006' },
    range: { status: 400, error: 'VER_0026' },
    country: { status: 400, error: 'VER_0026' },
  },
}

for (const [name, expected] of Object.entries(words)) {
  const ask = dialects[name] ?? assert.fail()
  describe(`through ${name}`, () => {
    it('a number that others have used up gets no message, however it is written (AC-39)', async () => {
      const world = await open({ perNumberTenMinutes: 2 })
      await world.addUser('ada')
      for (const to of ['+4915123456789', '+49 151 23456789']) assert.equal((await sendCode(world, to)).no, undefined)
      assert.deepEqual(await ask(world, 'ada', '+4915123456789'), expected.many)
      assert.equal((await world.outbox()).length, 2)
      world.clock.advance(600)
      assert.equal((await ask(world, 'ada', '+4915123456789')).status, 200)
    })

    it('a range whose codes do not come back is blocked for its reputation (AC-40)', async () => {
      const world = await open({ answeredPercent: 20 })
      await world.addUser('ada')
      for (let index = 0; index < 20; index += 1) assert.equal((await sendCode(world, mobile(index))).no, undefined)
      world.clock.advance(601)
      assert.deepEqual(await ask(world, 'ada', mobile(30)), expected.range)
      assert.equal((await world.events('phone.sending-stopped')).length, 1)
      assert.equal((await world.outbox()).length, 20)
    })

    it('premium numbers and countries that are not listed are refused before anything is queued (AC-41)', async () => {
      const world = await open({}, ['DE', 'US'])
      for (const [index, to] of ['+499001234567', '+18005551234', '+15556661234'].entries()) {
        await world.addUser(`u${index}`)
        assert.deepEqual(await ask(world, `u${index}`, to), expected.range, to)
      }
      await world.addUser('fra')
      assert.deepEqual(await ask(world, 'fra', '+33612345678'), expected.country)
      assert.deepEqual(await world.outbox(), [])
    })
  })
}
