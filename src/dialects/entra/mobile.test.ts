import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { allCapabilities, allTypes, openEntraWorld, type Reply } from '#test/support/entra.ts'
import { passwordOf } from '#test/support/world.ts'

/** entra.md §11: what the iOS and Android SDKs decode, as schemas over the answers of whole stories. */

const token = z.string().min(1)
const error = z.object({
  error: z.string().min(1),
  error_description: z.string().min(1),
  error_codes: z.array(z.int()),
  timestamp: z.string(),
  trace_id: z.uuid(),
  correlation_id: z.uuid(),
  suberror: z.string().optional(),
  continuation_token: token.optional(),
  required_attributes: z
    .array(z.object({ name: z.string().min(1), type: z.string().min(1), required: z.boolean() }))
    .min(1)
    .optional(),
  invalid_attributes: z
    .array(z.object({ name: z.string().min(1) }))
    .min(1)
    .optional(),
})
const oob = {
  continuation_token: token,
  challenge_type: z.literal('oob'),
  binding_method: z.literal('prompt'),
  challenge_channel: z.enum(['email', 'sms']),
  code_length: z.int().min(1),
}
const methods = z.object({
  continuation_token: token,
  methods: z
    .array(
      z.object({
        id: z.string().min(1),
        challenge_type: z.enum(['oob', 'password', 'redirect']),
        challenge_channel: z.enum(['email', 'sms']),
        login_hint: z.string().optional(),
      }),
    )
    .min(1),
})
const schemas = {
  continuation: z.object({ continuation_token: token }),
  challenge: z.object({ ...oob, challenge_target_label: z.string().min(1) }),
  registerChallenge: z.object({ ...oob, challenge_target: z.string().min(1) }),
  methods,
  submit: z.object({ continuation_token: token, poll_interval: z.int().min(1).max(15) }),
  poll: z.object({ status: z.literal('succeeded'), continuation_token: token }),
  proved: z.object({ continuation_token: token, expires_in: z.int().min(1).max(600) }),
  tokens: z.object({
    token_type: z.literal('Bearer'),
    scope: z.string().min(1),
    expires_in: z.int().positive(),
    access_token: token,
    refresh_token: token,
    id_token: z.string().regex(/^[^.]+\.[^.]+\.[^.]+$/),
    client_info: z.string().regex(/^[A-Za-z0-9_-]+$/),
  }),
} as const

/** An answer of a shape, with the headers iOS reads. */
function decoded<S extends z.ZodType>(reply: Reply, schema: S): z.output<S> {
  assert.equal(reply.status, 200, reply.text)
  assert.doesNotThrow(() => z.uuid().parse(reply.headers['client-request-id']))
  return schema.parse(reply.body)
}

/** An error, always by status 400 since Android maps no other, whose first number is what both look at. */
function refused(reply: Reply, firstCode: number): z.output<typeof error> {
  assert.equal(reply.status, 400, reply.text)
  const body = error.parse(reply.body)
  assert.equal(body.error_codes[0], firstCode)
  assert.doesNotThrow(() => z.uuid().parse(reply.headers['client-request-id']))
  return body
}

test('sign-in, registration and second factor, as a mobile client sends them', async () => {
  const it = await openEntraWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  await it.addUser('ada')
  const client = { client_info: 'true', scope: 'openid profile offline_access' }
  refused(await it.initiate('nobody'), 50034)
  const begun = decoded(await it.initiate('ada'), schemas.continuation)
  const grant = { ...client, grant_type: 'password', continuation_token: begun.continuation_token }
  // No challenge_type and no list: the abilities of the start count.
  await it.post('/oauth2/v2.0/challenge', { continuation_token: begun.continuation_token })
  refused(await it.post('/oauth2/v2.0/token', { ...grant, password: 'not this one' }), 50126)
  const needs = refused(await it.post('/oauth2/v2.0/token', { ...grant, password: passwordOf('ada') }), 50079)
  assert.equal(needs.suberror, 'registration_required')
  const { continuation_token } = needs
  const kinds = decoded(await it.post('/register/v1.0/introspect', { continuation_token }), schemas.methods)
  assert.equal(kinds.methods.length, 2)
  const contact = { continuation_token, challenge_type: 'oob', challenge_target: '+1 5555550100' }
  const sent = decoded(await it.post('/register/v1.0/challenge', contact), schemas.registerChallenge)
  assert.equal(sent.challenge_target, contact.challenge_target)
  const code = await it.lastCode()
  const confirm = { continuation_token, grant_type: 'oob' }
  refused(await it.post('/register/v1.0/continue', { ...confirm, oob: code.replace(/./g, '0') }), 50181)
  const stored = decoded(await it.post('/register/v1.0/continue', { ...confirm, oob: code }), schemas.continuation)
  const last = { ...client, grant_type: 'continuation_token', continuation_token: stored.continuation_token }
  decoded(await it.post('/oauth2/v2.0/token', last), schemas.tokens)

  const second = await it.until('mfa_required', 'ada')
  const held = decoded(await it.post('/oauth2/v2.0/introspect', { continuation_token: second }), schemas.methods)
  const ask = { continuation_token: second, id: held.methods[0]?.id }
  decoded(await it.post('/oauth2/v2.0/challenge', ask), schemas.challenge)
  const done = { ...client, continuation_token: second, grant_type: 'mfa_oob', oob: await it.lastCode() }
  decoded(await it.post('/oauth2/v2.0/token', done), schemas.tokens)
})

test('sign-up with attributes, and password reset', async () => {
  const it = await openEntraWorld({
    tenant: { signUp: { attributes: [{ name: 'city', required: true, pattern: '[A-Z].*' }] } },
  })
  const start = { username: 'new@example.com', challenge_type: allTypes, capabilities: allCapabilities }
  const bad = await it.post('/signup/v1.0/start', { ...start, attributes: '{"city":"bonn"}' })
  assert.equal(error.parse(bad.body).invalid_attributes?.[0]?.name, 'city')
  const begun = decoded(await it.post('/signup/v1.0/start', start), schemas.continuation)
  const { continuation_token } = begun
  decoded(await it.post('/signup/v1.0/challenge', { continuation_token, challenge_type: allTypes }), schemas.challenge)
  const oobGrant = { continuation_token, grant_type: 'oob', oob: await it.lastCode() }
  const credential = refused(await it.post('/signup/v1.0/continue', oobGrant), 55103)
  const password = {
    continuation_token: credential.continuation_token,
    grant_type: 'password',
    password: passwordOf('new'),
  }
  const attributes = refused(await it.post('/signup/v1.0/continue', password), 55106)
  assert.equal(attributes.required_attributes?.length, 1)
  const city = {
    continuation_token: attributes.continuation_token,
    grant_type: 'attributes',
    attributes: '{"city":"Bonn"}',
  }
  decoded(await it.post('/signup/v1.0/continue', city), schemas.continuation)
  refused(await it.post('/signup/v1.0/start', start), 1003037)

  const asked = decoded(await it.post('/resetpassword/v1.0/start', start), schemas.continuation)
  const first = { continuation_token: asked.continuation_token, challenge_type: 'oob redirect' }
  decoded(await it.post('/resetpassword/v1.0/challenge', first), schemas.challenge)
  const prove = { continuation_token: asked.continuation_token, grant_type: 'oob', oob: await it.lastCode() }
  const proved = decoded(await it.post('/resetpassword/v1.0/continue', prove), schemas.proved)
  const next = { continuation_token: proved.continuation_token, new_password: 'a new and long enough password' }
  refused(await it.post('/resetpassword/v1.0/submit', { ...next, new_password: 'short' }), 399246)
  const submitted = decoded(await it.post('/resetpassword/v1.0/submit', next), schemas.submit)
  const poll = { continuation_token: submitted.continuation_token }
  decoded(await it.post('/resetpassword/v1.0/poll_completion', poll), schemas.poll)
})

test('every refusal has status 400 and, first among its codes, the number both SDKs look at', async () => {
  const it = await openEntraWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  await it.setTenant({ phone: { countries: ['US'], blockedPrefixes: ['+1555666'], strict: false } })
  await it.addUser('ada')
  await it.addUser('otto', { passwordHash: undefined })
  const bob = await it.addUser('bob')
  const start = { username: 'otto@example.com', challenge_type: allTypes }
  refused(await it.post('/resetpassword/v1.0/start', start), 500222)
  refused(await it.initiate('ada', { challenge_type: 'oob' }), 901007)
  refused(await it.initiate('ada', { username: '' }), 90100)
  refused(await it.initiate('ada', { client_id: 'nobody' }), 700016)
  const continuation_token = await it.until('registration_required', 'ada')
  const ask = (challenge_target: string) =>
    it.post('/register/v1.0/challenge', { continuation_token, challenge_type: 'oob', challenge_target })
  // The iOS SDK tells these three apart by error, suberror and first code (entra.md §11).
  assert.equal(refused(await ask('nobody'), 901001).error, 'invalid_request')
  const blocked = refused(await ask('+15556660100'), 550024)
  assert.deepEqual([blocked.error, blocked.suberror], ['access_denied', 'provider_blocked_by_rep'])
  const region = refused(await ask('+4915123456789'), 550024)
  assert.deepEqual([region.error, region.suberror], ['access_denied', 'provider_blocked_by_admin'])
  assert.equal((await ask('+15555550177')).status, 200)
  refused(await it.post('/register/v1.0/continue', { continuation_token, grant_type: 'oob', oob: 'abcdef' }), 50181)
  refused(await it.post('/register/v1.0/introspect', { continuation_token: 'none' }), 55200)

  await it.enrolAddress(bob, 'sms', '+15555550100')
  const second = await it.until('mfa_required', 'bob')
  const introspect = refused(await it.post('/oauth2/v2.0/challenge', { continuation_token: second }), 901001)
  assert.equal(introspect.suberror, 'introspect_required', 'Android knows this one')
  // Neither 50034 nor 50126 stands first where the flow goes on: both SDKs would take it for a failure.
  for (const name of ['ada', 'bob']) {
    const goesOn = error.parse((await it.password(name)).body)
    assert.ok(goesOn.continuation_token)
    assert.ok(![50034, 50126].includes(goesOn.error_codes[0] ?? 0))
  }
  const tokens = decoded(await it.mfa(second, 'sms'), schemas.tokens)
  await it.setTenant({ mfa: { mode: 'TIME_BASED', timeBasedSeconds: 60 } })
  it.clock.advance(3_000)
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
  assert.equal(refused(await it.post('/oauth2/v2.0/token', refresh), 50076).error, 'interaction_required')
  const { continuation_token: old } = (await it.initiate('ada')).body
  it.clock.advance(3_000)
  assert.equal(
    refused(await it.post('/oauth2/v2.0/challenge', { continuation_token: old }), 552003).error,
    'expired_token',
  )
})

test('an address that was proved in this sign-up is preverified in the shape all SDKs know', async () => {
  const it = await openEntraWorld({ tenant: { mfa: { mode: 'ALWAYS' } } })
  const start = {
    username: 'new@example.com',
    password: passwordOf('new'),
    challenge_type: allTypes,
    capabilities: allCapabilities,
  }
  const { continuation_token } = decoded(await it.post('/signup/v1.0/start', start), schemas.continuation)
  const sent = await it.post('/signup/v1.0/challenge', { continuation_token, challenge_type: allTypes })
  assert.ok(z.int().positive().safeParse(sent.body.interval).success, 'the seconds before a resend')
  const grant = { continuation_token, grant_type: 'oob', oob: await it.lastCode() }
  const done = decoded(await it.post('/signup/v1.0/continue', grant), schemas.continuation)
  const asked = await it.post('/oauth2/v2.0/token', {
    ...done,
    grant_type: 'continuation_token',
    username: start.username,
  })
  const needs = refused(asked, 50079)
  const contact = {
    continuation_token: needs.continuation_token,
    challenge_type: 'oob',
    challenge_target: start.username,
  }
  const preverified = z.strictObject({ continuation_token: token, challenge_type: z.literal('preverified') })
  decoded(await it.post('/register/v1.0/challenge', contact), preverified)
})
