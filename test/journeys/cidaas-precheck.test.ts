import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, mfaPage, openCidaasWorld } from '../support/cidaas.ts'

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

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
  const landed = await it.browser.form(`/login-srv/precheck/continue/${it.track}`, { track_id: it.track })
  assert.equal(landed.status, 302, landed.text)
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
  assert.equal(mfaPage.includes('?'), true)
})
