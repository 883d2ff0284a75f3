import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { base32Decode } from '#crypto/base32.ts'
import { hotp, totpStep } from '#crypto/totp.ts'
import { type CidaasWorld, openCidaasWorld, type Reply } from '../support/cidaas.ts'

const uuid = '11111111-1111-4111-8111-111111111111'
const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

/** The access token of somebody signed in on the password alone. */
async function signedIn(world: CidaasWorld, name: string): Promise<Record<string, string>> {
  const id = await world.requestId({ client_id: 'plain' })
  const tokens = await world.redeem(await world.signIn(world.browser(), name, id), { client_id: 'plain' })
  assert.equal(tokens.status, 200, tokens.text)
  return { authorization: `Bearer ${tokens.body.access_token}` }
}

const shows = (world: CidaasWorld, secret: string, steps = 0): string =>
  hotp(base32Decode(secret) as Uint8Array, totpStep(world.clock.now()) + steps)

const spellings = [
  {
    name: 'SDK 6.0',
    initiate: (t: string) => `/verification-actions-srv/setup/${t}/initiation`,
    verify: (t: string) => `/verification-actions-srv/setup/${t}/verification`,
    body: { deviceInfo: { deviceId: 'x' } },
    wrongIs: 400,
  },
  {
    name: 'SDK 5',
    initiate: (t: string) => `/verification-srv/v2/setup/initiate/${t}`,
    verify: (t: string) => `/verification-srv/v2/setup/enroll/${t}`,
    body: { verification_type: 'ignored', deviceInfo: { deviceId: 'x', location: { lat: '', lon: '' } } },
    wrongIs: 417,
  },
]

describe('cidaas.md §10.4: methods set up by their owner', () => {
  for (const { name, initiate, verify, body, wrongIs } of spellings) {
    test(`an authenticator app, as ${name} does it; then it is asked for`, async () => {
      const world = await openCidaasWorld()
      await world.addUser('ada')
      const headers = await signedIn(world, 'ada')
      const page = world.browser()
      const begun = await page.xhr('POST', initiate('TOTP'), body, headers)
      assert.equal(begun.status, 200, begun.text)
      const { exchange_id, totp_secret, totp_secret_base32, status_id, sub } = begun.body.data
      assert.equal(new URL(totp_secret).searchParams.get('secret'), totp_secret_base32)
      const wrong = await page.xhr('POST', verify('TOTP'), {
        exchange_id: exchange_id.exchange_id,
        pass_code: '000000',
      })
      assert.deepEqual([wrong.status, wrong.body.code], [wrongIs, 'VER_0041'])
      assert.equal(begun.body.data.authenticator_client_id, 'plain')
      const done = await page.xhr('POST', verify('TOTP'), {
        exchange_id: exchange_id.exchange_id,
        sub,
        pass_code: shows(world, totp_secret_base32),
      })
      assert.equal(done.status, 200, done.text)
      assert.deepEqual([done.body.data.enrolled, done.body.data.status_id], [true, status_id])
      const status = await page.xhr('POST', `/verification-srv/v2/notification/status/${status_id}`)
      assert.equal(status.body.data.status, 'ENROLLED')
      const own = await page.xhr('GET', '/verification-actions-srv/users/configurations', undefined, headers)
      assert.deepEqual(own.body.data.configured_list[0].type, 'TOTP')
      world.clock.advance(30)
      const tokens = await world.tokens('ada', shows(world, totp_secret_base32))
      assert.deepEqual(claims(tokens.body.access_token).amr.slice(0, 2), ['10', '60'])
    })

    test(`a number and a mailbox, as ${name} does it`, async () => {
      const world = await openCidaasWorld()
      await world.addUser('ada', { phoneNumber: '+15555550101', phoneVerified: true })
      const headers = await signedIn(world, 'ada')
      const page = world.browser()
      for (const [method, address] of [
        ['SMS', name === 'SDK 5' ? {} : { mobile_number: '+15555550109' }],
        ['EMAIL', name === 'SDK 5' ? {} : { email: 'second@example.com' }],
      ] as const) {
        const own = method === 'EMAIL' ? await withSms(world, page, 'ada', headers) : headers
        const begun = await page.xhr('POST', initiate(method), { ...body, ...address }, own)
        assert.equal(begun.status, 200, begun.text)
        const done = await page.xhr('POST', verify(method), {
          exchange_id: begun.body.data.exchange_id.exchange_id,
          pass_code: await world.lastCode(),
        })
        assert.equal(done.status, 200, done.text)
      }
      const it = await world.pending('ada')
      const meta = await page.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
      const methods: { type: string; mediums: { key_name: string }[] }[] =
        meta.body.data.meta_data.userConfiguredMethods
      const types = methods.map((one) => one.type)
      assert.deepEqual(types, ['SMS', 'IVR', 'EMAIL', 'BACKUPCODE'])
      const [sms, , email] = methods
      assert.match(sms?.mediums[0]?.key_name ?? '', /^\+\*{9}0[19]$/, 'S-83')
      assert.match(email?.mediums[0]?.key_name ?? '', /^[as]\*{6}@e\*\*\*e\.com$/, 'S-83')
    })
  }

  /** A token that rests on the number just set up: more may be added with nothing less (S-61). */
  async function withSms(
    world: CidaasWorld,
    _page: unknown,
    name: string,
    _headers: Record<string, string>,
  ): Promise<Record<string, string>> {
    const it = await world.pending(name)
    const asked = await world.initiate(it, 'SMS')
    await world.verify('SMS', asked.body.data.exchange_id.exchange_id, await world.lastCode())
    const tokens = await world.redeem(await world.goOn(it))
    return { authorization: `Bearer ${tokens.body.access_token}` }
  }

  test('S-63: who has a method needs a login with it, at most five minutes old, to change any', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const weak = await signedIn(world, 'ada')
    const page = world.browser()
    const ask = (headers: Record<string, string>): Promise<Reply> =>
      page.xhr('POST', '/verification-actions-srv/setup/SMS/initiation', { mobile_number: '+15555550101' }, headers)
    const refused = await ask(weak)
    assert.deepEqual([refused.status, refused.body.error], [403, 'stepup-required'])
    const tokens = await world.tokens('ada', app.code())
    const strong = { authorization: `Bearer ${tokens.body.access_token}` }
    assert.equal((await ask(strong)).status, 200)
    world.clock.advance(301)
    assert.equal((await ask(strong)).status, 403)
    const gone = await page.xhr('DELETE', '/verification-actions-srv/users/configurations/TOTP', undefined, strong)
    assert.equal(gone.status, 403)
  })

  test('cidaas.md §6.2: without a token 401, a second time 409, unknown or not here 400', async () => {
    const world = await openCidaasWorld()
    await world.addUser('bea')
    const app = await world.enrolApp(await world.addUser('ada'))
    const tokens = await world.tokens('ada', app.code())
    const headers = { authorization: `Bearer ${tokens.body.access_token}` }
    const page = world.browser()
    const ask = async (method: string, more = headers as Record<string, string>) => {
      const reply = await page.xhr('POST', `/verification-actions-srv/setup/${method}/initiation`, {}, more)
      return [reply.status, reply.body.code]
    }
    assert.deepEqual(await ask('TOTP', {}), [401, undefined])
    assert.deepEqual(await ask('TOTP'), [409, 'VER_0029'])
    assert.deepEqual(await ask('SMOKE'), [400, 'VER_0030'])
    assert.deepEqual(await ask('FIDO2'), [400, 'VER_0028'])
    assert.deepEqual(await ask('SMS'), [400, 'VER_0005'])
  })

  test('cidaas.md §6.3: removal, of one method and of all but addresses; the last one stays while it is required', async () => {
    const world = await openCidaasWorld()
    const ada = await world.addUser('ada')
    const app = await world.enrolApp(ada)
    await world.enrolAddress(ada, 'sms', '+15555550101')
    const headers = { authorization: `Bearer ${(await world.tokens('ada', app.code())).body.access_token}` }
    const page = world.browser()
    const remove = (path = '') =>
      page.xhr('DELETE', `/verification-actions-srv/users/configurations${path}`, {}, headers)
    assert.equal((await remove('/EMAIL')).status, 204)
    assert.equal((await remove()).status, 200)
    const own = await page.xhr('GET', '/verification-actions-srv/users/configurations', undefined, headers)
    const types = own.body.data.configured_list.map((one: { type: string }) => one.type)
    assert.deepEqual(types, ['SMS', 'IVR'])
    const last = await remove('/SMS')
    assert.deepEqual([last.status, last.body.code], [400, 'VER_0022'])
  })

  test('a name for a method', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const headers = { authorization: `Bearer ${(await world.tokens('ada', app.code())).body.access_token}` }
    const path = '/verification-actions-srv/setup/users/friendlyname/TOTP'
    const page = world.browser()
    assert.equal((await page.xhr('PUT', path, { friendly_name: 'my phone' }, headers)).status, 200)
    assert.equal((await world.authenticator(app.authenticator.id)).name, 'my phone')
    assert.equal((await page.xhr('PUT', path, { friendly_name: 'x' })).status, 401)
  })

  test('cidaas.md §6.1, §6.2: devices are named in one’s own list, and the one that is named gets the name', async () => {
    const world = await openCidaasWorld()
    const ada = await world.addUser('ada')
    const app = await world.enrolApp(ada)
    const phones = [
      await world.enrolAddress(ada, 'sms', '+15555550101'),
      await world.enrolAddress(ada, 'sms', '+15555550102'),
    ]
    const headers = { authorization: `Bearer ${(await world.tokens('ada', app.code())).body.access_token}` }
    const page = world.browser()
    const own = await page.xhr('GET', '/verification-actions-srv/users/configurations', undefined, headers)
    const sms = own.body.data.configured_list.find((one: { type: string }) => one.type === 'SMS')
    const ids = sms.mediums.map((it: { id: string; device_id: string }) => [it.id, it.device_id])
    assert.deepEqual(ids.sort(), phones.map(({ id }) => [id, id]).sort())
    const path = '/verification-actions-srv/setup/users/friendlyname/SMS'
    const names = async () => Promise.all(phones.map(async ({ id }) => (await world.authenticator(id)).name))
    const body = { id: uuid, ph_id: null, device_id: phones[0]?.id, friendly_name: 'at home' }
    assert.equal((await page.xhr('PUT', path, body, headers)).status, 200)
    assert.deepEqual(await names(), ['at home', undefined])
  })

  test('the methods of a tenant, by both paths, drawn from its factors', async () => {
    const world = await openCidaasWorld()
    await world.addUser('ada')
    const headers = await signedIn(world, 'ada')
    for (const path of ['/verification-actions-srv/config', '/verification-srv/config/list']) {
      const reply = await world.browser().xhr('GET', path, undefined, headers)
      const types = reply.body.data.map((one: { verificationType: string }) => one.verificationType)
      assert.deepEqual(types, ['TOTP', 'SMS', 'IVR', 'EMAIL', 'BACKUPCODE'])
      const [totp, sms] = reply.body.data.map((one: { amr_values: string[] }) => one.amr_values)
      assert.deepEqual([totp, sms], [['60', '61', '62', '63'], ['104']], 'cidaas.md §5.4, §7.3')
    }
  })
})

describe('cidaas.md §10.4: methods set up during a login', () => {
  const paths = [
    (t: string, track: string) => `/verification-actions-srv/setup/${t}/initiation/${track}`,
    (t: string, track: string) => `/verification-actions-srv/setup/${t}/initiate/${track}`,
  ]
  for (const path of paths) {
    test(`who has none sets the first one up by ${path('TOTP', ':track')}, and the login goes on`, async () => {
      const world = await openCidaasWorld()
      await world.addUser('ada')
      const it = await world.pending('ada')
      const meta = await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
      assert.deepEqual(meta.body.data.meta_data.userConfiguredMethods, [])
      assert.equal((await world.goOn(it)).to.error, 'mfa_required')
      const begun = await it.browser.xhr('POST', path('TOTP', it.track), {})
      assert.equal(begun.status, 200, begun.text)
      assert.equal(begun.body.data.sub, it.sub, 'masked before login')
      assert.equal(begun.body.data.backup_codes.length, 1)
      const done = await it.browser.xhr('POST', '/verification-actions-srv/setup/TOTP/verification', {
        exchange_id: begun.body.data.exchange_id.exchange_id,
        sub: it.sub,
        pass_code: shows(world, begun.body.data.totp_secret_base32),
      })
      assert.equal(done.status, 200, done.text)
      const named = await it.browser.xhr('PUT', `/verification-actions-srv/setup/users/friendlyname/TOTP/${it.track}`, {
        friendly_name: 'my phone',
        sub: it.sub,
      })
      assert.equal(named.status, 200, named.text)
      const tokens = await world.redeem(await world.goOn(it))
      assert.deepEqual(claims(tokens.body.access_token).amr.slice(0, 2), ['10', '60'])
    })
  }

  test('S-61: who has a method proves it before another one is added', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const it = await world.pending('ada')
    const ask = () =>
      it.browser.xhr('POST', `/verification-actions-srv/setup/SMS/initiation/${it.track}`, {
        mobile_number: '+15555550101',
      })
    const refused = await ask()
    assert.deepEqual([refused.status, refused.body.code], [400, 'VER_0029'])
    const asked = await world.initiate(it, 'TOTP')
    await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
    assert.equal((await ask()).status, 200)
  })

  test('cidaas.md §6.2: set-ups of the new service know 400 and neither 417 nor, in a login, 409 or 401', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const it = await world.pending('ada')
    const say = async (method: string, path: string, body: object) => {
      const reply = await it.browser.xhr(method, `/verification-actions-srv/setup/${path}`, body)
      assert.equal(typeof reply.body.error, 'string', reply.text)
      return [reply.status, reply.body.code]
    }
    assert.deepEqual(await say('POST', `FACE/initiation/${it.track}`, {}), [400, 'VER_0028'])
    assert.deepEqual(await say('POST', `BACKUPCODE/initiate/${it.track}`, {}), [400, 'VER_0028'])
    const asked = await world.initiate(it, 'TOTP')
    await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
    assert.deepEqual(await say('POST', `TOTP/initiation/${it.track}`, {}), [400, 'VER_0029'], 'there is one already')
    assert.deepEqual(await say('POST', 'TOTP/verification', { pass_code: '1' }), [400, 'VER_0005'])
    assert.deepEqual(await say('POST', 'TOTP/verification', { exchange_id: uuid, pass_code: '1' }), [400, 'VER_0032'])
    assert.deepEqual(await say('PUT', `users/friendlyname/TOTP/${uuid}`, { friendly_name: 'x' }), [400, 'VER_0025'])
  })

  test('a track that is none, and an exchange of the other kind', async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const page = world.browser()
    for (const track of [uuid, 'abc']) {
      const reply = await page.xhr('POST', `/verification-actions-srv/setup/TOTP/initiation/${track}`, {})
      assert.deepEqual([reply.status, reply.body.code], [400, 'VER_0025'])
    }
    const it = await world.pending('ada')
    const asked = await world.initiate(it, 'TOTP')
    const crossed = await page.xhr('POST', '/verification-actions-srv/setup/TOTP/verification', {
      exchange_id: asked.body.data.exchange_id.exchange_id,
      pass_code: app.code(),
    })
    assert.deepEqual([crossed.status, crossed.body.code], [400, 'VER_0032'])
  })
})
