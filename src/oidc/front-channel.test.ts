import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decodeJwt } from 'jose'
import { s256 } from '#crypto/digest.ts'
import { codeRefs, planCode, readCode } from './codes.ts'
import { prepare } from './mint.ts'
import { signedInCookie } from './testing/sign-in.ts'
import { base, site, spelling } from './testing/site.ts'
import { apiAudience, issuer, tenant, tenantId, user, world } from './testing/world.ts'
import { verifyAccessToken } from './tokens.ts'

const verifier = 'v'.repeat(43)
const redirectUri = 'https://app.example/callback'
let w: Awaited<ReturnType<typeof world>>
let at: Awaited<ReturnType<typeof site>>
before(async () => {
  w = await world()
  at = await site(w)
})
after(() => at.close())

/** A person who has signed in, as a sign-in page will leave it. */
function signedIn(): Promise<string> {
  const now = w.clock.now()
  const authTime = Math.floor(now / 1_000)
  const assurance = { amr: ['pwd', 'otp', 'mfa'], acr: 'urn:polyfactor:aal2', authTime, mfa: true }
  return signedInCookie(at.room, { tenant, base, user: user.id, at: now, assurance })
}

function authorizeUrl(over: Record<string, string | undefined> = {}): string {
  const params: Record<string, string | undefined> = {
    client_id: 'spa',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access read:things',
    audience: apiAudience.id,
    state: 'st=',
    nonce: 'n=',
    code_challenge: s256(verifier),
    code_challenge_method: 'S256',
    auth0Client: 'e30=',
    ...over,
  }
  const set = Object.entries(params).filter((one): one is [string, string] => one[1] !== undefined)
  return `/authorize?${new URLSearchParams(set)}`
}

async function codeFor(over: Record<string, string | undefined> = {}): Promise<string> {
  const answer = await at.fetch(authorizeUrl(over), { headers: { cookie: await signedIn() } })
  assert.equal(answer.status, 302, await answer.text())
  return new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
}

async function redeem(code: string, over: Record<string, unknown> = {}) {
  const application = await w.store.get('applications', tenantId, 'spa')
  assert.ok(application)
  const question = { tenant: tenantId, application, code, redirectUri, verifier, now: w.clock.now(), ...over }
  const seen = await readCode(w.store, question)
  if (seen.no !== undefined) return { no: seen.no }
  const { scope, nonce, assurance, sid } = seen.yes
  const minted = prepare(
    await w.order({ application, scope, nonce, assurance, sid, grantType: 'authorization_code', revocable: true }),
  )
  const look = seen.yes
  const result = await w.store.change(codeRefs(look), (found) => {
    const plan = planCode(found, { look, minted })
    return { result: plan, writes: plan.writes }
  })
  return result.no === undefined ? { look, answer: await result.yes.respond() } : { no: result.no }
}

test('a person who has signed in gets a code, and the code gives tokens that say what was proved', async () => {
  const cookie = await signedIn()
  const answer = await at.fetch(authorizeUrl(), { headers: { cookie } })
  const location = new URL(answer.headers.get('location') ?? '')
  assert.equal(`${location.origin}${location.pathname}`, redirectUri)
  assert.equal(location.searchParams.get('state'), 'st=')
  assert.equal(location.searchParams.get('iss'), issuer, 'S-113')
  const done = await redeem(location.searchParams.get('code') ?? '')
  assert.equal(done.look?.audience, apiAudience.id)
  assert.deepEqual(done.look?.scope, ['openid', 'profile', 'email', 'offline_access', 'read:things'])
  const id = decodeJwt(done.answer?.id_token ?? '')
  assert.deepEqual([id.nonce, id.amr, id.acr, id.sub], ['n=', ['pwd', 'otp', 'mfa'], 'urn:polyfactor:aal2', 'auth0|u1'])
  assert.ok(Math.abs((id.auth_time as number) - w.clock.now() / 1000) < 3)
  assert.ok(done.answer?.refresh_token)
})

test('user info named as the audience is as good as none, as older SDKs have it', async () => {
  for (const audience of [`${base}/userinfo`, `${base}/userinfo/`]) {
    const { look } = await redeem(await codeFor({ audience, scope: 'openid email' }))
    assert.deepEqual([look?.audience, look?.scope], [undefined, ['openid', 'email']])
  }
})

test('no bearer value of the front channel is in the store (S-35)', async () => {
  const cookie = await signedIn()
  const code = await codeFor()
  const interaction = await at.fetch(authorizeUrl())
  const uid = (interaction.headers.get('location') ?? '').split('/').pop() ?? 'absent'
  const device = (await (await at.post('/oauth/device/code', { client_id: 'tv', scope: 'openid' })).json()) as Record<
    string,
    string
  >
  const dump = await w.dump()
  for (const value of [cookie.split(/[=;]/)[1] ?? 'absent', cookie.split('=').pop() ?? 'absent', code, uid])
    assert.ok(value.length > 20 && !dump.includes(value))
  const typed = device.user_code?.replace('-', '')
  for (const value of [device.device_code, device.user_code, typed])
    assert.ok(value !== undefined && !dump.includes(value))
})

test('a code is bound to client, redirect URI and verifier, and ends after 60 s (S-108, S-110, AC-17)', async () => {
  const rows = [
    ['other client', { application: { id: 'web', redirectUris: [] } }, 'other-client'],
    ['redirect URI', { redirectUri: `${redirectUri}/` }, 'redirect-uri'],
    [
      'no redirect URI of several',
      { redirectUri: undefined, application: { id: 'spa', redirectUris: [redirectUri, 'https://b.example/'] } },
      'redirect-uri',
    ],
    ['no verifier', { verifier: undefined }, 'verifier'],
    ['wrong verifier', { verifier: 'w'.repeat(43) }, 'verifier'],
    ['short verifier', { verifier: 'v'.repeat(42) }, 'verifier'],
    ['long verifier', { verifier: 'v'.repeat(129) }, 'verifier'],
    ['made up', { code: 'x' }, 'unknown'],
  ] as const
  const code = await codeFor()
  for (const [name, over, expected] of rows) assert.equal((await redeem(code, over)).no, expected, name)
  const late = await codeFor()
  assert.equal((await redeem(late, { now: w.clock.now() + 61_000 })).no, 'expired')
  assert.ok((await redeem(code)).answer, 'after all these refusals the code still works')
})

test('of 50 redemptions one succeeds, and a second valid use ends what the first gave (S-110, AC-16)', async () => {
  const code = await codeFor()
  const all = await Promise.all(Array.from({ length: 50 }, () => redeem(code)))
  const won = all.filter((one) => one.answer !== undefined)
  assert.equal(won.length, 1)
  assert.equal(all.filter((one) => one.no === 'used').length, 49)
  const token = won[0]?.answer?.access_token ?? ''
  const question = { tenant: tenantId, token, issuer, audience: apiAudience.id, now: w.clock.now() }
  assert.equal(await verifyAccessToken(w, question), undefined)
})

test('PKCE is asked of every client, and only S256 will do (S-108)', async () => {
  const cookie = await signedIn()
  for (const over of [
    { code_challenge: undefined, code_challenge_method: undefined },
    { code_challenge_method: 'plain' },
    { code_challenge_method: undefined },
  ]) {
    for (const client_id of ['spa', 'web']) {
      const answer = await at.fetch(authorizeUrl({ ...over, client_id }), { headers: { cookie } })
      const location = new URL(answer.headers.get('location') ?? '')
      assert.equal(location.searchParams.get('error'), 'invalid_request')
      assert.equal(location.searchParams.get('iss'), issuer)
    }
  }
})

test('a redirect URI that is not registered to the letter gets a page and no redirect (S-107, AC-18)', async () => {
  const cookie = await signedIn()
  const misses = [
    'https://app.example/callback/',
    'https://app.example/Callback',
    'https://app.example/callbac',
    'https://app.example/callbackx',
    'https://app.example/callback/x',
    'https://app.example//callback',
    'https://app.example/',
    'https://app.example',
    'https://app.example:443/callback',
    'https://app.example:8443/callback',
    'https://app.example:/callback',
    'http://app.example/callback',
    'HTTPS://app.example/callback',
    'https:/app.example/callback',
    'https:app.example/callback',
    '//app.example/callback',
    '/callback',
    'callback',
    'https://app.example/callback?',
    'https://app.example/callback?x=1',
    'https://app.example/callback#',
    'https://app.example/callback#x',
    'https://app.example/callback;x',
    'https://APP.example/callback',
    'https://app.example./callback',
    'https://app.example/./callback',
    'https://app.example/x/../callback',
    'https://app.example/%2e/callback',
    'https://app.example/%63allback',
    'https://app.example/callback%2F',
    'https://app.example/callback%00',
    'https://app.example/callback%20',
    ' https://app.example/callback',
    'https://app.example/callback ',
    'https://app.example\\callback',
    'https://app.example.evil.test/callback',
    'https://evil.test/https://app.example/callback',
    'https://evil@app.example/callback',
    'https://app.example@evil.test/callback',
    'https://\u0430pp.example/callback',
    'https://www.app.example/callback',
    'javascript:alert(1)',
  ]
  for (const redirect_uri of misses) {
    const answer = await at.fetch(authorizeUrl({ redirect_uri }), { headers: { cookie } })
    assert.equal(answer.status, 403, redirect_uri)
    assert.equal(answer.headers.get('location'), null)
    const text = await answer.text()
    assert.ok(text.includes('Callback URL mismatch.') && !text.includes('evil'), redirect_uri)
  }
})

test('without a session a person is sent to sign in, and silently that is login_required', async () => {
  const answer = await at.fetch(authorizeUrl())
  assert.ok((answer.headers.get('location') ?? '').startsWith(`${base}/u/login/`))
  const silent = new URL((await at.fetch(authorizeUrl({ prompt: 'none' }))).headers.get('location') ?? '')
  assert.equal(silent.searchParams.get('error'), 'login_required')
  assert.equal(silent.searchParams.get('error_description'), 'Login required')
})

test('an audience that is no URI works, and an unknown one is an error of the redirect', async () => {
  const cookie = await signedIn()
  assert.equal((await redeem(await codeFor({ audience: 'plain-name' }))).look?.audience, 'plain-name')
  const unknown = await at.fetch(authorizeUrl({ audience: 'https://nobody.example' }), { headers: { cookie } })
  assert.equal(new URL(unknown.headers.get('location') ?? '').searchParams.get('error'), 'invalid_target')
})

test('a pushed request works once, for 60 s, with the secret compared by digest (S-116)', async () => {
  const params = Object.fromEntries(new URLSearchParams(authorizeUrl({ client_id: 'web' }).split('?')[1]))
  assert.equal((await at.post('/oauth/par', { ...params, client_secret: 'wrong' })).status, 401)
  assert.equal((await at.post('/oauth/par', { ...params, client_secret: 'kept-as-digest' })).status, 401)
  const pushed = await at.post('/oauth/par', { ...params, client_secret: 'web-secret' })
  assert.equal(pushed.status, 201)
  const { request_uri, expires_in } = (await pushed.json()) as { request_uri: string; expires_in: number }
  assert.equal(expires_in, 60)
  const cookie = await signedIn()
  const use = (client_id: string) =>
    at.fetch(`/authorize?${new URLSearchParams({ client_id, request_uri })}`, { headers: { cookie } })
  const foreign = new URL((await use('spa')).headers.get('location') ?? '').searchParams
  assert.deepEqual([foreign.get('code'), foreign.has('error')], [null, true])
  const used = await use('web')
  assert.ok(new URL(used.headers.get('location') ?? '').searchParams.get('code'))
  const again = new URL((await use('web')).headers.get('location') ?? '').searchParams
  assert.deepEqual([again.get('code'), again.get('error')], [null, 'invalid_request_uri'])
})

test('of 50 uses of one pushed request at the same time one gets a code (S-28, S-116)', async () => {
  const params = Object.fromEntries(new URLSearchParams(authorizeUrl({ client_id: 'web' }).split('?')[1]))
  const cookie = await signedIn()
  for (let round = 0; round < 3; round++) {
    const pushed = await at.post('/oauth/par', { ...params, client_secret: 'web-secret' })
    const { request_uri } = (await pushed.json()) as { request_uri: string }
    const path = `/authorize?${new URLSearchParams({ client_id: 'web', request_uri })}`
    const all = await Promise.all(Array.from({ length: 50 }, () => at.fetch(path, { headers: { cookie } })))
    const answers = all.map((it) => {
      const location = it.headers.get('location')
      return location === null ? {} : Object.fromEntries(new URL(location).searchParams)
    })
    assert.equal(answers.filter((it) => it.code !== undefined).length, 1)
    assert.ok(all.every((it) => it.status < 500))
  }
})

test('signing out asks first and returns to registered addresses alone (S-123)', async () => {
  const cookie = await signedIn()
  const ask = await at.fetch(
    `/oidc/logout?client_id=web&post_logout_redirect_uri=${encodeURIComponent('https://app.example/')}`,
    { headers: { cookie } },
  )
  assert.equal(ask.status, 200)
  assert.ok((await ask.text()).includes('Sign out?'))
  const stray = await at.fetch(
    `/oidc/logout?client_id=web&post_logout_redirect_uri=${encodeURIComponent('https://evil.test/')}`,
    { headers: { cookie } },
  )
  assert.equal(stray.status, 400)
})

test('a key rotation and a changed application count at once', async () => {
  const before = await at.room.providerFor(tenantId, base, spelling)
  await w.keys.rotate(tenantId, { force: true })
  assert.notEqual(await at.room.providerFor(tenantId, base, spelling), before)
})
