import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCidaasWorld } from '../support/cidaas.ts'

async function open(scopes: readonly string[]) {
  const world = await openCidaasWorld()
  await world.setApplication('backend', { clientGrants: [{ audience: 'x', scopes }] })
  const page = world.browser()
  const credentials = { client_id: 'backend', client_secret: 'backend-secret', grant_type: 'client_credentials' }
  const token = (await page.xhr('POST', '/token-srv/token', credentials)).body.access_token
  const headers = { authorization: `Bearer ${token}` }
  return {
    world,
    read: () => page.xhr('GET', '/apps-srv/clients/app', undefined, headers),
    write: (mfa: unknown, client_id = 'app') => page.xhr('PUT', '/apps-srv/clients', { client_id, mfa }, headers),
  }
}

test('cidaas.md §7.4: an application’s mfa object is read, replaced, and counts at the next login', async () => {
  const { world, read, write } = await open(['cidaas:apps_read', 'cidaas:apps_write'])
  assert.deepEqual((await read()).body.data.mfa, { setting: 'ALWAYS' })
  await world.enrolApp(await world.addUser('ada'))
  const asked = async () => 'track_id' in (await world.signIn(world.browser(), 'ada', await world.requestId())).to
  assert.equal(await asked(), true)
  assert.equal((await write({ setting: 'OFF' })).status, 200)
  assert.equal(await asked(), false)
  const timed = { setting: 'TIME_BASED', time_interval_in_seconds: 60, allowed_methods: ['TOTP', 'SMS', 'FIDO2'] }
  assert.equal((await write(timed)).status, 200)
  assert.deepEqual((await read()).body.data.mfa, {
    ...timed,
    allowed_methods: (await read()).body.data.mfa.allowed_methods,
  })
  assert.equal(await asked(), true)
  const [event] = await world.events('admin.change')
  assert.deepEqual([event?.actor, event?.client, event?.details?.mode], ['client', 'backend', 'OFF'])
})

test('what is no mfa object is refused and changes nothing', async () => {
  const { read, write } = await open(['cidaas:apps_read', 'cidaas:apps_write'])
  for (const bad of [
    undefined,
    'OFF',
    {},
    { setting: 'NEVER' },
    { setting: 'TIME_BASED' },
    { setting: 'TIME_BASED', time_interval_in_seconds: 0 },
    { setting: 'ALWAYS', allowed_methods: 'TOTP' },
    { setting: 'ALWAYS', allowed_methods: ['SMOKE'] },
    { setting: 'ALWAYS', allowed_methods: ['FACE'] },
  ]) {
    assert.equal((await write(bad)).status, 400, JSON.stringify(bad))
  }
  assert.equal((await write({ setting: 'OFF' }, 'none')).status, 404)
  assert.deepEqual((await read()).body.data.mfa, { setting: 'ALWAYS' })
})

test('only machines that were granted it, and no person whatever they ask for', async () => {
  const { world, read, write } = await open(['cidaas:apps_read'])
  assert.equal((await read()).status, 200)
  assert.equal((await write({ setting: 'OFF' })).status, 403)
  const app = await world.enrolApp(await world.addUser('ada'))
  const tokens = await world.tokens('ada', app.code())
  const headers = { authorization: `Bearer ${tokens.body.access_token}` }
  const reply = await world
    .browser()
    .xhr('PUT', '/apps-srv/clients', { client_id: 'app', mfa: { setting: 'OFF' } }, headers)
  assert.equal(reply.status, 401)
})
