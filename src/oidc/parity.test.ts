import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { s256 } from '#crypto/digest.ts'
import { codeRefs, planCode, readCode } from './codes.ts'
import { prepare } from './mint.ts'
import { endFamily, readRefresh } from './refresh.ts'
import { signedInCookie } from './testing/sign-in.ts'
import { base, site } from './testing/site.ts'
import { tenant, tenantId, user, world } from './testing/world.ts'

/*
 * Codes are redeemed and refresh tokens rotated here and not by the library. These tests hold both beside each other on
 * the same rows: what one refuses the other refuses, and each reads what the other has written.
 */

const verifier = 'v'.repeat(43)
const redirectUri = 'https://app.example/callback'
let w: Awaited<ReturnType<typeof world>>
let at: Awaited<ReturnType<typeof site>>
before(async () => {
  w = await world()
  at = await site(w)
})
after(() => at.close())

async function newCode(): Promise<string> {
  const cookie = await signedInCookie(at.room, { tenant, base, user: user.id, at: w.clock.now() })
  const query = new URLSearchParams({
    client_id: 'web',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid offline_access',
    code_challenge: s256(verifier),
    code_challenge_method: 'S256',
  })
  const answer = await at.fetch(`/authorize?${query}`, { headers: { cookie } })
  return new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
}

interface Redemption {
  readonly code: string
  readonly redirectUri?: string
  readonly verifier?: string
  readonly client?: string
}

async function byLibrary(request: Redemption): Promise<Record<string, string> | undefined> {
  const client = request.client ?? 'web'
  const params: Record<string, string> = { grant_type: 'authorization_code', client_id: client, code: request.code }
  if (client === 'web') params.client_secret = 'web-secret'
  if (request.redirectUri !== undefined) params.redirect_uri = request.redirectUri
  if (request.verifier !== undefined) params.code_verifier = request.verifier
  const answer = await at.post('/library/token', params)
  return answer.status === 200 ? ((await answer.json()) as Record<string, string>) : undefined
}

async function byUs(request: Redemption): Promise<Record<string, string> | undefined> {
  const application = await w.store.get('applications', tenantId, request.client ?? 'web')
  assert.ok(application)
  const seen = await readCode(w.store, { tenant: tenantId, application, now: w.clock.now(), ...request })
  if (seen.no !== undefined) return undefined
  const look = seen.yes
  const order = await w.order({
    application,
    scope: look.scope,
    audience: undefined,
    assurance: look.assurance,
    revocable: true,
  })
  const minted = prepare(order)
  const plan = await w.store.change(codeRefs(look), (found) => {
    const decided = planCode(found, { look, minted })
    return { result: decided, writes: decided.writes }
  })
  return plan.yes === undefined ? undefined : ((await plan.yes.respond()) as unknown as Record<string, string>)
}

test('both redeem the same codes and refuse the same ones', async () => {
  const rows: readonly (readonly [string, Partial<Redemption>, boolean])[] = [
    ['all right', {}, true],
    ['wrong verifier', { verifier: 'w'.repeat(43) }, false],
    ['no verifier', { verifier: undefined }, false],
    ['short verifier', { verifier: 'v'.repeat(42) }, false],
    ['other redirect URI', { redirectUri: `${redirectUri}/` }, false],
    ['no redirect URI where there is only one', { redirectUri: undefined }, true],
    ['other client', { client: 'spa' }, false],
    ['made up', { code: 'x'.repeat(43) }, false],
  ]
  for (const [name, over, expected] of rows) {
    for (const redeem of [byUs, byLibrary]) {
      const request = { code: await newCode(), redirectUri, verifier, ...over }
      const answer = await redeem(request)
      assert.equal(answer !== undefined, expected, `${name}, ${redeem.name}`)
      if (answer === undefined) continue
      assert.deepEqual(Object.keys(answer).sort(), [
        'access_token',
        'expires_in',
        'id_token',
        'refresh_token',
        'scope',
        'token_type',
      ])
      assert.equal(await redeem(request), undefined, `a second time, ${redeem.name}`)
    }
  }
})

test('a code one has spent the other refuses', async () => {
  for (const [first, second] of [
    [byUs, byLibrary],
    [byLibrary, byUs],
  ] as const) {
    const request = { code: await newCode(), redirectUri, verifier }
    assert.ok(await first(request))
    assert.equal(await second(request), undefined)
  }
})

test('each reads, and each refuses, the refresh tokens of the other', async () => {
  const refresh = (token: string) =>
    at.post('/library/token', {
      grant_type: 'refresh_token',
      client_id: 'web',
      client_secret: 'web-secret',
      refresh_token: token,
    })
  const ours = (await w.issue({ audience: undefined, scope: ['openid', 'offline_access'] })).answer.refresh_token ?? ''
  assert.equal((await refresh(ours)).status, 200)
  const ended = await w.issue({ audience: undefined, scope: ['openid', 'offline_access'] })
  const family = { grantId: ended.minted.grantId as string }
  await w.store.change({}, () => ({ result: undefined, writes: endFamily({ tenant: tenantId, family }) }))
  assert.equal((await refresh(ended.answer.refresh_token ?? '')).status, 400)
  const theirs = (await byLibrary({ code: await newCode(), redirectUri, verifier }))?.refresh_token ?? ''
  const seen = await readRefresh(w.store, { tenant: tenantId, application: w.web, token: theirs, now: w.clock.now() })
  assert.equal(seen.yes?.user, user.id)
  assert.equal(seen.yes?.assurance?.acr, 'urn:polyfactor:aal2')
})
