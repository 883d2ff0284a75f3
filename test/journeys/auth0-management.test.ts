import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ManagementClient } from 'auth0'
import { AuthenticationClient } from 'auth0/legacy'
import { startServer, type TestServer } from '../support/server.ts'
import { authClient, conformance, emailOf, failure, meetsMfa, passwordOf, secretOf, someone } from './support.ts'

/** auth0.md §8.9 rows 4 and 5, §8.4 rows 4 and 5, and the password reset of row 6, by the unmodified SDKs over https. */

const phone = '+15551234567'
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

let server: TestServer
let M: ManagementClient
let ada = ''

before(async () => {
  server = await startServer({ config: conformance([someone('ada'), someone('bob')], { mfa: { mode: 'OFF' } }) })
  M = new ManagementClient({
    domain: server.domain,
    clientId: 'm2m',
    clientSecret: secretOf('m2m'),
    maxRetries: 0,
  })
  ada = (await M.users.listUsersByEmail({ email: emailOf('ada') }))[0]?.user_id ?? ''
})
after(() => server.stop())

/** The error of a call that must fail, as the SDK throws it. */
const refused = async (call: Promise<unknown>) =>
  (await failure(call)) as unknown as { name: string; statusCode: number; body: { errorCode: string; message: string } }

/** Every method of a user, through the SDK's own paging. */
async function methodsOf(id: string) {
  const all = []
  for await (const one of await M.users.authenticationMethods.list(id)) all.push(one)
  return all
}

describe('8.9.4 factors, policies, tickets', () => {
  test('factors are listed and set', async () => {
    const on = (await M.guardian.factors.list()).filter((it) => it.enabled).map((it) => it.name)
    assert.deepEqual(on, ['sms', 'otp', 'recovery-code'])
    assert.deepEqual(await M.guardian.factors.set('otp', { enabled: false }), { enabled: false })
    assert.deepEqual(await M.guardian.factors.set('otp', { enabled: true }), { enabled: true })
    const types = { message_types: ['sms' as const, 'voice' as const] }
    assert.deepEqual(await M.guardian.factors.phone.setMessageTypes(types), types)
    assert.deepEqual(await M.guardian.factors.phone.getMessageTypes(), types)
    assert.deepEqual(await M.guardian.factors.phone.setProvider({ provider: 'twilio' }), { provider: 'twilio' })
    assert.deepEqual(await M.guardian.factors.phone.getSelectedProvider(), { provider: 'twilio' })
  })

  test('policies are bare arrays both ways', async () => {
    assert.deepEqual(await M.guardian.policies.list(), [])
    assert.deepEqual(await M.guardian.policies.set(['all-applications']), ['all-applications'])
    assert.deepEqual(await M.guardian.policies.list(), ['all-applications'])
  })

  test('a ticket is made for a known user only', async () => {
    const ticket = await M.guardian.enrollments.createTicket({ user_id: ada })
    assert.equal(ticket.ticket_url, `${server.publicUrl}/enrollment?ticket_id=${ticket.ticket_id}`)
    const unknown = await refused(M.guardian.enrollments.createTicket({ user_id: 'auth0|nobody' }))
    assert.deepEqual([unknown.statusCode, unknown.name], [404, 'NotFoundError'])
  })

  test('enrollments are read and deleted; an unknown one is 404 in the recorded words', async () => {
    await M.users.authenticationMethods.create(ada, { type: 'phone', phone_number: phone })
    const [one] = await M.users.enrollments.get(ada)
    const id = one?.id ?? ''
    assert.deepEqual((await M.guardian.enrollments.get(id)).status, 'confirmed')
    await M.guardian.enrollments.delete(id)
    const gone = await refused(M.guardian.enrollments.get(id))
    assert.deepEqual(gone.body, {
      statusCode: 404,
      error: 'Not Found',
      message: 'Enrollment not found',
      errorCode: 'enrollment_not_found',
    })
    assert.deepEqual(await M.users.enrollments.get(ada), [])
  })
})

describe('8.9.5 authentication methods', () => {
  let id = ''

  test('created, listed, read, updated', async () => {
    assert.deepEqual(await methodsOf(ada), [])
    const made = await M.users.authenticationMethods.create(ada, { type: 'phone', phone_number: phone, name: 'mine' })
    id = made.id ?? ''
    assert.match(id, /^phone\|dev_[A-Za-z0-9]{16}$/)
    assert.equal(made.phone_number, 'XXXXXXXX4567')
    const again = await refused(M.users.authenticationMethods.create(ada, { type: 'phone', phone_number: phone }))
    assert.deepEqual([again.statusCode, again.name], [409, 'ConflictError'])
    assert.deepEqual(
      (await methodsOf(ada)).map((it) => [it.id, it.type, it.confirmed]),
      [[id, 'phone', true]],
    )
    const updated = await M.users.authenticationMethods.update(ada, id, { preferred_authentication_method: 'voice' })
    assert.equal(updated.preferred_authentication_method, 'voice')
    const read = await M.users.authenticationMethods.get(ada, id)
    assert.deepEqual([read.name, read.preferred_authentication_method], ['mine', 'voice'])
    assert.deepEqual(
      read.authentication_methods?.map((it) => it.type),
      ['sms', 'voice'],
    )
  })

  test('deleted, replaced as a list, and deleted all at once', async () => {
    await M.users.authenticationMethods.delete(ada, id)
    const gone = await refused(M.users.authenticationMethods.get(ada, id))
    assert.equal(gone.statusCode, 404)
    const set = await M.users.authenticationMethods.set(ada, [
      { type: 'phone', phone_number: phone },
      { type: 'totp', totp_secret: secret },
    ])
    assert.deepEqual(
      set.map((it) => [it.type, it.phone_number, it.totp_secret]),
      [
        ['phone', phone, undefined],
        ['totp', undefined, undefined],
      ],
    )
    await M.users.multifactor.deleteProvider(ada, 'google-authenticator')
    assert.deepEqual(
      (await methodsOf(ada)).map((it) => it.type),
      ['phone'],
    )
    await M.users.authenticationMethods.deleteAll(ada)
    assert.deepEqual(await methodsOf(ada), [])
    await M.users.authenticationMethods.create(ada, { type: 'totp', totp_secret: secret })
    await M.users.authenticators.deleteAll(ada)
    assert.deepEqual(await methodsOf(ada), [])
    await M.users.multifactor.invalidateRememberBrowser(ada)
  })

  test('what was brought along signs in', async () => {
    await M.users.authenticationMethods.create(ada, { type: 'totp', totp_secret: secret })
    const A = authClient(server)
    const { mfa_token: mfaToken, mfa_requirements } = await meetsMfa(server, A, 'ada')
    assert.deepEqual(mfa_requirements.challenge, [{ type: 'otp' }])
    const tokens = await A.mfa.verify({ mfaToken, factorType: 'otp', otp: await server.totp(secret) })
    assert.ok(tokens.accessToken)
  })

  test('8.4.4 and 8.4.5 a regenerated recovery code works until the factor is off', async () => {
    const A = authClient(server)
    const code = (await M.users.regenerateRecoveryCode(ada)).recovery_code ?? ''
    assert.match(code, /^[A-Z0-9]{24}$/)
    const first = await meetsMfa(server, A, 'ada')
    const used = await A.mfa.verify({
      mfaToken: first.mfa_token,
      factorType: 'recovery-code',
      recoveryCode: code,
    })
    const next = used.recoveryCode ?? ''
    assert.match(next, /^[A-Z0-9]{24}$/)
    await M.users.regenerateRecoveryCode(ada)
    const second = await meetsMfa(server, A, 'ada')
    const dead = await failure(
      A.mfa.verify({ mfaToken: second.mfa_token, factorType: 'recovery-code', recoveryCode: next }),
    )
    assert.equal(dead.cause.error_description, 'MFA Authorization rejected.')
    await M.guardian.factors.set('recovery-code', { enabled: false })
    const third = await meetsMfa(server, A, 'ada')
    const off = await failure(
      A.mfa.verify({ mfaToken: third.mfa_token, factorType: 'recovery-code', recoveryCode: next }),
    )
    assert.equal(off.cause.error, 'unsupported_challenge_type')
  })

  test('a token that is none is refused as invalid_token', async () => {
    const stranger = new ManagementClient({ domain: server.domain, token: 'no-token', maxRetries: 0 })
    const denied = await refused(stranger.guardian.factors.list())
    assert.deepEqual([denied.statusCode, denied.body.errorCode], [401, 'invalid_token'])
  })

  test('users are made, changed and deleted', async () => {
    const made = await M.users.create({
      connection: 'Username-Password-Authentication',
      email: emailOf('cy'),
      password: passwordOf('cy'),
    })
    const id = made.user_id ?? ''
    assert.equal((await M.users.update(id, { name: 'Cy' })).name, 'Cy')
    assert.equal((await M.users.get(id)).name, 'Cy')
    await M.users.delete(id)
    assert.equal((await refused(M.users.get(id))).statusCode, 404)
  })
})

describe('8.9.6 the password reset', () => {
  test('is asked for by the SDK, mailed, and finished on the page', async () => {
    const L = new AuthenticationClient({ domain: server.domain, clientId: 'web', clientSecret: secretOf('web') })
    const connection = 'Username-Password-Authentication'
    const said = await L.database.changePassword({ email: emailOf('bob'), connection })
    assert.equal(said.data, "We've just sent you an email to reset your password.")
    const [mail] = await server.outbox({ to: emailOf('bob') })
    const link = /https:\S+/.exec(mail?.text ?? '')?.[0] ?? assert.fail('no link')
    assert.equal(new URL(link).origin, server.publicUrl)
    const form = await (await fetch(link)).text()
    const ticket = /name="ticket" value="([^"]+)"/.exec(form)?.[1] ?? assert.fail('no form')
    const password = 'another quite long secret'
    const body = new URLSearchParams({ ticket, password, again: password })
    const done = await fetch(new URL('/u/reset-password', link), { method: 'POST', body })
    assert.equal(done.status, 200)
    const grant = { username: emailOf('bob'), scope: 'openid' }
    const A = authClient(server)
    assert.equal(
      (await failure(A.getTokenByPassword({ ...grant, password: passwordOf('bob') }))).cause.error,
      'invalid_grant',
    )
    assert.equal((await failure(A.getTokenByPassword({ ...grant, password }))).cause.error, 'mfa_required')
  })
})
