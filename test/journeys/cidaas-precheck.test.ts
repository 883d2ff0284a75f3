import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MfaRule } from '#model/policy.ts'
import { base, type CidaasWorld, openCidaasWorld, type Pending } from '../support/cidaas.ts'

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const path = {
  v6: { initiate: (t: string) => `/verification-srv/authentication/${t}/initiation` },
  v5: { initiate: (t: string) => `/verification-srv/v2/authenticate/initiate/${t}` },
}

test('cidaas.md §10.2: login, precheck, TOTP, continue, tokens, profile, as SDK 5.2 and 6.0 call it', async () => {
  const world = await openCidaasWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const it = await world.pending('ada')
  assert.match(it.track, uuid)
  assert.match(it.sub, uuid)
  const meta = await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
  assert.deepEqual(meta.body, {
    success: true,
    status: 200,
    data: {
      logged_in: false,
      validation_type: 'mfa_required',
      used: false,
      meta_data: {
        amr_values: ['10'],
        userConfiguredMethods: [
          { type: 'TOTP', mediums: [] },
          { type: 'BACKUPCODE', mediums: [] },
        ],
      },
    },
  })
  const asked = await world.initiate(it, 'totp')
  assert.equal(asked.status, 200, asked.text)
  const { exchange_id, status_id } = asked.body.data
  assert.match(exchange_id.exchange_id, uuid)
  const proved = await world.verify('TOTP', exchange_id.exchange_id, app.code())
  assert.equal(proved.status, 200, proved.text)
  assert.equal(proved.body.data.status_id, status_id)
  assert.notEqual(proved.body.data.exchange_id.exchange_id, exchange_id.exchange_id)
  const landed = await world.goOn(it)
  assert.match(landed.location.href, /^http:\/\/localhost:5173\/callback#code=/)
  const tokens = await world.redeem(landed)
  assert.equal(tokens.status, 200, tokens.text)
  const said = claims(tokens.body.access_token)
  assert.deepEqual(said.amr, ['10', '60', 'pwd', 'otp', 'mfa'])
  assert.equal(said.iss, base)
  assert.equal(said.aud, 'app')
  assert.deepEqual(said.scopes, ['openid', 'profile', 'email'])
  assert.equal(claims(tokens.body.id_token).nonce, '1795295955974')
  const bearer = { authorization: `Bearer ${tokens.body.access_token}` }
  const profile = await it.browser.xhr('GET', '/users-srv/userinfo', undefined, bearer)
  assert.equal(profile.body.sub, tokens.body.sub)
  assert.equal(profile.body.email, 'ada@example.com')
  const again = await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
  assert.deepEqual([again.status, again.text], [204, ''])
})

/** One way through initiation and verification: the paths and body names a client uses. */
interface Spelling {
  readonly name: string
  readonly initiate: (method: string) => string
  readonly verify: (method: string) => string
  readonly asks: (it: Pending, method: string) => Record<string, unknown>
  readonly proves: (exchange: { readonly exchange_id: string }, code: string, it: Pending) => Record<string, unknown>
}

const newPaths = {
  initiate: path.v6.initiate,
  verify: (t: string) => `/verification-srv/authentication/${t}/verification`,
}
const spellings: readonly Spelling[] = [
  {
    name: 'SDK 6.0',
    ...newPaths,
    asks: (it) => ({
      request_id: it.requestId,
      sub: it.sub,
      usage_type: 'MULTIFACTOR_AUTHENTICATION',
      trackId: it.track,
    }),
    proves: ({ exchange_id }, code, it) => ({ exchange_id, sub: it.sub, pass_code: code }),
  },
  {
    name: 'SDK 5.2',
    ...newPaths,
    asks: (it, type) => ({ type, request_id: it.requestId, sub: it.sub, usage_type: 'MULTIFACTOR_AUTHENTICATION' }),
    proves: ({ exchange_id }, code, it) => ({ type: 'ignored', exchange_id, sub: it.sub, pass_code: code }),
  },
  {
    name: 'SDK 5.0',
    initiate: path.v5.initiate,
    verify: (t) => `/verification-srv/v2/authenticate/authenticate/${t}`,
    asks: (it, type) => ({ type, request_id: it.requestId, sub: it.sub, usage_type: 'MULTIFACTOR_AUTHENTICATION' }),
    proves: ({ exchange_id }, code) => ({ exchange_id, pass_code: code }),
  },
  {
    name: 'the guide, with the whole exchange object',
    ...newPaths,
    asks: (it) => ({
      requestId: it.requestId,
      q: it.sub,
      usage_type: 'MULTIFACTOR_AUTHENTICATION',
      track_id: it.track,
    }),
    proves: (exchange, code) => ({ exchange_id: exchange, code }),
  },
  {
    name: 'iOS, which sends every key it knows',
    ...newPaths,
    asks: (it) => ({
      request_id: it.requestId,
      masked_sub: it.sub,
      usage_type: 'MULTIFACTOR_AUTHENTICATION',
      medium_id: '',
      device_id: '',
      email: '',
      identifier: '',
    }),
    proves: ({ exchange_id }, code) => ({ exchange_id, pass_code: code, sub: '', request_id: '', device_id: 'x' }),
  },
]

describe('cidaas.md §4.0, §10.2 row 8: every method in every spelling', () => {
  for (const spelling of spellings) {
    for (const [method, kind, target, amr] of [
      ['SMS', 'sms', '+15555550101', '104'],
      ['IVR', 'voice', '+15555550101', '109'],
      ['EMAIL', 'email', 'second@example.com', '103'],
      ['TOTP', 'totp', undefined, '60'],
      ['BACKUPCODE', 'recovery_code', undefined, '50'],
    ] as const) {
      test(`${method} as ${spelling.name} asks for it`, async () => {
        const world = await openCidaasWorld()
        const ada = await world.addUser('ada')
        const app = target === undefined ? await world.enrolApp(ada) : undefined
        if (target !== undefined) await world.enrolAddress(ada, kind, target)
        const saved = method === 'BACKUPCODE' ? await replaceCode(world, 'ada', app?.code() ?? '') : undefined
        const it = await world.pending('ada')
        const wire = method === 'SMS' ? method.toLowerCase() : method
        const asked = await it.browser.xhr('POST', spelling.initiate(wire), spelling.asks(it, wire))
        assert.equal(asked.status, 200, asked.text)
        assert.equal(asked.body.data.sub, it.sub)
        assert.equal('medium_text' in asked.body.data, target !== undefined)
        const code = saved ?? (app ? app.code() : await world.lastCode())
        const body = spelling.proves(asked.body.data.exchange_id, code, it)
        const proved = await it.browser.xhr('POST', spelling.verify(wire), body)
        assert.equal(proved.status, 200, proved.text)
        const tokens = await world.redeem(await world.goOn(it))
        assert.deepEqual(claims(tokens.body.access_token).amr.slice(0, 2), ['10', amr])
      })
    }
  }
})

/** A saved code the user has just been given, after signing in with an app. */
async function replaceCode(world: CidaasWorld, name: string, code: string): Promise<string> {
  const tokens = await world.tokens(name, code)
  const made = await world.browser().xhr(
    'POST',
    '/verification-actions-srv/setup/BACKUPCODE/initiation',
    {},
    {
      authorization: `Bearer ${tokens.body.access_token}`,
    },
  )
  assert.equal(made.status, 200, made.text)
  return made.body.data.backup_codes[0].code
}

test('cidaas.md §10.2 row 8: ten saved codes, each good once', async () => {
  const world = await openCidaasWorld()
  const app = await world.enrolApp(await world.addUser('ada'))
  const tokens = await world.tokens('ada', app.code())
  const headers = { authorization: `Bearer ${tokens.body.access_token}` }
  const path = '/verification-actions-srv/setup/BACKUPCODE/initiation'
  const made = await world.browser().xhr('POST', path, {}, headers)
  const codes: { code: string; used: boolean }[] = made.body.data.backup_codes
  assert.deepEqual([codes.length, codes[0]?.used], [10, false])
  const use = async (code = '') => {
    const asked = await world.initiate(await world.pending('ada'), 'BACKUPCODE')
    return (await world.verify('BACKUPCODE', asked.body.data.exchange_id.exchange_id, code)).status
  }
  assert.equal(await use(codes[4]?.code), 200)
  assert.equal(await use(codes[4]?.code), 417)
  assert.equal(await use(codes[9]?.code), 200)
  const again = await world.browser().xhr('POST', path, {}, headers)
  assert.equal(again.status, 200, again.text)
  assert.equal(await use(codes[1]?.code), 417, 'the set before is dead')
})

describe('cidaas.md §10.2, negative rows', () => {
  const open = async () => {
    const world = await openCidaasWorld()
    const app = await world.enrolApp(await world.addUser('ada'))
    const it = await world.pending('ada')
    const asked = await world.initiate(it, 'TOTP')
    return { world, app, it, exchange: asked.body.data.exchange_id.exchange_id as string, asked }
  }

  test('a wrong code, then the right one', async () => {
    const { world, app, it, exchange } = await open()
    const wrong = await world.verify('TOTP', exchange, '000000')
    assert.deepEqual([wrong.status, wrong.body.code, wrong.body.success], [417, 'VER_0041', false])
    assert.equal(wrong.body.error.type, 'VerificationException')
    assert.equal((await world.verify('TOTP', exchange, app.code())).status, 200)
    assert.equal((await world.goOn(it)).to.error, undefined)
  })

  test('a code that is missing costs nothing', async () => {
    const { world, app, exchange } = await open()
    const missing = await world.verify('TOTP', exchange, '')
    assert.deepEqual([missing.status, missing.body.code], [400, 'VER_0046'])
    assert.equal((await world.verify('TOTP', exchange, app.code())).status, 200)
  })

  test('S-17: five wrong codes, and the right one is too late', async () => {
    const { world, app, it, exchange } = await open()
    for (let i = 0; i < 5; i++) assert.equal((await world.verify('TOTP', exchange, '000000')).status, 417)
    assert.equal((await world.verify('TOTP', exchange, app.code())).status, 417)
    assert.equal((await world.goOn(it)).to.error, 'mfa_required')
  })

  for (const method of ['TOTP', 'SMS']) {
    test(`cidaas.md §9.4: five wrong codes end an exchange of ${method}, and the next answer says so`, async () => {
      const world = await openCidaasWorld()
      const ada = await world.addUser('ada')
      await world.enrolApp(ada)
      await world.enrolAddress(ada, 'sms', '+15551234567')
      const asked = await world.initiate(await world.pending('ada'), method)
      const exchange = asked.body.data.exchange_id.exchange_id
      const wrong = async () => (await world.verify(method, exchange, '000000')).body.error.error
      for (let i = 0; i < 4; i++) assert.equal(await wrong(), 'invalid_pass_code')
      await wrong()
      const last = await world.verify(method, exchange, '000000')
      assert.deepEqual([last.status, last.body.error.error], [417, 'too_many_attempts'])
      assert.equal(last.body.error.type, 'VerificationException')
    })
  }

  test('a reused exchange', async () => {
    const { world, app, exchange } = await open()
    assert.equal((await world.verify('TOTP', exchange, app.code())).status, 200)
    const again = await world.verify('TOTP', exchange, app.code(1))
    assert.deepEqual([again.status, again.body.code], [417, 'VER_0032'])
  })

  test('AC-10: the masked sub of another user, at initiation and at verification', async () => {
    const { world, app, it, exchange } = await open()
    await world.enrolApp(await world.addUser('eve'))
    const eve = await world.pending('eve')
    const foreign = await world.initiate({ ...it, sub: eve.sub }, 'TOTP')
    const nobody = await world.initiate({ ...it, sub: '11111111-1111-4111-8111-111111111111' }, 'TOTP')
    assert.equal(foreign.status, 417)
    assert.deepEqual(
      { ...foreign.body, error: { ...foreign.body.error, referenceNumber: '' } },
      { ...nobody.body, error: { ...nobody.body.error, referenceNumber: '' } },
    )
    const stolen = await world.verify('TOTP', exchange, app.code(), { sub: eve.sub })
    assert.equal(stolen.body.code, 'VER_0032')
    const named = await world.initiate({ ...eve, sub: eve.sub }, 'TOTP', { trackId: it.track })
    assert.equal(named.status, 417, 'nor does a track of another request help')
  })

  test('the request of somebody else', async () => {
    const { world, it } = await open()
    const other = await world.requestId()
    assert.equal((await world.initiate({ ...it, requestId: other }, 'TOTP')).status, 417)
    const none = await world.initiate({ ...it, requestId: '11111111-1111-4111-8111-111111111111' }, 'TOTP')
    assert.equal(none.status, 400)
  })

  test('AC-11: continuing before the proof leads back to the same page and the same track', async () => {
    const { world, it, exchange, app } = await open()
    const early = await world.goOn(it)
    assert.equal(early.location.origin + early.location.pathname, 'https://pages.example/mfa')
    assert.deepEqual([early.to.track_id, early.to.error, early.to.theme], [it.track, 'mfa_required', 'dark'])
    await world.verify('TOTP', exchange, app.code())
    assert.match((await world.goOn(it)).location.href, /#code=/)
  })

  test('continuing twice', async () => {
    const { world, it, exchange, app } = await open()
    await world.verify('TOTP', exchange, app.code())
    const both = await Promise.all([world.goOn(it), world.goOn(it)])
    assert.deepEqual(both.map((one) => 'code' in one.to).sort(), [false, true])
    assert.equal((await world.goOn(it)).location.pathname, '/identity/error')
  })

  test('an expired track', async () => {
    const { world, it, exchange, app } = await open()
    await world.verify('TOTP', exchange, app.code())
    world.clock.advance(601)
    assert.equal((await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)).status, 204)
    assert.equal((await world.goOn(it)).location.pathname, '/identity/error')
  })

  test('metadata with something that is no UUID', async () => {
    const { it } = await open()
    const reply = await it.browser.xhr('GET', '/token-srv/prelogin/metadata/abc')
    assert.deepEqual([reply.status, reply.body.code], [400, 'VER_0025'])
    const none = await it.browser.xhr('GET', '/token-srv/prelogin/metadata/')
    assert.deepEqual([none.status, none.body.success], [404, false])
  })

  test('a method the application does not allow', async () => {
    const { world, it } = await open()
    await world.setApplication('app', { mfa: { mode: 'ALWAYS', allowedFactors: ['sms'] } })
    const refused = await world.initiate(it, 'TOTP')
    assert.deepEqual([refused.status, refused.body.code], [417, 'VER_0028'])
  })

  test('cidaas.md §9.4: methods nobody has, that are off, and that do not exist', async () => {
    const { world, it } = await open()
    for (const [method, status, code] of [
      ['SMS', 417, 'VER_0026'],
      ['FIDO2', 417, 'VER_0028'],
      ['PUSH', 417, 'VER_0028'],
      ['SMARTPUSH', 417, 'VER_0028'],
      ['FACE', 417, 'VER_0028'],
      ['SECURITY_QUESTION', 417, 'VER_0028'],
      ['PASSWORD', 417, 'VER_0028'],
      ['SMOKE', 400, 'VER_0030'],
    ] as const) {
      const reply = await world.initiate(it, method)
      assert.deepEqual([method, reply.status, reply.body.code], [method, status, code])
    }
  })

  test('cidaas.md §4.4: what is missing or misspelt at initiation', async () => {
    const { world, it } = await open()
    for (const [over, status] of [
      [{ request_id: '' }, 400],
      [{ usage_type: undefined }, 400],
      [{ usage_type: 'MULTI_FACTOR_AUTHENTICATION' }, 400],
      [{ usage_type: 'multifactor_authentication' }, 400],
      [{ sub: 'undefined' }, 400],
      [{ identifier: 'ada@example.com' }, 400],
      [{ single_factor_auth: true }, 400],
    ] as const) {
      const reply = await world.initiate(it, 'TOTP', over)
      assert.deepEqual([JSON.stringify(over), reply.status, reply.body.success], [JSON.stringify(over), status, false])
    }
  })

  test('cancel, then verify', async () => {
    for (const path of [
      '/verification-srv/authentication/TOTP/cancel',
      '/verification-srv/v2/authenticate/cancel/totp',
      '/verification-srv/v2/setup/cancel/TOTP',
    ]) {
      const { world, app, it, exchange, asked } = await open()
      const status = asked.body.data.status_id
      const cancelled = await it.browser.xhr('POST', path, { exchange_id: exchange, reason: 'changed my mind' })
      assert.equal(cancelled.status, 200, cancelled.text)
      assert.equal((await world.verify('TOTP', exchange, app.code())).body.code, 'VER_0032')
      const told = await it.browser.xhr('GET', `/verification-srv/verificationstatus/${status}`)
      assert.equal(told.body.data.status, 'CANCELLED')
    }
  })

  test('cidaas.md §4.6: the status of a verification, by all its paths', async () => {
    const { world, app, it, exchange, asked } = await open()
    const id = asked.body.data.status_id
    const ask = async () => {
      const replies = [
        await it.browser.xhr('GET', `/verification-srv/verificationstatus/${id}`),
        await it.browser.xhr('POST', `/verification-srv/v2/notification/status/${id}`),
        await it.browser.xhr('POST', `/verification-srv/notification/status/${id}`),
      ]
      return replies.map((reply) => reply.body.data.status)
    }
    assert.deepEqual(await ask(), ['INITIATED', 'INITIATED', 'INITIATED'])
    await world.verify('TOTP', exchange, app.code())
    assert.deepEqual(await ask(), ['AUTHENTICATED', 'AUTHENTICATED', 'AUTHENTICATED'])
    const bad = await it.browser.xhr('GET', '/verification-srv/verificationstatus/abc')
    assert.deepEqual([bad.status, bad.body.code], [400, 'VER1075'])
    const unknown = '11111111-1111-4111-8111-111111111111'
    assert.equal((await it.browser.xhr('GET', `/verification-srv/verificationstatus/${unknown}`)).status, 204)
  })

  test('S-4: a code sent for one exchange is no code for another', async () => {
    const world = await openCidaasWorld()
    const ada = await world.addUser('ada')
    await world.enrolAddress(ada, 'sms', '+15555550101')
    await world.enrolAddress(ada, 'email', 'second@example.com')
    const it = await world.pending('ada')
    await world.initiate(it, 'SMS')
    const code = await world.lastCode()
    const mail = await world.initiate(it, 'EMAIL')
    const reply = await world.verify('EMAIL', mail.body.data.exchange_id.exchange_id, code)
    assert.equal(reply.body.code, 'VER_0041')
  })
})

describe('cidaas.md §4.1: when a second factor is asked for', () => {
  const asked = async (over: {
    readonly tenant?: MfaRule
    readonly app?: MfaRule
    readonly mfaEnabled?: boolean
  }): Promise<boolean> => {
    const world = await openCidaasWorld({ tenant: { mfa: over.tenant ?? { mode: 'OFF' } } })
    await world.setApplication('app', { mfa: over.app })
    await world.enrolApp(await world.addUser('ada', { mfaEnabled: over.mfaEnabled ?? false }))
    const reply = await world.signIn(world.browser(), 'ada', await world.requestId())
    assert.equal('code' in reply.to, !('track_id' in reply.to))
    return 'track_id' in reply.to
  }
  const rows = [
    ['tenant ALWAYS, application OFF', { tenant: { mode: 'ALWAYS' }, app: { mode: 'OFF' } }, true],
    ['user mfa_enabled, application OFF', { app: { mode: 'OFF' }, mfaEnabled: true }, true],
    ['nothing asks', {}, false],
    ['application OFF', { app: { mode: 'OFF' } }, false],
    ['application ALWAYS', { app: { mode: 'ALWAYS' } }, true],
    ['application SMART, nothing to judge by', { app: { mode: 'SMART' } }, true],
    ['application TIME_BASED, never before', { app: { mode: 'TIME_BASED', timeBasedSeconds: 60 } }, true],
    ['application SMART_PLUS_TIME_BASED', { app: { mode: 'SMART_PLUS_TIME_BASED', timeBasedSeconds: 60 } }, true],
  ] as const
  for (const [name, over, expected] of rows) {
    test(`${name}: ${expected ? 'asked' : 'not asked'}`, async () => assert.equal(await asked(over), expected))
  }

  test('TIME_BASED by the clock: the browser that proved it is spared for the interval, no other is', async () => {
    const world = await openCidaasWorld()
    await world.setApplication('app', { mfa: { mode: 'TIME_BASED', timeBasedSeconds: 3_600 } })
    const app = await world.enrolApp(await world.addUser('ada'))
    const browser = world.browser()
    assert.equal((await world.tokens('ada', app.code(), { browser })).status, 200)
    const again = async (from = browser) => 'code' in (await world.signIn(from, 'ada', await world.requestId())).to
    assert.equal(await again(), true)
    assert.equal(await again(world.browser()), false, 'another browser')
    world.clock.advance(3_601)
    assert.equal(await again(), false, 'later')
  })
})
