import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AuthenticationClient } from 'auth0/legacy'
import { startServer, type TestServer } from '../support/server.ts'
import {
  api,
  authClient,
  conformance,
  emailOf,
  failure,
  grant,
  meetsMfa,
  mfaApi,
  passwordOf,
  payload,
  secretOf,
  someone,
} from './support.ts'

/** auth0.md §8.1 to §8.5, row by row, by the unmodified SDKs over https. The rows of a section tell one story. */

let server: TestServer
let A: ReturnType<typeof authClient>
before(async () => {
  server = await startServer({ config: conformance([someone('ada'), someone('bob'), someone('cy')]) })
  A = authClient(server)
})
after(() => server.stop())

const types = (list: readonly { readonly type: string }[] | undefined) => (list ?? []).map((it) => it.type)
const listed = async (mfaToken: string) =>
  (await A.mfa.listAuthenticators({ mfaToken })) as readonly {
    id: string
    active: boolean
    type?: string
    authenticatorType: string
  }[]
/** A code that is certainly wrong. */
const not = (code: string) => code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))

let phoneId = ''
let recoveryCode = ''
let secret = ''
let appId = ''

/** The next step of the app's codes, so that none is used twice. */
async function nextCode(): Promise<string> {
  await server.advance(31)
  return await server.totp(secret)
}

async function smsProof(mfaToken: string) {
  const asked = await A.mfa.challengeAuthenticator({ mfaToken, challengeType: 'oob', authenticatorId: phoneId })
  const bindingCode = await server.lastCode({ channel: 'sms' })
  return await A.mfa.verify({ mfaToken, factorType: 'oob', oobCode: asked.oobCode ?? '', bindingCode })
}

describe('8.1 first SMS enrolment from a password login', () => {
  let mfaToken = ''
  let oobCode = ''
  let code = ''

  test('8.1.1 a password login is refused with mfa_required and what may be enrolled', async () => {
    const refused = await failure(
      A.getTokenByPassword({
        username: emailOf('ada'),
        password: passwordOf('ada'),
        audience: api,
        scope: 'openid profile offline_access',
      }),
    )
    assert.equal(refused.name, 'TokenByPasswordError')
    assert.equal(refused.code, 'token_by_password_error')
    assert.equal(refused.cause.error, 'mfa_required')
    assert.equal(refused.cause.error_description, 'Multifactor authentication required')
    assert.deepEqual(types(refused.cause.mfa_requirements.enroll).toSorted(), ['otp', 'phone'])
    assert.equal(refused.cause.mfa_requirements.challenge, undefined)
    mfaToken = refused.cause.mfa_token
    assert.notEqual(mfaToken.split('.').length, 3, 'an mfa_token does not look like a JWT')
  })

  test('8.1.2 the list is empty', async () => {
    assert.deepEqual(await listed(mfaToken), [])
  })

  test('8.1.3 enrolling a phone sends one SMS and shows a recovery code', async () => {
    const enrolled = await A.mfa.enrollAuthenticator({
      mfaToken,
      authenticatorTypes: ['oob'],
      oobChannels: ['sms'],
      phoneNumber: '+15551234567',
    })
    assert.ok(enrolled.authenticatorType === 'oob')
    assert.deepEqual([enrolled.oobChannel, enrolled.bindingMethod], ['sms', 'prompt'])
    assert.equal(enrolled.recoveryCodes?.length, 1)
    recoveryCode = enrolled.recoveryCodes?.[0] ?? ''
    assert.match(recoveryCode, /^[A-Z0-9]{24}$/)
    oobCode = enrolled.oobCode ?? ''
    phoneId = enrolled.id ?? ''
    const sent = await server.outbox({ channel: 'sms' })
    assert.deepEqual(
      sent.map((it) => it.to),
      ['+15551234567'],
    )
    code = sent[0]?.code ?? ''
    assert.match(code, /^\d{6}$/)
  })

  test('8.1.4 the list shows phone and recovery code, both inactive', async () => {
    const list = await listed(mfaToken)
    assert.deepEqual(list.map((it) => [it.id.split('|')[0], it.active]).toSorted(), [
      ['recovery-code', false],
      ['sms', false],
    ])
  })

  test('8.1.5 a wrong code is refused as invalid_grant', async () => {
    const refused = await failure(A.mfa.verify({ mfaToken, factorType: 'oob', oobCode, bindingCode: not(code) }))
    assert.equal(refused.name, 'MfaVerifyError')
    assert.deepEqual([refused.cause.error, refused.cause.error_description], ['invalid_grant', 'Invalid binding_code.'])
  })

  test('8.1.6 the real code confirms the phone and gives all tokens', async () => {
    const tokens = await A.mfa.verify({ mfaToken, factorType: 'oob', oobCode, bindingCode: code })
    assert.ok(tokens.accessToken && tokens.idToken && tokens.refreshToken)
    assert.ok((tokens.expiresAt ?? 0) > Date.now() / 1000 + 86_000)
    const idToken = payload(tokens.idToken)
    assert.match(String(idToken.sub), /^auth0\|/)
    assert.equal(idToken.iss, `https://${server.domain}/`)
    assert.equal(idToken.nonce, undefined)
    assert.equal(payload(tokens.accessToken).scope, 'openid profile offline_access')
  })

  test('8.1.7 neither the code nor the token works twice', async () => {
    const again = await failure(A.mfa.verify({ mfaToken, factorType: 'oob', oobCode, bindingCode: code }))
    assert.equal(again.cause.error, 'invalid_grant')
  })

  test('8.1.8 the next login asks for the phone or the recovery code, both active', async () => {
    const { mfa_requirements, mfa_token } = await meetsMfa(server, A, 'ada')
    assert.deepEqual(types(mfa_requirements.challenge).toSorted(), ['phone', 'recovery-code'])
    assert.equal(mfa_requirements.enroll, undefined)
    const list = await listed(mfa_token)
    assert.deepEqual(
      list.map((it) => [it.type, it.active]),
      [
        ['phone', true],
        ['recovery-code', true],
      ],
    )
  })
})

describe('8.2 TOTP enrolment from a second login', () => {
  let access = ''

  test('8.2.1 a password login is asked for the phone', async () => {
    assert.ok(types((await meetsMfa(server, A, 'ada')).mfa_requirements.challenge).includes('phone'))
  })

  test('8.2.2 the mfa_token of a login cannot enrol a second factor', async () => {
    const { mfa_token } = await meetsMfa(server, A, 'ada')
    const refused = await failure(A.mfa.enrollAuthenticator({ mfaToken: mfa_token, authenticatorTypes: ['otp'] }))
    assert.equal(refused.name, 'MfaEnrollmentError')
    assert.equal(refused.cause.error, 'access_denied')
    assert.match(refused.message, /User is already enrolled\./)
  })

  test('8.2.3 to 8.2.5 the audience of the MFA API is reached through MFA and gives a JWT of 600 s', async () => {
    const { mfa_token } = await meetsMfa(server, A, 'ada', mfaApi(server))
    const asked = await A.mfa.challengeAuthenticator({
      mfaToken: mfa_token,
      challengeType: 'oob',
      authenticatorId: phoneId,
    })
    assert.deepEqual([asked.challengeType, asked.bindingMethod], ['oob', 'prompt'])
    const bindingCode = await server.lastCode({ channel: 'sms' })
    const tokens = await A.mfa.verify({
      mfaToken: mfa_token,
      factorType: 'oob',
      oobCode: asked.oobCode ?? '',
      bindingCode,
    })
    access = tokens.accessToken
    const claims = payload(access)
    assert.ok([claims.aud].flat().includes(`https://${server.domain}/mfa/`))
    assert.equal(claims.scope, mfaApi(server).scope)
    assert.equal(Number(claims.exp) - Number(claims.iat), 600)
  })

  test('8.2.6 that token enrols an app, without recovery codes', async () => {
    const enrolled = await A.mfa.enrollAuthenticator({ mfaToken: access, authenticatorTypes: ['otp'] })
    assert.ok(enrolled.authenticatorType === 'otp')
    assert.match(enrolled.secret, /^[A-Z2-7]{32}$/)
    assert.match(
      enrolled.barcodeUri,
      /^otpauth:\/\/totp\/My%20Test%20Tenant:ada%40example\.com\?secret=[A-Z2-7]{32}&issuer=My%20Test%20Tenant&algorithm=SHA1&digits=6&period=30$/,
    )
    assert.equal(enrolled.recoveryCodes, undefined)
    secret = enrolled.secret
  })

  test('8.2.7 a code of the app confirms it', async () => {
    const tokens = await A.mfa.verify({ mfaToken: access, factorType: 'otp', otp: await server.totp(secret) })
    assert.ok(tokens.accessToken)
    const totp = (await listed(access)).find((it) => it.type === 'otp')
    assert.equal(totp?.active, true)
    appId = totp?.id ?? ''
    assert.match(appId, /^totp\|dev_[A-Za-z0-9]{16}$/)
  })

  test('8.2.8 the JWT is no mfa_token for a challenge', async () => {
    const refused = await failure(A.mfa.challengeAuthenticator({ mfaToken: access, challengeType: 'otp' }))
    assert.equal(refused.name, 'MfaChallengeError')
    assert.deepEqual([refused.cause.error, refused.cause.error_description], ['invalid_grant', 'Malformed mfa_token'])
  })
})

describe('8.3 login with each factor', () => {
  let used = ''

  test('8.3.1 by a code in an SMS', async () => {
    const tokens = await smsProof((await meetsMfa(server, A, 'ada')).mfa_token)
    assert.ok(tokens.accessToken && tokens.idToken)
  })

  test('8.3.2 by the app after the ceremony of a challenge', async () => {
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'ada')
    const asked = await A.mfa.challengeAuthenticator({ mfaToken, challengeType: 'otp', authenticatorId: appId })
    assert.deepEqual([asked.challengeType, asked.oobCode], ['otp', undefined])
    assert.ok((await A.mfa.verify({ mfaToken, factorType: 'otp', otp: await nextCode() })).accessToken)
  })

  test('8.3.3 by the app without a challenge', async () => {
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'ada')
    used = await nextCode()
    assert.ok((await A.mfa.verify({ mfaToken, factorType: 'otp', otp: used })).accessToken)
  })

  test('8.3.4 the same code is refused in a new login within its window', async () => {
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'ada')
    const refused = await failure(A.mfa.verify({ mfaToken, factorType: 'otp', otp: used }))
    assert.deepEqual([refused.cause.error, refused.cause.error_description], ['invalid_grant', 'Invalid otp_code.'])
  })

  test("8.3.5 somebody else's authenticator is unknown", async () => {
    const other = await meetsMfa(server, A, 'bob')
    const enrolled = await A.mfa.enrollAuthenticator({
      mfaToken: other.mfa_token,
      authenticatorTypes: ['oob'],
      oobChannels: ['sms'],
      phoneNumber: '+15551230000',
    })
    assert.ok(enrolled.id)
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'ada')
    const foreign = enrolled.id ?? ''
    const refused = await failure(
      A.mfa.challengeAuthenticator({ mfaToken, challengeType: 'oob', authenticatorId: foreign }),
    )
    assert.equal(refused.cause.error, 'invalid_authenticator')
  })

  test('8.3.6 the older SDK meets mfa_required on the password-realm grant', async () => {
    const L = new AuthenticationClient({ domain: server.domain, clientId: 'web', clientSecret: secretOf('web') })
    const refused = (await failure(
      L.oauth.passwordGrant({
        username: emailOf('ada'),
        password: passwordOf('ada'),
        realm: 'Username-Password-Authentication',
        audience: api,
        scope: 'openid profile',
      }),
    )) as unknown as { name: string; statusCode: number; error: string; body: string }
    assert.deepEqual([refused.name, refused.statusCode, refused.error], ['AuthApiError', 403, 'mfa_required'])
    assert.equal(typeof JSON.parse(refused.body).mfa_token, 'string')
  })

  // 8.3.7 is auth0-js in a browser; what it sends is a JSON body, which this is.
  test('8.3.7 the password-realm grant is answered the same as JSON', async () => {
    const answered = await server.json('/oauth/token', {
      grant_type: grant.realm,
      client_id: 'web',
      client_secret: secretOf('web'),
      username: emailOf('ada'),
      password: passwordOf('ada'),
      realm: 'Username-Password-Authentication',
    })
    assert.deepEqual([answered.status, answered.body.error], [403, 'mfa_required'])
  })

  test('8.3.8 a client without the MFA grants is refused by name', async () => {
    const { mfa_token } = await meetsMfa(server, A, 'ada')
    const refused = await failure(
      authClient(server, 'nomfa').mfa.verify({ mfaToken: mfa_token, factorType: 'otp', otp: '000000' }),
    )
    assert.deepEqual(
      [refused.cause.error, refused.cause.error_description],
      ['unauthorized_client', `Grant type '${grant.otp}' not allowed for the client.`],
    )
  })

  test('8.3.9 an mfa_token is of use to its own client only', async () => {
    const { mfa_token } = await meetsMfa(server, A, 'ada')
    const refused = await failure(
      authClient(server, 'other').mfa.verify({ mfaToken: mfa_token, factorType: 'otp', otp: '000000' }),
    )
    assert.deepEqual(
      [refused.cause.error, refused.cause.error_description],
      ['invalid_request', 'mfa_token not issued to this client'],
    )
  })
})

describe('8.4 recovery code', () => {
  let next = ''
  const byRecoveryCode = async (code: string) => {
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'ada')
    return (await A.mfa.verify({ mfaToken, factorType: 'recovery-code', recoveryCode: code })) as unknown as {
      accessToken: string
      recoveryCode?: string
    }
  }

  test('8.4.1 it signs in and is replaced', async () => {
    const tokens = await byRecoveryCode(recoveryCode)
    assert.ok(tokens.accessToken)
    next = tokens.recoveryCode ?? ''
    assert.match(next, /^[A-Z0-9]{24}$/)
    assert.notEqual(next, recoveryCode)
  })

  test('8.4.2 the old one is dead', async () => {
    const refused = await failure(byRecoveryCode(recoveryCode))
    assert.deepEqual(
      [refused.cause.error, refused.cause.error_description],
      ['invalid_grant', 'MFA Authorization rejected.'],
    )
  })

  test('8.4.3 the new one signs in and is replaced again', async () => {
    const tokens = await byRecoveryCode(next)
    assert.ok(tokens.recoveryCode && tokens.recoveryCode !== next)
  })

  test('8.4.5 where recovery codes are switched off, none is accepted', async () => {
    const off = await server.admin('PATCH', '/tenants/demo', { factors: ['password', 'totp', 'sms'] })
    assert.equal(off.status, 200, off.text)
    const { mfa_token: mfaToken, mfa_requirements } = await meetsMfa(server, A, 'ada')
    assert.ok(!types(mfa_requirements.challenge).includes('recovery-code'))
    const refused = await failure(
      A.mfa.verify({ mfaToken, factorType: 'recovery-code', recoveryCode: 'MZCRK3YX5V3AKNNYY6JEBQCL' }),
    )
    assert.deepEqual(
      [refused.cause.error, refused.cause.error_description],
      ['unsupported_challenge_type', 'User does not have a recovery-code.'],
    )
    await server.admin('PATCH', '/tenants/demo', { factors: ['password', 'totp', 'sms', 'recovery_code'] })
  })
})

describe('8.5 list and delete', () => {
  let jwt = ''
  let opaque = ''

  test('8.5.1 a JWT of the MFA API comes by the app too', async () => {
    opaque = (await meetsMfa(server, A, 'ada')).mfa_token
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'ada', mfaApi(server))
    jwt = (await A.mfa.verify({ mfaToken, factorType: 'otp', otp: await nextCode() })).accessToken
    assert.equal(jwt.split('.').length, 3)
  })

  test('8.5.2 it lists everything, each with its type', async () => {
    assert.deepEqual((await listed(jwt)).map((it) => it.type).toSorted(), ['otp', 'phone', 'recovery-code'])
  })

  test('8.5.5 the mfa_token of a login deletes nothing', async () => {
    const refused = await failure(A.mfa.deleteAuthenticator({ authenticatorId: appId, mfaToken: opaque }))
    assert.equal(refused.name, 'MfaDeleteAuthenticatorError')
    const raw = await server.send('DELETE', `/mfa/authenticators/${encodeURIComponent(appId)}`, {
      headers: { authorization: `Bearer ${opaque}` },
    })
    assert.equal(raw.status, 401)
  })

  test('8.5.6 nor does a JWT that may only read', async () => {
    const { mfa_token: mfaToken } = await meetsMfa(server, A, 'ada', {
      ...mfaApi(server),
      scope: 'read:authenticators',
    })
    const { accessToken } = await A.mfa.verify({ mfaToken, factorType: 'otp', otp: await nextCode() })
    const refused = await failure(A.mfa.deleteAuthenticator({ authenticatorId: appId, mfaToken: accessToken }))
    assert.equal(refused.cause.error, 'insufficient_scope')
    assert.ok((await listed(accessToken)).some((it) => it.id === appId))
  })

  test('8.5.3 the right JWT deletes the app', async () => {
    assert.equal(await A.mfa.deleteAuthenticator({ authenticatorId: appId, mfaToken: jwt }), undefined)
    assert.ok(!(await listed(jwt)).some((it) => it.id === appId))
  })

  test('8.5.4 once', async () => {
    const refused = await failure(A.mfa.deleteAuthenticator({ authenticatorId: appId, mfaToken: jwt }))
    assert.deepEqual([refused.name, refused.cause.error], ['MfaDeleteAuthenticatorError', 'invalid_authenticator'])
    const raw = await server.send('DELETE', `/mfa/authenticators/${encodeURIComponent(appId)}`, {
      headers: { authorization: `Bearer ${jwt}` },
    })
    assert.equal(raw.status, 404)
  })

  test('8.5.7 the last phone stays while the policy asks for a factor, and goes when it does not', async () => {
    const { mfa_token } = await meetsMfa(server, A, 'ada', mfaApi(server))
    const { accessToken } = await smsProof(mfa_token)
    const kept = await failure(A.mfa.deleteAuthenticator({ authenticatorId: phoneId, mfaToken: accessToken }))
    assert.equal(kept.cause.error, 'access_denied')
    await server.admin('PATCH', '/tenants/demo', { mfa: null })
    await A.mfa.deleteAuthenticator({ authenticatorId: phoneId, mfaToken: accessToken })
    assert.deepEqual(await listed(accessToken), [], 'the recovery code goes with the last factor')
    await server.admin('PATCH', '/tenants/demo', { mfa: { mode: 'ALWAYS' } })
    const { mfa_requirements } = await meetsMfa(server, A, 'ada')
    assert.deepEqual(types(mfa_requirements.enroll).toSorted(), ['otp', 'phone'])
  })
})
