import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { operations } from './operations.ts'
import { adminToken, testApi } from './testing/api.ts'

/** A path of an operation with something in every place. */
const somewhere = (path: string): string => path.replace(/:([a-z_]+)/g, 'nobody')

describe('the guard of the admin API (S-138)', () => {
  it('lets nobody through without the token, on any route', async () => {
    const { ask } = await testApi()
    for (const { method, path, id } of operations) {
      const told = await ask(method, somewhere(path), { token: null })
      assert.equal(told.status, 401, id)
      assert.equal(told.body.error, 'unauthorized')
      assert.equal(told.headers['www-authenticate'], 'Bearer realm="polyfactor admin"')
    }
  })

  it('lets nobody through with a wrong token, on any route', async () => {
    const { ask, lines } = await testApi()
    const wrong = [`${adminToken}x`, adminToken.slice(1), adminToken.toUpperCase(), 'x']
    for (const [index, { method, path, id }] of operations.entries()) {
      const told = await ask(method, somewhere(path), { token: wrong[index % wrong.length] })
      assert.equal(told.status, 401, id)
      assert.match(String(told.headers['www-authenticate']), /error="invalid_token"/)
    }
    assert.ok(lines.some((line) => line.includes('admin token refused')))
    assert.ok(!lines.some((line) => wrong.slice(0, 2).some((token) => line.includes(token))), 'a token was logged')
  })

  it('takes the token in the header only, and only as Bearer', async () => {
    const { ask } = await testApi()
    const basic = { authorization: `Basic ${Buffer.from(`admin:${adminToken}`).toString('base64')}` }
    assert.equal((await ask('GET', '/tenants', { token: null, headers: basic })).status, 401)
    assert.equal((await ask('GET', `/tenants?access_token=${adminToken}`, { token: null })).status, 401)
    assert.equal((await ask('GET', '/tenants', { token: null, headers: { authorization: adminToken } })).status, 401)
    const lower = { authorization: `bearer ${adminToken}` }
    assert.equal((await ask('GET', '/tenants', { token: null, headers: lower })).status, 200)
  })

  it('tells a caller without the token nothing about what exists', async () => {
    const { ask } = await testApi()
    await ask('POST', '/tenants', { body: { id: 'demo' } })
    const there = await ask('GET', '/tenants/demo', { token: null })
    const not = await ask('GET', '/tenants/other', { token: null })
    const bad = await ask('GET', '/tenants/demo/users?limit=nonsense', { token: null })
    const same = ({ status, body }: typeof there) => ({ status, ...body, request_id: '' })
    assert.deepEqual(same(not), same(there))
    assert.deepEqual(same(bad), same(there))
  })

  it('answers unknown paths, wrong methods and wrong bodies in one shape', async () => {
    const { ask } = await testApi()
    const shape = async (status: number, error: string, ...args: Parameters<typeof ask>) => {
      const told = await ask(...args)
      assert.deepEqual([told.status, told.body.error], [status, error], args.slice(0, 2).join(' '))
      assert.equal(told.body.request_id, told.headers['x-request-id'])
      return told
    }
    await shape(404, 'not_found', 'GET', '/nothing')
    const wrong = await shape(405, 'method_not_allowed', 'DELETE', '/tenants')
    assert.deepEqual(String(wrong.headers.allow).split(', ').sort(), ['GET', 'HEAD', 'POST'])
    await shape(400, 'invalid_request', 'POST', '/tenants', { body: '{' })
    await shape(400, 'invalid_request', 'POST', '/tenants')
    await shape(400, 'invalid_request', 'POST', '/tenants', { body: '[]' })
    await shape(400, 'invalid_request', 'GET', '/tenants?limit=1&limit=2')
    await shape(413, 'too_large', 'POST', '/tenants', { body: { id: 'x'.repeat(70_000) } })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    await shape(415, 'unsupported_media_type', 'POST', '/tenants', { body: 'id=demo', headers: form })
  })

  it('refuses members and parameters it does not know (S-144)', async () => {
    const { ask } = await testApi()
    await ask('POST', '/tenants', { body: { id: 'demo' } })
    const bodies: readonly (readonly ['POST' | 'PATCH', string, object])[] = [
      ['POST', '/tenants', { id: 'other', nme: 'Other' }],
      ['PATCH', '/tenants/demo', { nme: 'Other' }],
      ['PATCH', '/tenants/demo', { mfa: { mode: 'OFF', modus: 1 } }],
      ['POST', '/tenants/demo/users', { email: 'a@example.com', is_admin: true }],
      ['POST', '/tenants/demo/users', { email: 'a@example.com', authenticators: [{ factor: 'totp', seecret: 'x' }] }],
      ['POST', '/tenants/demo/applications', { type: 'web', client_secret: 'chosen' }],
      ['POST', '/tenants/demo/keys/rotate', { forced: true }],
    ]
    for (const [method, path, body] of bodies) {
      const told = await ask(method, path, { body })
      assert.equal(told.status, 400, `${method} ${path} ${JSON.stringify(body)}`)
      assert.ok((told.body.details as unknown[]).length > 0)
    }
    assert.equal((await ask('GET', '/tenants?limti=1')).status, 400)
    assert.equal((await ask('GET', '/tenants/demo?x=1')).status, 400)
    assert.equal((await ask('GET', '/tenants')).text.includes('other'), false)
  })

  it('never repeats what was sent when it refuses it (S-148)', async () => {
    const { ask, lines } = await testApi()
    await ask('POST', '/tenants', { body: { id: 'demo' } })
    const secret = 'MARKER234MARKER234'
    const bodies = [
      { email: secret, password: secret },
      { email: 'a@example.com', password_hash: secret },
      { email: 'a@example.com', authenticators: [{ factor: 'totp', secret: `${secret}1` }] },
    ]
    for (const body of bodies) {
      const told = await ask('POST', '/tenants/demo/users', { body })
      assert.equal(told.status, 400)
      assert.ok(!told.text.includes('MARKER'), told.text)
    }
    assert.ok(!lines.some((line) => line.includes('MARKER')))
  })
})
