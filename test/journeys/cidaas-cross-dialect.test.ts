import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32Decode } from '#crypto/base32.ts'
import { hotp, totpStep } from '#crypto/totp.ts'
import { openCidaasWorld } from '../support/cidaas.ts'

const own = 'http://auth0.com/oauth/grant-type/'

/** Both dialects on one server: the application `trusted` speaks Auth0's password grant, `app` and `plain` cidaas'. */
async function open() {
  const world = await openCidaasWorld()
  const page = world.browser()
  const auth0 = (body: object) => page.xhr('POST', '/oauth/token', { client_id: 'trusted', ...body })
  const mfaToken = async (): Promise<string> => {
    const reply = await auth0({
      grant_type: 'password',
      username: 'ada@example.com',
      password: 'the quite long password of ada',
    })
    assert.equal(reply.body.error, 'mfa_required', reply.text)
    return reply.body.mfa_token
  }
  const otp = (mfa_token: string, code: string) => auth0({ grant_type: `${own}mfa-otp`, mfa_token, otp: code })
  const shows = (secret: string) => hotp(base32Decode(secret) as Uint8Array, totpStep(world.clock.now()))
  return { world, page, mfaToken, otp, shows }
}

test('an authenticator app set up through cidaas’ calls verifies through Auth0’s grant, and each code but once', async () => {
  const { world, page, mfaToken, otp, shows } = await open()
  await world.addUser('ada')
  const it = await world.pending('ada')
  const begun = await page.xhr('POST', `/verification-actions-srv/setup/TOTP/initiation/${it.track}`, {})
  const secret = begun.body.data.totp_secret_base32
  const confirm = {
    exchange_id: begun.body.data.exchange_id.exchange_id,
    pass_code: shows(secret),
  }
  assert.equal((await page.xhr('POST', '/verification-actions-srv/setup/TOTP/verification', confirm)).status, 200)
  const first = await mfaToken()
  assert.equal((await otp(first, shows(secret))).status, 403, 'the code of the set-up is spent here too')
  world.clock.advance(30)
  assert.equal((await otp(first, shows(secret))).status, 200)
  const again = await world.pending('ada')
  const asked = await world.initiate(again, 'TOTP')
  const replay = await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, shows(secret))
  assert.equal(replay.body.code, 'VER_0041', 'and what Auth0’s grant took is dead here')
  world.clock.advance(30)
  const fresh = await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, shows(secret))
  assert.equal(fresh.status, 200)
})

test('an authenticator app set up through Auth0’s calls verifies here', async () => {
  const { world, page, mfaToken, otp, shows } = await open()
  await world.addUser('ada')
  const token = await mfaToken()
  const begun = await page.xhr(
    'POST',
    '/mfa/associate',
    { authenticator_types: ['otp'] },
    { authorization: `Bearer ${token}` },
  )
  assert.equal(begun.status, 200, begun.text)
  assert.equal((await otp(token, shows(begun.body.secret))).status, 200)
  world.clock.advance(30)
  const tokens = await world.tokens('ada', shows(begun.body.secret))
  assert.equal(tokens.status, 200)
})

test('a saved code spent through cidaas’ calls is dead in Auth0’s, and the new one works there', async () => {
  const { world, page } = await open()
  const app = await world.enrolApp(await world.addUser('ada'))
  const headers = { authorization: `Bearer ${(await world.tokens('ada', app.code())).body.access_token}` }
  const made = await page.xhr('POST', '/verification-actions-srv/setup/BACKUPCODE/initiation', {}, headers)
  const code = made.body.data.backup_codes[0].code
  const it = await world.pending('ada')
  const asked = await world.initiate(it, 'BACKUPCODE')
  const proved = await world.verify('BACKUPCODE', asked.body.data.exchange_id.exchange_id, code)
  const next = proved.body.data.backup_codes[0].code
  assert.notEqual(next, code)
  const recover = async (recovery_code: string) => {
    const login = await page.xhr('POST', '/oauth/token', {
      client_id: 'trusted',
      grant_type: 'password',
      username: 'ada@example.com',
      password: 'the quite long password of ada',
    })
    const { mfa_token } = login.body
    const grant_type = `${own}mfa-recovery-code`
    return (await page.xhr('POST', '/oauth/token', { client_id: 'trusted', grant_type, mfa_token, recovery_code }))
      .status
  }
  assert.equal(await recover(code), 403)
  assert.equal(await recover(next), 200)
})

test('S-51: handles stay in their dialect: tracks, mfa_tokens and authorization codes', async () => {
  const { world, page, mfaToken, otp } = await open()
  const app = await world.enrolApp(await world.addUser('ada'))
  const it = await world.pending('ada')
  assert.equal((await otp(it.track, app.code())).status, 403)
  const foreign = await mfaToken()
  const meta = await page.xhr('GET', `/token-srv/prelogin/metadata/${foreign}`)
  assert.equal(meta.status, 400)
  const asked = await world.initiate(it, 'TOTP')
  await world.verify('TOTP', asked.body.data.exchange_id.exchange_id, app.code())
  const landed = await world.goOn(it)
  await world.setApplication('app', { grantTypes: ['authorization_code'] })
  const elsewhere = await page.xhr('POST', '/oauth/token', {
    client_id: 'app',
    grant_type: 'authorization_code',
    code: landed.to.code,
    redirect_uri: 'http://localhost:5173/callback',
    code_verifier: 'f'.repeat(96),
  })
  assert.equal(elsewhere.body.error, 'invalid_grant')
  assert.equal((await world.redeem(landed)).status, 200)
})

test('the issuer of each dialect is its own, over one set of keys', async () => {
  const { world, page, mfaToken, otp } = await open()
  const app = await world.enrolApp(await world.addUser('ada'))
  const tokens = await world.tokens('ada', app.code())
  world.clock.advance(30)
  const other = await otp(await mfaToken(), app.code())
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  assert.equal((await page.xhr('GET', '/users-srv/userinfo', undefined, bearer(other.body.access_token))).status, 401)
  assert.equal((await page.xhr('GET', '/userinfo', undefined, bearer(tokens.body.access_token))).status, 401)
})
