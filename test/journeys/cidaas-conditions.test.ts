import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NewUser } from '#engine/accounts/create.ts'
import type { Application } from '#model/application.ts'
import { type CidaasWorld, openCidaasWorld, type Pending, type Reply } from '../support/cidaas.ts'

const terms = [
  { id: 'terms', version: '1', name: 'Terms of use', url: 'https://app.example/terms' },
  { id: 'news', version: '3', name: 'Newsletter' },
]
const old = 'the quite long password of ada'
const fresh = 'an entirely different and long one'

async function open(application: Partial<Application>, user: NewUser = {}) {
  const world = await openCidaasWorld()
  await world.setApplication('app', { mfa: { mode: 'OFF' }, ...application })
  const ada = await world.addUser('ada', user)
  return { world, ada }
}

const key = async (it: Pending): Promise<string | undefined> => {
  const meta = await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
  return meta.status === 204 ? undefined : meta.body.data.validation_type
}
const next = (it: Pending, reply: Reply): Pending => ({ ...it, track: reply.to.track_id ?? '' })
const setPassword = (it: Pending, fields: Record<string, string> = {}) =>
  it.browser.form(`/login-srv/precheck/continue/${it.track}`, {
    old_password: old,
    new_password: fresh,
    confirm_password: fresh,
    ...fields,
  })

describe('cidaas.md §4.9: a password that has to be changed', () => {
  test('continue changes it and goes on; the old one is dead, and it is asked for once', async () => {
    const { world } = await open({}, { mustChangePassword: true })
    const it = await world.pending('ada')
    assert.equal(await key(it), 'password_change')
    const early = await world.goOn(it)
    assert.deepEqual([early.location.pathname, early.to.error], ['/identity/password_set', 'password_change'])
    const landed = await setPassword(it)
    assert.equal((await world.redeem(landed)).status, 200)
    const again = async (password: string) =>
      (await world.signIn(world.browser(), 'ada', await world.requestId(), { password })).to
    assert.equal((await again(old)).error, 'invalid_username_password')
    assert.equal('code' in (await again(fresh)), true)
  })

  test('a wrong old one, a weak new one, two that differ, the same again: back to the page, and the track lives', async () => {
    const { world } = await open({}, { mustChangePassword: true })
    const it = await world.pending('ada')
    for (const [fields, error] of [
      [{ old_password: 'wrong' }, 'invalid_username_password'],
      [{ new_password: 'short', confirm_password: 'short' }, 'invalid_password'],
      [{ confirm_password: 'something else' }, 'passwords_differ'],
      [{ new_password: old, confirm_password: old }, 'invalid_password'],
    ] as const) {
      const reply = await setPassword(it, fields)
      assert.deepEqual([reply.location.pathname, reply.to.error], ['/identity/password_set', error])
      assert.equal(reply.to.track_id, it.track)
    }
    assert.equal('code' in (await setPassword(it)).to, true)
  })

  test('two at once change it once, and another browser not at all', async () => {
    const { world } = await open({}, { mustChangePassword: true })
    const it = await world.pending('ada')
    const stolen = await setPassword({ ...it, browser: world.browser() })
    assert.equal(stolen.location.pathname, '/identity/error')
    const both = await Promise.all([setPassword(it), setPassword(it)])
    assert.equal(both.filter((one) => 'code' in one.to).length, 1)
  })

  test('S-55: whoever has a second factor proves it before the password can be touched', async () => {
    const { world, ada } = await open({ mfa: { mode: 'ALWAYS' } }, { mustChangePassword: true })
    const app = await world.enrolApp(ada)
    const it = await world.pending('ada')
    assert.equal(await key(it), 'mfa_required')
    assert.equal((await setPassword(it)).to.error, 'mfa_required')
    const asked = await world.initiate(it, 'TOTP')
    await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
    const page = await world.goOn(it)
    assert.equal(page.location.pathname, '/identity/password_set')
    assert.notEqual(page.to.track_id, it.track, 'the next step has a track of its own')
    assert.equal(await key(it), undefined, 'and the one before is used')
    const tokens = await world.redeem(await setPassword(next(it, page)))
    assert.equal(tokens.status, 200, tokens.text)
  })
})

describe('cidaas.md §4.9: consents', () => {
  const info = (it: Pending, path: string, over: object) =>
    it.browser.xhr('POST', `/consent-management-srv/v2/consent/usage/${path}`, { client_id: 'app', q: it.sub, ...over })

  test('one after the other, each in the version that counts', async () => {
    const { world } = await open({ consents: terms })
    const id = await world.requestId()
    const browser = world.browser()
    const page = await world.signIn(browser, 'ada', id)
    const it: Pending = { browser, requestId: id, track: page.to.track_id ?? '', sub: page.to.sub ?? '' }
    assert.deepEqual(
      [page.location.pathname, page.to.consent_id, page.to.consent_version_id, page.to.consent_name],
      ['/identity/consent_preview', 'terms', '1', 'Terms of use'],
    )
    assert.equal(await key(it), 'common_consent')
    const shown = await info(it, 'public/info', { consent_id: 'terms', consent_version_id: '1' })
    assert.equal(shown.body.data.url, 'https://app.example/terms')
    const outdated = await info(it, 'accept', { consent_id: 'terms', consent_version_id: '0' })
    assert.deepEqual([outdated.status, outdated.body.code], [400, 'PUB10004'])
    assert.equal((await info(it, 'accept', { consent_id: 'terms', consent_version_id: '1' })).status, 200)
    const second = await world.goOn(it)
    assert.equal(second.to.consent_id, 'news')
    assert.equal((await info(it, 'accept', { consent_id: 'news', consent_version_id: '3' })).status, 200)
    assert.equal('code' in (await world.goOn(next(it, second))).to, true)
    assert.equal('code' in (await world.signIn(world.browser(), 'ada', await world.requestId())).to, true, 'remembered')
    await world.setApplication('app', { consents: [{ ...(terms[0] as (typeof terms)[0]), version: '2' }] })
    const asked = await world.signIn(world.browser(), 'ada', await world.requestId())
    assert.equal(asked.to.consent_version_id, '2', 'a new version asks again')
  })

  test('nobody agrees for somebody else, and nobody with a made-up id', async () => {
    const { world } = await open({ consents: terms })
    await world.addUser('eve')
    const it = await world.pending('ada')
    for (const sub of ['11111111-1111-4111-8111-111111111111', it.track, it.requestId, 'ada@example.com']) {
      const reply = await info({ ...it, sub }, 'accept', { consent_id: 'terms', consent_version_id: '1' })
      assert.equal(reply.status, 400)
    }
  })
})

describe('cidaas.md §4.9, §6.2: an address that has to be verified', () => {
  const form = (it: Pending, over: Record<string, string> = {}) =>
    it.browser.form('/verification-actions-srv/account/initiation', {
      requestId: it.requestId,
      email: 'ada@example.com',
      verificationMedium: 'email',
      processingType: 'CODE',
      ...over,
    })
  const submit = (it: Pending, accvid: string, code: string) =>
    it.browser.xhr('POST', '/verification-actions-srv/account', { accvid, code })

  test('a code to the address of the account, then on', async () => {
    const { world, ada } = await open({ needsVerifiedEmail: true }, { emailVerified: false })
    const it = await world.pending('ada')
    assert.equal(await key(it), 'communication_medium_verification')
    const page = await form(it)
    assert.equal(page.location.pathname, '/identity/verification_complete')
    const wrong = await submit(it, page.to.accvid ?? '', '000000')
    assert.deepEqual([wrong.status, wrong.body.error], [417, 'invalid_pass_code'])
    const right = await submit(it, page.to.accvid ?? '', await world.lastCode())
    assert.equal(right.status, 200, right.text)
    assert.equal((await world.user(ada.id)).emailVerified, true)
    assert.equal('code' in (await world.goOn(it)).to, true)
  })

  test('whoever names another address gets the same page, and nothing is sent anywhere', async () => {
    const { world } = await open({ needsVerifiedEmail: true }, { emailVerified: false })
    await world.addUser('bea', { emailVerified: false })
    const it = await world.pending('ada')
    for (const email of ['bea@example.com', 'mallory@evil.example']) {
      const page = await form(it, { email })
      assert.equal(page.location.pathname, '/identity/verification_complete')
      assert.equal((await submit(it, page.to.accvid ?? '', '000000')).status, 417)
    }
    assert.deepEqual(await world.outbox(), [])
  })
})

test('cidaas.md §4.10: several conditions in one login: second factor, address, password, consent, then the code', async () => {
  const all = { mfa: { mode: 'ALWAYS' as const }, needsVerifiedEmail: true, consents: terms.slice(0, 1) }
  const { world, ada } = await open(all, { emailVerified: false, mustChangePassword: true })
  const app = await world.enrolApp(ada)
  const seen: (string | undefined)[] = []
  let it = await world.pending('ada')
  const look = async () => seen.push(await key(it))
  await look()
  const asked = await world.initiate(it, 'TOTP')
  await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
  it = next(it, await world.goOn(it))
  await look()
  const fields = { requestId: it.requestId, sub: it.sub, verificationMedium: 'email' }
  const page = await it.browser.form('/verification-srv/account/initiate', fields)
  const body = { accvid: page.to.accvid, code: await world.lastCode() }
  assert.equal((await it.browser.xhr('POST', '/verification-srv/account/verify', body)).status, 200)
  it = next(it, await world.goOn(it))
  await look()
  it = next(it, await setPassword(it))
  await look()
  const consent = { client_id: 'app', sub: it.sub, consent_id: 'terms', consent_version_id: '1' }
  assert.equal((await it.browser.xhr('POST', '/consent-management-srv/v2/consent/usage/accept', consent)).status, 200)
  const tokens = await world.redeem(await world.goOn(it))
  assert.deepEqual(seen, ['mfa_required', 'communication_medium_verification', 'password_change', 'common_consent'])
  assert.equal(tokens.status, 200, tokens.text)
})

test('who owes something gets no token through a dialect that cannot lead them through it', async () => {
  const { world } = await open({}, { mustChangePassword: true })
  const reply = await tokenElsewhere(world)
  assert.deepEqual([reply.status, 'access_token' in reply.body], [403, false])
})

const tokenElsewhere = async (world: CidaasWorld): Promise<Reply> => {
  await world.setApplication('trusted', { mfa: { mode: 'OFF' } })
  const fields = { grant_type: 'password', username: 'ada@example.com', password: old }
  return await world.browser().xhr('POST', '/oauth/token', { client_id: 'trusted', ...fields })
}
