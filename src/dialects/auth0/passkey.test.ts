import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import type { Application } from '#model/application.ts'
import { type Auth0World, base, openAuth0World, type Reply } from '#test/support/auth0.ts'
import { createDevice, type Device, flag, type Told } from '#test/support/webauthn.ts'

/** Native passkeys over HTTP (auth0.md §1.4, §6.5): every rule of the two endpoints and of their grant. */

const grant_type = 'urn:okta:params:oauth:grant-type:webauthn'
const secret = { client_id: 'web', client_secret: 'web-secret' }
const factors = ['password', 'totp', 'sms', 'email', 'webauthn', 'recovery_code']
const profile = { email: 'new@example.com', name: 'New' }

let at: Auth0World
beforeEach(async () => {
  at = await openAuth0World({ tenant: { factors, mfa: { mode: 'ALWAYS' } } })
})

const register = (user_profile: object = profile, more: object = {}) =>
  at.post('/passkey/register', { ...secret, user_profile, ...more })
const challenge = (more: object = {}) => at.post('/passkey/challenge', { ...secret, ...more })
const exchange = (begun: Reply, authn_response: unknown, more: object = {}) =>
  at.post('/oauth/token', {
    grant_type,
    ...secret,
    auth_session: begun.body.auth_session,
    authn_response,
    scope: 'openid profile email',
    ...more,
  })
const optionsOf = (begun: Reply) => begun.body.authn_params_public_key ?? assert.fail(begun.text)
const said = ({ status, body }: Reply) => [status, body.error, body.error_description]

const newDevice = () => createDevice({ origin: base })

/** Somebody who has signed up with a passkey. */
async function signUp(device: Device, user: object = profile): Promise<Reply> {
  const begun = await register(user)
  const done = await exchange(begun, device.create(optionsOf(begun)))
  assert.equal(done.status, 200, done.text)
  return done
}

async function signIn(device: Device, more: object = {}, told?: Told): Promise<Reply> {
  const begun = await challenge()
  return await exchange(begun, device.get(optionsOf(begun), told), more)
}

async function change(id: string, over: Partial<Application>): Promise<void> {
  const it = (await at.store.get('applications', at.tenant.id, id)) ?? assert.fail()
  await at.put('applications', { ...it, ...over })
}

const refused = [403, 'invalid_grant', 'The passkey could not be verified.']

describe('sign-up', () => {
  test('opens an account whose only way in is the passkey, and the tokens say that it was two factors', async () => {
    const done = await signUp(newDevice(), { ...profile, given_name: 'N.', user_metadata: { theme: 'dark' } })
    const claims = decodeJwt(done.body.id_token)
    assert.deepEqual([claims.email, claims.email_verified, claims.name], ['new@example.com', false, 'New'])
    assert.deepEqual([claims.amr, claims.acr], [['pop', 'user', 'swk', 'mfa'], 'phr'])
    const id = String(claims.sub).replace('auth0|', '')
    const user = await at.store.get('users', at.tenant.id, id)
    assert.deepEqual([user?.passwordHash, user?.loginCount], [undefined, 1])
    assert.deepEqual(user?.userMetadata, { theme: 'dark' })
    const events = (await at.events()).map((it) => it.type)
    for (const type of ['user.created', 'factor.confirmed', 'login.granted']) assert.ok(events.includes(type), type)
  })

  test('asks for a key that can be found and that makes sure of its user, whatever the tenant asks of others', async () => {
    const options = optionsOf(await register())
    const { residentKey, requireResidentKey, userVerification } = options.authenticatorSelection
    assert.deepEqual([residentKey, requireResidentKey, userVerification], ['required', true, 'required'])
    assert.deepEqual([options.rp.id, options.excludeCredentials], ['localhost', []])
    assert.deepEqual([options.user.name, Buffer.from(options.user.id, 'base64url').length], ['new@example.com', 32])
    assert.equal(Buffer.from(options.challenge, 'base64url').length, 32)
  })

  test('a key that only saw somebody opens no account', async () => {
    const begun = await register()
    const careless = createDevice({ origin: base, flags: flag.up })
    assert.deepEqual(said(await exchange(begun, careless.create(optionsOf(begun)))), refused)
    assert.equal(await at.store.count('users', at.tenant.id), 0)
  })

  test('user_metadata beside the profile is taken as well, as the SDK sends it', async () => {
    const begun = await register(profile, { user_metadata: { plan: 'gold' } })
    const done = await exchange(begun, newDevice().create(optionsOf(begun)))
    const id = String(decodeJwt(done.body.id_token).sub).replace('auth0|', '')
    assert.deepEqual((await at.store.get('users', at.tenant.id, id))?.userMetadata, { plan: 'gold' })
  })

  test('a user name or a telephone number will do for an e-mail address; neither is verified by it', async () => {
    for (const user of [{ username: 'nemo' }, { phone_number: '+15551230000' }]) await signUp(newDevice(), user)
    const all = await at.store.list('users', at.tenant.id, { limit: 9 })
    assert.deepEqual(all.map((it) => [it.username, it.phoneNumber, it.phoneVerified]).sort(), [
      [undefined, '+15551230000', false],
      ['nemo', undefined, false],
    ])
  })

  test('a profile without an identifier, or with a member that is none, is told what is wrong with it', async () => {
    const rows: readonly [object, string][] = [
      [{ name: 'Nobody' }, 'Missing required parameter: user_profile.email'],
      [{ email: 7 }, 'Invalid value: user_profile.email'],
      [{ ...profile, picture: 'javascript:alert(1)' }, 'Invalid value: user_profile.picture'],
      [{ ...profile, user_metadata: { a: 'x'.repeat(4_096) } }, 'Invalid value: user_profile.user_metadata'],
      [{ email: 'no address' }, 'The email address is invalid.'],
      [{ phone_number: 'call me' }, 'The phone number is invalid.'],
    ]
    for (const [user, text] of rows) assert.deepEqual(said(await register(user)), [400, 'invalid_request', text])
    const without = await at.post('/passkey/register', secret)
    assert.deepEqual(said(without), [400, 'invalid_request', 'Missing required parameter: user_profile'])
  })

  test('S-102: a taken address begins like any other, and is refused as any sign-up refuses it', async () => {
    await at.addUser('ada')
    const [taken, free] = [await register({ email: 'Ada@Example.com' }), await register({ email: 'free@example.com' })]
    const shape = (it: Reply) => ({
      ...it.body,
      auth_session: it.body.auth_session.length,
      authn_params_public_key: { ...optionsOf(it), challenge: 0, user: Object.keys(optionsOf(it).user) },
    })
    assert.deepEqual(shape(taken), shape(free))
    const done = await exchange(taken, newDevice().create(optionsOf(taken)))
    assert.deepEqual(said(done), [400, 'invalid_signup', 'Invalid sign up'])
    assert.equal(await at.store.count('users', at.tenant.id), 1)
    assert.equal(await at.store.count('authenticators', at.tenant.id), 0)
  })

  test('of two who sign up with one address one gets it', async () => {
    const begun = [await register(), await register()]
    const all = await Promise.all(begun.map((it) => exchange(it, newDevice().create(optionsOf(it)))))
    assert.deepEqual(all.map((it) => it.status).sort(), [200, 400])
    assert.equal(await at.store.count('users', at.tenant.id), 1)
  })

  test('S-92: a key of somebody else’s opens no second account', async () => {
    const begun = await register()
    const device = newDevice()
    const first = device.create(optionsOf(begun))
    await exchange(begun, first)
    const again = await register({ email: 'other@example.com' })
    const same = device.create(optionsOf(again), { credentialId: first.id })
    assert.deepEqual(said(await exchange(again, same)), refused)
  })

  test('where people may not sign up they are told so, also when that was decided in between', async () => {
    const begun = await register()
    await change('web', { signUp: false })
    assert.deepEqual(said(await register()), [403, 'access_denied', 'Public signup is disabled'])
    assert.deepEqual(said(await exchange(begun, newDevice().create(optionsOf(begun)))), refused)
    await change('web', { signUp: undefined })
    await at.setTenant({ signUp: { enabled: false, attributes: [] } })
    assert.deepEqual(said(await register()), [403, 'access_denied', 'Public signup is disabled'])
    assert.equal(await at.store.count('users', at.tenant.id), 0)
  })

  test('of 20 who bring the same new key at once one opens the account (S-28)', async () => {
    const begun = await register()
    const proof = newDevice().create(optionsOf(begun))
    const all = await Promise.all(Array.from({ length: 20 }, () => exchange(begun, proof)))
    assert.equal(all.filter((it) => it.status === 200).length, 1)
    assert.equal(await at.store.count('users', at.tenant.id), 1)
    assert.equal(await at.store.count('authenticators', at.tenant.id), 1)
  })
})

describe('sign-in', () => {
  let device: Device
  beforeEach(async () => {
    device = newDevice()
    await signUp(device)
  })

  test('the question names nobody, and the answer is two factors: a policy that always asks is content', async () => {
    const begun = await challenge()
    const options = optionsOf(begun)
    assert.deepEqual([options.rpId, options.allowCredentials, options.userVerification], ['localhost', [], 'required'])
    assert.notEqual(begun.body.auth_session, options.challenge)
    const done = await exchange(begun, device.get(options), { audience: 'https://api.example', scope: 'openid' })
    assert.equal(done.status, 200, done.text)
    assert.deepEqual([done.body.token_type, typeof done.body.expires_in], ['Bearer', 'number'])
    assert.deepEqual(decodeJwt(done.body.id_token).amr, ['pop', 'user', 'swk', 'mfa'])
    assert.equal(decodeJwt(done.body.id_token).nonce, undefined)
    assert.equal(decodeJwt(done.body.access_token).gty, grant_type)
  })

  test('policy may still ask for another factor, and the MFA grants go on from there', async () => {
    const [user] = await at.store.list('users', at.tenant.id, { limit: 1 })
    const app = await at.enrolApp(user ?? assert.fail())
    await at.setTenant({ mfa: { mode: 'ALWAYS', allowedFactors: ['totp'] } })
    const asked = await signIn(device)
    assert.deepEqual(said(asked), [403, 'mfa_required', 'Multifactor authentication required'])
    assert.deepEqual(asked.body.mfa_requirements, { challenge: [{ type: 'otp' }] })
    const done = await at.token({
      grant_type: 'http://auth0.com/oauth/grant-type/mfa-otp',
      mfa_token: asked.body.mfa_token,
      otp: app.code(),
    })
    assert.equal(done.status, 200, done.text)
    assert.ok(done.body.id_token)
  })

  test('a form may carry the answer as text, as the server SDK sends it', async () => {
    const begun = await challenge()
    const done = await at.token({
      grant_type,
      auth_session: begun.body.auth_session,
      authn_response: JSON.stringify(device.get(optionsOf(begun))),
    })
    assert.equal(done.status, 200, done.text)
  })

  test('a refresh token it gives goes on without asking for a second factor', async () => {
    const first = await signIn(device, { scope: 'openid offline_access', audience: 'https://api.example' })
    const again = await at.token({ grant_type: 'refresh_token', refresh_token: first.body.refresh_token })
    assert.equal(again.status, 200, again.text)
  })

  test('another origin, another site, no user verification and a stranger’s key are one refusal', async () => {
    for (const told of [{ origin: 'https://evil.example' }, { rpId: 'evil.example' }, { flags: flag.up }]) {
      assert.deepEqual(said(await signIn(device, {}, told)), refused)
    }
    const stranger = newDevice()
    stranger.create({ ...optionsOf(await register({ email: 'x@example.com' })) })
    assert.deepEqual(said(await signIn(stranger)), refused)
    const begun = await challenge()
    for (const nonsense of ['{', [], { id: 'x' }, 7]) assert.deepEqual(said(await exchange(begun, nonsense)), refused)
  })

  test('AC-48: an answer is good once, for 5 minutes, and for the session it was made for', async () => {
    const begun = await challenge()
    const proof = device.get(optionsOf(begun))
    const other = await challenge()
    assert.deepEqual(said(await exchange(other, proof)), refused)
    assert.equal((await exchange(begun, proof)).status, 200)
    assert.deepEqual(said(await exchange(begun, proof)), refused)
    const late = await challenge()
    const old = device.get(optionsOf(late))
    at.clock.advance(301)
    assert.deepEqual(said(await exchange(late, old)), [403, 'invalid_grant', 'The auth_session is expired.'])
  })

  test('the answer to a sign-up signs nobody in, and the use of a key opens no account', async () => {
    const [up, into] = [await register({ email: 'x@example.com' }), await challenge()]
    assert.deepEqual(said(await exchange(up, device.get({ ...optionsOf(into), ...optionsOf(up) }))), refused)
    assert.deepEqual(said(await exchange(into, newDevice().create({ ...optionsOf(up), ...optionsOf(into) }))), refused)
  })

  test('a session is worth nothing to another client, nor one that never was', async () => {
    const begun = await challenge()
    const proof = device.get(optionsOf(begun))
    const other = await exchange(begun, proof, { client_id: 'other', client_secret: 'other-secret' })
    assert.deepEqual(said(other), [400, 'invalid_request', 'auth_session not issued to this client'])
    const none = await exchange(begun, proof, { auth_session: 'x' })
    assert.deepEqual(said(none), [403, 'invalid_grant', 'Unknown or invalid auth_session.'])
  })

  test('S-17: the fifth wrong answer is the last that is looked at', async () => {
    const begun = await challenge()
    const options = optionsOf(begun)
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(said(await exchange(begun, device.get(options, { origin: 'https://evil.example' }))), refused)
    }
    assert.deepEqual(said(await exchange(begun, device.get(options))), refused)
    assert.equal((await signIn(device)).status, 200)
  })

  test('S-23: an address that fails too often has to wait, with the words and headers of a limit', async () => {
    const world = await openAuth0World({ addressBudgets: true, tenant: { factors } })
    const ask = { ...secret, grant_type, authn_response: { id: 'x' } }
    const begin = async () => (await world.post('/passkey/challenge', secret)).body.auth_session
    let reply = await world.post('/oauth/token', { ...ask, auth_session: await begin() })
    for (let i = 0; i < 25 && reply.status !== 429; i++) {
      assert.deepEqual(said(reply), refused)
      reply = await world.post('/oauth/token', { ...ask, auth_session: await begin() })
    }
    assert.equal(reply.status, 429, reply.text)
    assert.ok(Number(reply.headers['retry-after']) > 0)
  })

  test('S-91: a counter that goes back is refused and takes the key out of use', async () => {
    assert.equal((await signIn(device)).status, 200)
    assert.deepEqual(said(await signIn(device, {}, { counter: 1 })), refused)
    const [key] = await at.store.list('authenticators', at.tenant.id, { limit: 1 })
    assert.equal(key?.state, 'disabled')
  })

  test('a blocked user is told so only once the passkey was right', async () => {
    const [user] = await at.store.list('users', at.tenant.id, { limit: 1 })
    await at.put('users', { ...(user ?? assert.fail()), blocked: true })
    assert.deepEqual(said(await signIn(device)), [401, 'unauthorized', 'user is blocked'])
    assert.deepEqual(said(await signIn(device, {}, { origin: 'https://evil.example' })), refused)
  })
})

describe('an address that is somebody else’s (AC-14)', () => {
  const mail = { realm: 'email', username: profile.email }
  const passwordless = 'http://auth0.com/oauth/grant-type/passwordless/otp'
  const byMail = async () => {
    await at.post('/passwordless/start', { ...secret, connection: 'email', email: profile.email, send: 'code' })
    return await at.token({ grant_type: passwordless, ...mail, otp: await at.lastCode() })
  }

  test('whoever signed up with it by passkey is out once its owner has come', async () => {
    const squatter = newDevice()
    await signUp(squatter)
    at.clock.advance(60)
    assert.deepEqual(said(await byMail()), [403, 'mfa_required', 'Multifactor authentication required'])
    assert.deepEqual(said(await signIn(squatter)), refused)
  })

  test('and if it was the owner, the passkey is good again once it was proved beside the mailbox', async () => {
    const own = newDevice()
    await signUp(own)
    at.clock.advance(60)
    await byMail()
    assert.deepEqual(said(await signIn(own)), refused)
    const caller = at.caller({ base, dialect: 'auth0' })
    const { mfa_token } = (await byMail()).body
    const flow = await at.flowOf(mfa_token)
    const asked = await at.engine.challenge({ caller, ticket: flow.ticket, kinds: ['webauthn'] })
    const { challenge: handle, show } = asked.yes ?? assert.fail(asked.no)
    const proved = await at.answer(flow, { challenge: handle ?? '' }, own.get(show?.publicKey), caller)
    assert.equal(proved.no, undefined)
    assert.equal((await signIn(own)).status, 200)
  })
})

describe('who may', () => {
  test('an application without the grant, with the wrong secret or for another directory is refused at all three', async () => {
    await change('other', { grantTypes: ['password'] })
    const off = [403, 'unauthorized_client', `Grant type '${grant_type}' not allowed for the client.`]
    const other = { client_id: 'other', client_secret: 'other-secret', user_profile: profile }
    const wrong = { ...secret, client_secret: 'x', user_profile: profile }
    const realm = { ...secret, realm: 'elsewhere', user_profile: profile }
    const token = { grant_type, auth_session: 'x', authn_response: {} }
    for (const path of ['/passkey/register', '/passkey/challenge', '/oauth/token']) {
      assert.deepEqual(said(await at.post(path, { ...token, ...other })), off, path)
      assert.equal((await at.post(path, { ...token, ...wrong })).body.error, 'invalid_client', path)
      const unknown = [403, 'unauthorized_client', 'The connection "elsewhere" is not enabled for the client.']
      assert.deepEqual(said(await at.post(path, { ...token, ...realm })), unknown, path)
    }
    assert.equal((await challenge({ realm: 'users' })).status, 200)
  })

  test('a public client needs no secret', async () => {
    const begun = await at.post('/passkey/challenge', { client_id: 'spa' })
    assert.equal(begun.status, 200, begun.text)
  })

  test('a tenant without keys says that there are none', async () => {
    await at.setTenant({ factors: ['password', 'totp'] })
    const off = [403, 'unauthorized_client', 'Passkeys are not enabled.']
    for (const reply of [await register(), await challenge()]) assert.deepEqual(said(reply), off)
    const token = await at.post('/oauth/token', { grant_type, ...secret, auth_session: 'x', authn_response: {} })
    assert.deepEqual(said(token), off)
  })

  test('auth_session and authn_response are required, and an unknown API is refused before anything is spent', async () => {
    const ask = { grant_type, ...secret }
    const lacking = await at.post('/oauth/token', { ...ask, authn_response: {} })
    assert.deepEqual(said(lacking), [400, 'invalid_request', 'Missing required parameter: auth_session'])
    const without = await at.post('/oauth/token', { ...ask, auth_session: 'x' })
    assert.deepEqual(said(without), [400, 'invalid_request', 'Missing required parameter: authn_response'])
    const device = newDevice()
    const begun = await register()
    const proof = device.create(optionsOf(begun))
    const nowhere = await exchange(begun, proof, { audience: 'https://nowhere.example' })
    assert.deepEqual(said(nowhere), [403, 'access_denied', 'Service not found: https://nowhere.example'])
    assert.equal((await exchange(begun, proof)).status, 200)
  })

  test('the discovery document names the grant, and pages of registered origins may call', async () => {
    const { body } = await at.get('/.well-known/openid-configuration')
    assert.ok(body.grant_types_supported.includes(grant_type))
    for (const path of ['/passkey/register', '/passkey/challenge']) {
      const origin = 'http://localhost:5173'
      const headers = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      }
      const reply = await at.server.app.inject({ method: 'OPTIONS', url: path, headers })
      assert.equal(reply.headers['access-control-allow-origin'], origin)
    }
  })
})
