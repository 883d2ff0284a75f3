import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type Auth0World, openAuth0World } from '../support/auth0.ts'
import { type Browser, openBrowser, verifier } from '../support/browser.ts'

/** Redirect login as a whole, over HTTP, by the documented API of the pages (docs/hosted-api.md). */

let at: Auth0World
let person: Browser
beforeEach(async () => {
  at = await openAuth0World({ tenant: { mfa: undefined } })
  person = openBrowser(at)
})

async function tokens(code: string, more: Record<string, string> = {}) {
  return await at.form('/oauth/token', {
    grant_type: 'authorization_code',
    client_id: 'spa',
    code,
    code_verifier: verifier,
    redirect_uri: 'http://localhost:5173/callback',
    ...more,
  })
}

test('a person signs in with a password, and the code gives tokens that say so', async () => {
  await at.addUser('ada')
  const first = await person.authorize({ audience: 'https://api.example' })
  assert.equal(first.status, 303)
  assert.equal((await person.state()).body.step, 'identify')
  assert.equal((await person.act('identify', { login: 'ada@example.com' })).body.step, 'password')
  const done = await person.act('password', { password: 'the quite long password of ada' })
  assert.equal(done.status, 200, done.text)
  assert.equal(done.body.step, 'done')
  const back = await person.finish()
  assert.equal(back.searchParams.get('state'), 'st=')
  const got = await tokens(back.searchParams.get('code') ?? '')
  assert.equal(got.status, 200, got.text)
  const id = decodeJwt(got.body.id_token)
  assert.deepEqual([id.nonce, id.amr, id.acr], ['n=', ['pwd'], 'urn:polyfactor:acr:aal1'])
  assert.equal(id.auth_time, Math.floor(at.clock.now() / 1_000))
  assert.ok(got.body.refresh_token)
})
