import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCidaasWorld } from '../support/cidaas.ts'

/**
 * The guide's own sequence, as its curl commands send it: bodies with `track_id`, `requestId` and `code`, no cookie jar,
 * no origin, and a continue call without body and content type (cidaas.md §11.29). The guide's JSON is made valid; nothing
 * else is changed.
 */
test('cidaas.md §11.29: the guide’s curl commands, from the redirect to the code', async () => {
  const world = await openCidaasWorld()
  const ada = await world.addUser('ada')
  await world.enrolAddress(ada, 'sms', '+15555550101')
  const curl = async (method: 'GET' | 'POST', url: string, body?: string, contentType = 'application/json') => {
    const reply = await world.server.app.inject({
      method,
      url,
      headers: { 'user-agent': 'curl/8.5.0', accept: '*/*', ...(body ? { 'content-type': contentType } : {}) },
      ...(body ? { payload: body } : {}),
    })
    return { status: reply.statusCode, location: String(reply.headers.location ?? ''), text: reply.payload }
  }

  // Step 1: a user signs in, and is redirected to the page of the second factor.
  const requestId = await world.requestId()
  const login = await curl(
    'POST',
    '/login-srv/login',
    new URLSearchParams({
      username: 'ada@example.com',
      password: 'the quite long password of ada',
      requestId,
    }).toString(),
    'application/x-www-form-urlencoded',
  )
  const page = new URL(login.location)
  assert.equal(page.origin + page.pathname, 'https://pages.example/mfa')
  const { track_id, sub, requestId: sameRequest } = Object.fromEntries(page.searchParams)
  assert.equal(sameRequest, requestId)

  // Step 2: the page reads what it is for.
  const metadata = await curl('GET', `/token-srv/prelogin/metadata/${track_id}?acceptLanguage=en-GB`)
  const { meta_data, validation_type } = JSON.parse(metadata.text).data
  assert.equal(validation_type, 'mfa_required')
  assert.deepEqual(meta_data.amr_values, ['10'])
  assert.equal(meta_data.userConfiguredMethods[0].type, 'SMS')

  // Step 3: initiation.
  const initiated = await curl(
    'POST',
    '/verification-srv/authentication/sms/initiation',
    JSON.stringify({ sub, track_id, requestId, usage_type: 'MULTIFACTOR_AUTHENTICATION' }),
  )
  assert.equal(initiated.status, 200, initiated.text)
  const { exchange_id } = JSON.parse(initiated.text).data

  // Step 4: verification.
  const verified = await curl(
    'POST',
    '/verification-srv/authentication/sms/verification',
    JSON.stringify({ exchange_id: exchange_id.exchange_id, code: await world.lastCode(), sub, requestId }),
  )
  assert.equal(verified.status, 200, verified.text)

  // Step 5: continue, with neither body nor content type.
  const continued = await curl('POST', `/login-srv/precheck/continue/${track_id}`)
  assert.equal(continued.status, 302, continued.text)
  assert.match(continued.location, /^http:\/\/localhost:5173\/callback#code=/)
  assert.equal((await curl('GET', `/token-srv/prelogin/metadata/${track_id}`)).status, 204)
})
