import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Auth0Client } from '@auth0/auth0-spa-js'
import { startServer, type TestServer } from '../support/server.ts'
import { putUpBrowser, type Seen } from './browser-shim.ts'
import { api, conformance, emailOf, grant, mfaApi, passwordOf, payload, someone } from './support.ts'

/**
 * auth0.md §8.6 and §8.8 by the unmodified single-page SDK. Its session begins with the public call that §8.6 row 3
 * names, fed by a password login of the same client, since the pages of the redirect belong to another story.
 */

const origin = 'http://localhost:5173'
let server: TestServer
let seen: Seen[]
let S: Auth0Client

before(async () => {
  const factors = ['password', 'totp', 'sms', 'voice', 'email', 'recovery_code'] as const
  server = await startServer({ config: conformance([someone('ada'), someone('eve')], { factors: [...factors] }) })
  seen = putUpBrowser(origin)
  S = await newClient()
})
after(() => server.stop())

async function newClient(more: object = {}): Promise<Auth0Client> {
  const { Auth0Client: Client } = await import('@auth0/auth0-spa-js')
  return new Client({
    domain: server.domain,
    clientId: 'spa',
    useRefreshTokens: true,
    useMrrt: true,
    cacheLocation: 'localstorage',
    authorizationParams: { audience: api, redirect_uri: `${origin}/callback` },
    ...more,
  })
}

const scope = 'openid profile email offline_access'

/** The mfa_required a password login of this client meets, told to the SDK as if it had made the request. */
async function begin(client: Auth0Client, name: string): Promise<string> {
  const refused = await server.form('/oauth/token', {
    grant_type: 'password',
    client_id: 'spa',
    username: emailOf(name),
    password: passwordOf(name),
    audience: api,
    scope,
  })
  assert.equal(refused.body.error, 'mfa_required', refused.text)
  client.mfa.setMFAAuthDetails(refused.body.mfa_token, scope, api, refused.body.mfa_requirements)
  return refused.body.mfa_token
}

async function enrolPhone(client: Auth0Client, mfaToken: string, phoneNumber: string): Promise<void> {
  const asked = await client.mfa.enroll({ mfaToken, factorType: 'sms', phoneNumber })
  const oobCode = 'oobCode' in asked ? (asked.oobCode ?? '') : ''
  await client.mfa.verify({ mfaToken, oobCode, bindingCode: await server.lastCode({ to: phoneNumber }) })
}

/** What the SDK keeps, as text. */
const kept = () => JSON.stringify(Object.entries(globalThis.localStorage))
const refreshTokens = () => [...new Set([...kept().matchAll(/refresh_token\\":\\"([^\\]+)/g)].map((it) => it[1]))]
const clearStorage = () => {
  for (const key of Object.keys(globalThis.localStorage)) globalThis.localStorage.removeItem(key)
}
const tokenCalls = () => seen.filter((it) => it.url.endsWith('/oauth/token')).map((it) => new URLSearchParams(it.body))
const thrown = async (call: Promise<unknown>) => {
  const failed = await call.then(
    (got) => assert.fail(`it did not fail: ${JSON.stringify(got)}`),
    (error) => error,
  )
  return failed as {
    error: string
    error_description: string
    mfa_token: string
    message: string
    mfa_requirements: { challenge?: { type: string }[]; enroll?: { type: string }[] }
  }
}

let jwt = ''
let secret = ''

describe('8.6 enrolment with the enrol-scope token in a SPA', () => {
  test('8.6.0 a first phone signs the user in, and the SDK accepts the ID token', async () => {
    const mfaToken = await begin(S, 'ada')
    assert.deepEqual((await S.mfa.getEnrollmentFactors(mfaToken)).map((it) => it.type).toSorted(), ['otp', 'phone'])
    await enrolPhone(S, mfaToken, '+15551234567')
    assert.match((await S.getUser())?.sub ?? '', /^auth0\|/)
    const claims = await S.getIdTokenClaims()
    assert.equal(claims?.iss, `https://${server.domain}/`)
    const last = tokenCalls().at(-1)
    assert.deepEqual([...(last?.keys() ?? [])].toSorted(), [
      'binding_code',
      'client_id',
      'grant_type',
      'mfa_token',
      'oob_code',
    ])
  })

  test('8.6.1 a refresh for the MFA API brings a JWT with every scope that was asked', async () => {
    const { audience, scope: wanted } = mfaApi(server)
    jwt = (await S.getTokenSilently({ authorizationParams: { audience, scope: wanted } })) ?? ''
    const asked = tokenCalls().at(-1)
    assert.equal(asked?.get('grant_type'), 'refresh_token')
    assert.equal(asked?.get('audience'), audience)
    assert.deepEqual(asked?.get('scope')?.split(' ').toSorted(), `${scope} ${wanted}`.split(' ').toSorted())
    const claims = payload(jwt)
    assert.ok([claims.aud].flat().includes(audience))
    for (const word of wanted.split(' ')) assert.ok(String(claims.scope).split(' ').includes(word), word)
  })

  test('8.6.3 and 8.6.4 the token enrols an app, a phone by voice and an e-mail address', async () => {
    const { audience, scope: wanted } = mfaApi(server)
    S.mfa.setMFAAuthDetails(jwt, `openid ${wanted}`, audience)
    const voice = await S.mfa.enroll({ mfaToken: jwt, factorType: 'voice', phoneNumber: '+15551230001' })
    assert.equal('oobChannel' in voice && voice.oobChannel, 'voice')
    const email = await S.mfa.enroll({ mfaToken: jwt, factorType: 'email', email: 'ada2@example.com' })
    assert.equal('oobChannel' in email && email.oobChannel, 'email')
    const push = await thrown(S.mfa.enroll({ mfaToken: jwt, factorType: 'push' }))
    assert.match(push.error, /^unsupported_/, 'push is not there yet and says so')
    const app = await S.mfa.enroll({ mfaToken: jwt, factorType: 'otp' })
    secret = 'secret' in app ? String(app.secret) : ''
    assert.match(secret, /^[A-Z2-7]{32}$/)
    const call = seen.filter((it) => it.url.endsWith('/mfa/associate')).at(-1)
    assert.deepEqual(JSON.parse(call?.body ?? ''), { authenticator_types: ['otp'] })
    assert.ok(call?.headers.has('auth0-client'), 'the telemetry header is sent along')
  })

  test('8.6.5 a code confirms the app, with an ID token', async () => {
    const tokens = await S.mfa.verify({ mfaToken: jwt, otp: await server.totp(secret) })
    assert.ok(tokens.id_token && tokens.access_token)
    const asked = tokenCalls().at(-1)
    assert.deepEqual([asked?.get('grant_type'), asked?.get('mfa_token')], [grant.otp, jwt])
  })

  test('8.6.6 a second time the SDK has no context any more', async () => {
    const before = seen.length
    assert.equal((await thrown(S.mfa.verify({ mfaToken: jwt, otp: '000000' }))).error, 'mfa_context_not_found')
    assert.equal(seen.length, before)
  })
})

describe('8.8 SPA refresh that meets MFA', () => {
  let mfaToken = ''
  let phone = ''
  let old: readonly (string | undefined)[] = []

  before(async () => {
    // What was proved is too old from here on, so a refresh needs a new proof.
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'TIME_BASED', time_based_seconds: 600 } })
    await server.advance(3_600)
  })

  test('8.8.1 the refresh is refused with mfa_required, and its token is not used up', async () => {
    old = refreshTokens()
    assert.equal(old.length, 1)
    const refused = await thrown(S.getTokenSilently({ cacheMode: 'off' }))
    assert.equal(refused.error, 'mfa_required')
    assert.equal(refused.message, 'Multifactor authentication required')
    mfaToken = refused.mfa_token
    assert.ok(mfaToken)
    assert.ok(refused.mfa_requirements.challenge?.some((it) => it.type === 'phone'))
    assert.equal(seen.at(-1)?.status, 403)
    assert.deepEqual(refreshTokens(), old)
  })

  test('8.8.2 the list is what the requirements name, each entry with its type', async () => {
    assert.deepEqual(await S.mfa.getEnrollmentFactors(mfaToken), [])
    const list = (await S.mfa.getAuthenticators(mfaToken)) as readonly { id: string; type?: string; active: boolean }[]
    for (const type of ['phone', 'otp', 'recovery-code'])
      assert.ok(
        list.some((it) => it.type === type),
        type,
      )
    phone = list.find((it) => it.active && it.id.startsWith('sms|'))?.id ?? ''
    assert.ok(phone)
  })

  test('8.8.4 a wrong code is told, and the context is kept', async () => {
    const wrong = await thrown(S.mfa.verify({ mfaToken, otp: '000000' }))
    assert.equal(wrong.error, 'invalid_grant')
  })

  test('8.8.3 and 8.8.5 a code by SMS finishes the refresh, and the new refresh token is everywhere', async () => {
    const asked = await S.mfa.challenge({ mfaToken, challengeType: 'oob', authenticatorId: phone })
    const call = seen.filter((it) => it.url.endsWith('/mfa/challenge')).at(-1)
    assert.deepEqual(Object.keys(JSON.parse(call?.body ?? '{}')).toSorted(), [
      'authenticator_id',
      'challenge_type',
      'client_id',
      'mfa_token',
    ])
    const bindingCode = await server.lastCode({ to: '+15551234567' })
    const tokens = await S.mfa.verify({ mfaToken, oobCode: asked.oobCode ?? '', bindingCode })
    assert.ok(tokens.id_token && tokens.access_token && tokens.refresh_token)
    assert.deepEqual(refreshTokens(), [tokens.refresh_token])
    assert.notDeepEqual(refreshTokens(), old)
  })

  test('8.8.6 the next token comes from the cache, and the one after by the new refresh token', async () => {
    const before = seen.length
    assert.ok(await S.getTokenSilently())
    assert.equal(seen.length, before)
    assert.ok(await S.getTokenSilently({ cacheMode: 'off' }))
    assert.equal(seen.at(-1)?.status, 200)
  })

  test('8.8.2 where the policy asks for another kind, the SDK is told what to enrol', async () => {
    clearStorage()
    const E = await newClient()
    await enrolPhone(E, await begin(E, 'eve'), '+15551239999')
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'ALWAYS', allowed_factors: ['totp'] } })
    const refused = await thrown(E.getTokenSilently({ cacheMode: 'off' }))
    assert.equal(refused.error, 'mfa_required')
    assert.deepEqual(await E.mfa.getEnrollmentFactors(refused.mfa_token), [{ type: 'otp' }])
  })
})

describe('8.7 what needs no page', () => {
  test('8.7.10 revoking the refresh token is answered 200 and ends it', async () => {
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'ALWAYS' } })
    clearStorage()
    const R = await newClient()
    const mfaToken = await begin(R, 'ada')
    const asked = await R.mfa.challenge({ mfaToken, challengeType: 'oob' })
    await R.mfa.verify({ mfaToken, oobCode: asked.oobCode ?? '', bindingCode: await server.lastCode() })
    const [token] = refreshTokens()
    await R.revokeRefreshToken()
    const call = seen.at(-1)
    assert.match(call?.url ?? '', /\/oauth\/revoke$/)
    assert.equal(call?.status, 200)
    const after = await server.form('/oauth/token', {
      grant_type: 'refresh_token',
      client_id: 'spa',
      refresh_token: token ?? '',
    })
    assert.deepEqual([after.status, after.body.error_description], [403, 'Unknown or invalid refresh token.'])
  })
})
