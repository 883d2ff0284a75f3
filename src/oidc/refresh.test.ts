import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { prepare, type TokenOrder } from './mint.ts'
import {
  endFamily,
  planRefresh,
  type RefreshLook,
  readInterrupted,
  readRefresh,
  readyRefresh,
  refreshRefs,
  refreshScope,
  replaceInterrupted,
} from './refresh.ts'
import { apiAudience, tenantId, world } from './testing/world.ts'

type World = Awaited<ReturnType<typeof world>>

function look(w: World, token: string, client = 'web', dpopJkt?: string) {
  const application = { id: client as never }
  return readRefresh(w.store, { tenant: tenantId, application, token, dpopJkt, now: w.clock.now() })
}

/** A whole refresh, as a dialect makes it. */
async function refresh(w: World, token: string, over: Partial<TokenOrder> = {}) {
  const seen = await look(w, token)
  if (seen.no === 'reused') {
    await w.store.change({}, () => ({ result: undefined, writes: endFamily(seen.look) }))
    return { no: 'reused' as const }
  }
  return seen.no === undefined ? rotate(w, seen.yes, over) : { no: seen.no }
}

async function rotate(w: World, seen: RefreshLook, over: Partial<TokenOrder> = {}, plan = planRefresh) {
  const { assurance, proofs, family } = seen
  const minted = prepare(
    await w.order({ assurance, proofs, family, scope: family.scope, grantType: 'refresh_token', ...over }),
  )
  const request = readyRefresh({ look: seen, minted, keyring: w.keyring, now: w.clock.now() })
  const result = await w.store.change(refreshRefs(seen), (found) => {
    const decided = plan(found, request)
    return { result: decided, writes: decided.writes }
  })
  if (result.no !== undefined) return { no: result.no }
  return { answer: await result.yes.respond(), repeat: result.yes.repeat }
}

async function start() {
  const w = await world()
  const token = (await w.issue()).answer.refresh_token ?? ''
  return { w, token }
}

test('refresh tokens follow one another, and each answer says what was proved at the beginning', async () => {
  const { w, token } = await start()
  const began = Math.floor(w.clock.now() / 1000)
  let current = token
  for (let i = 0; i < 4; i++) {
    w.pass(60_000)
    const { answer } = await refresh(w, current)
    assert.ok(answer?.refresh_token && answer.refresh_token !== current)
    const id = decodeJwt(answer.id_token ?? '')
    assert.deepEqual(
      [id.amr, id.acr, id.auth_time, id.nonce],
      [['pwd', 'otp', 'mfa'], 'urn:polyfactor:aal2', began - 5, undefined],
    )
    current = answer.refresh_token
  }
})

test('looking uses nothing: the token works after any number of looks (auth0.md §9.13)', async () => {
  const { w, token } = await start()
  for (let i = 0; i < 3; i++) {
    const seen = await look(w, token)
    assert.equal(seen.yes?.proofs.length, 1)
    assert.equal(seen.yes?.user, 'u1')
  }
  assert.ok((await refresh(w, token)).answer)
})

test('an old token presented 11 s later ends the family: its successor is dead too (S-111)', async () => {
  const { w, token } = await start()
  const next = (await refresh(w, token)).answer?.refresh_token ?? ''
  w.pass(11_000)
  assert.equal((await refresh(w, token)).no, 'reused')
  assert.equal((await refresh(w, next)).no, 'unknown')
})

test('a repeat within 10 s gives the same successor, and afterwards there is one branch', async () => {
  const { w, token } = await start()
  const first = await refresh(w, token)
  w.pass(9_999)
  const second = await refresh(w, token)
  assert.equal(second.repeat, true)
  assert.equal(second.answer?.refresh_token, first.answer?.refresh_token)
  const live = (await w.store.list('artifacts', tenantId, { limit: 1000 })).filter(
    (one) => one.model === 'RefreshToken' && one.consumedAt === undefined,
  )
  assert.equal(live.length, 1)
})

test('of 50 refreshes at the same time all get one and the same successor (S-27)', async () => {
  const { w, token } = await start()
  const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(w, token)))
  assert.equal(new Set(answers.map((one) => one.answer?.refresh_token)).size, 1)
  assert.equal(answers.filter((one) => one.repeat === false).length, 1)
})

test('a family ends 30 days after it began, however often it was used', async () => {
  const { w, token } = await start()
  w.pass(29 * 86_400_000)
  const next = (await refresh(w, token)).answer?.refresh_token ?? ''
  assert.ok(next)
  w.pass(86_400_000 - 1)
  assert.ok((await look(w, next)).yes)
  w.pass(1)
  assert.equal((await look(w, next)).no, 'expired')
})

test('another client, an unknown value and the wrong key are refused and end nothing', async () => {
  const { w, token } = await start()
  assert.equal((await look(w, token, 'spa')).no, 'other-client')
  assert.equal((await look(w, 'made-up')).no, 'unknown')
  assert.ok((await look(w, token)).yes)
  const spa = await w.store.get('applications', tenantId, 'spa')
  const bound = (await w.issue({ application: spa, dpopJkt: 'a' })).answer.refresh_token ?? ''
  assert.equal((await look(w, bound, 'spa')).no, 'wrong-key')
  assert.equal((await look(w, bound, 'spa', 'b')).no, 'wrong-key')
  assert.ok((await look(w, bound, 'spa', 'a')).yes)
})

test('no stored row holds a refresh token, its successor included (S-35)', async () => {
  const { w, token } = await start()
  const next = (await refresh(w, token)).answer?.refresh_token ?? ''
  const dump = await w.dump()
  assert.ok(!dump.includes(token) && !dump.includes(next))
})

test('a refresh interrupted by a second factor goes on in its family with what was proved', async () => {
  const { w, token } = await start()
  const seen = (await look(w, token)).yes as RefreshLook
  w.pass(120_000)
  const application = { id: 'web' as never }
  const again = await readInterrupted(w.store, {
    tenant: tenantId,
    application,
    refreshToken: seen.id,
    now: w.clock.now(),
  })
  assert.ok(again.yes)
  const raised = { amr: ['pwd', 'hwk', 'mfa'], acr: 'phr', authTime: Math.floor(w.clock.now() / 1000), mfa: true }
  const done = await rotate(w, again.yes, { assurance: raised }, replaceInterrupted)
  const next = await look(w, done.answer?.refresh_token ?? '')
  assert.equal(next.yes?.family.grantId, seen.family.grantId)
  assert.equal(next.yes?.assurance?.acr, 'phr')
  w.pass(11_000)
  assert.equal((await rotate(w, again.yes, {}, replaceInterrupted)).no, 'superseded')
  assert.ok((await look(w, done.answer?.refresh_token ?? '')).yes)
})

test('scope only narrows for the family’s own API; another API gives what the caller may allow', async () => {
  const { w, token } = await start()
  const seen = (await look(w, token)).yes as RefreshLook
  const all = seen.family.scope
  assert.deepEqual(refreshScope({ look: seen }), { yes: all })
  assert.deepEqual(refreshScope({ look: seen, scope: ['openid', 'write:things'] }), { yes: ['openid'] })
  assert.deepEqual(refreshScope({ look: seen, audience: apiAudience.id, scope: ['read:things'] }), {
    yes: ['read:things'],
  })
  const me = { look: seen, audience: 'https://id.example/me/' }
  assert.deepEqual(refreshScope(me), { no: 'audience' })
  assert.deepEqual(
    refreshScope({
      ...me,
      allowed: ['read:me:factors', 'phone'],
      scope: ['openid', 'phone', 'read:me:factors', 'read:things'],
    }),
    {
      yes: ['openid', 'read:me:factors'],
    },
  )
})

test('a narrower refresh does not narrow the family', async () => {
  const { w, token } = await start()
  const narrow = await refresh(w, token, { scope: ['openid'] })
  assert.equal(narrow.answer?.scope, 'openid')
  const seen = await look(w, narrow.answer?.refresh_token ?? '')
  assert.equal(seen.yes?.family.scope.length, 5)
})
