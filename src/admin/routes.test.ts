import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { base32Decode } from '#crypto/base32.ts'
import { tokenDigest } from '#crypto/digest.ts'
import { admit } from '#engine/admit.ts'
import { linkAll } from '#engine/audit/link.ts'
import { nothingToIssue } from '#engine/issue.ts'
import { startPasswordless } from '#engine/passwordless.ts'
import { callsFor } from '#engine/webhooks/fan-out.ts'
import { secretsOf } from '#engine/webhooks/secrets.ts'
import { asId, type TenantId, type UserId } from '#model/ids.ts'
import type { Message } from '#model/message.ts'
import { insert, upsert } from '#ports/store.ts'
import { someApplication } from '#test/support/world.ts'
import { operations } from './operations.ts'
import { type TestApi, testApi } from './testing/api.ts'

const demo = asId<TenantId>('demo')
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const phone = '+15555550100'
const password = 'correct horse battery staple'
const seen = new Set<string>()

/** An API with the tenant `demo`, where everything that answers is noted. */
async function api(): Promise<TestApi> {
  const it = await testApi()
  const ask: TestApi['ask'] = async (...args) => {
    const told = await it.ask(...args)
    for (const id of it.seen) seen.add(id)
    return told
  }
  await ask('POST', '/tenants', { body: { id: 'demo', name: 'Demo', domains: ['localhost'] } })
  return { ...it, ask }
}

async function newUser(
  { ask }: TestApi,
  body: object = { email: 'ada@example.com' },
  tenant = 'demo',
): Promise<string> {
  const told = await ask('POST', `/tenants/${tenant}/users`, { body })
  assert.equal(told.status, 201, told.text)
  return String(told.body.id)
}

const items = (it: { readonly body: Readonly<Record<string, unknown>> }) =>
  it.body.items as readonly Readonly<Record<string, unknown>>[]

/** Every row of a list, page by page. */
async function walk({ ask }: TestApi, path: string, limit: number) {
  const rows: Readonly<Record<string, unknown>>[] = []
  for (let after: unknown, pages = 1; ; pages++) {
    const join = path.includes('?') ? '&' : '?'
    const told = await ask('GET', `${path}${join}limit=${limit}${after === undefined ? '' : `&after=${after}`}`)
    assert.equal(told.status, 200, told.text)
    assert.ok(items(told).length <= limit)
    rows.push(...items(told))
    after = told.body.next
    if (after === undefined) return { rows, pages }
  }
}

describe('tenants', () => {
  it('are created with defaults, shown, changed and listed', async () => {
    const it = await api()
    const made = await it.ask('POST', '/tenants', { body: { id: 'acme', mfa: { mode: 'ALWAYS' } } })
    assert.equal(made.status, 201)
    assert.deepEqual([made.body.name, made.body.signing_algorithm], ['acme', 'RS256'])
    assert.deepEqual((await it.ask('GET', '/tenants/acme')).body, made.body)
    const patched = await it.ask('PATCH', '/tenants/acme', { body: { mfa: null, factors: ['password', 'totp'] } })
    assert.deepEqual([patched.body.mfa, patched.body.factors], [undefined, ['password', 'totp']])
    assert.equal(patched.body.name, 'acme')
    assert(!(made.body.factors as string[]).includes('security_question'), 'off by default')
    const security_questions = ['First street?', 'First book?', 'First teacher?']
    const asking = await it.ask('PATCH', '/tenants/acme', { body: { security_questions } })
    assert.deepEqual(asking.body.security_questions, security_questions)
    const silent = await it.ask('PATCH', '/tenants/acme', { body: { security_questions: null } })
    assert.equal(silent.body.security_questions, undefined)
    const { rows, pages } = await walk(it, '/tenants', 1)
    assert.deepEqual([rows.map((row) => row.id), pages], [['acme', 'demo'], 2])
  })

  it('claim a name and a host once', async () => {
    const { ask } = await api()
    assert.equal((await ask('POST', '/tenants', { body: { id: 'demo' } })).status, 409)
    assert.equal((await ask('POST', '/tenants', { body: { id: 'DEMO' } })).status, 409)
    assert.equal((await ask('POST', '/tenants', { body: { id: 'b', domains: ['localhost'] } })).status, 409)
    await ask('POST', '/tenants', { body: { id: 'b' } })
    assert.equal((await ask('PATCH', '/tenants/b', { body: { domains: ['LOCALHOST'] } })).status, 409)
    assert.equal((await ask('POST', '/tenants', { body: { id: 'oauth' } })).status, 400)
  })

  it('take everything the configuration file may say of them, and show it again', async () => {
    const { ask } = await api()
    const all = {
      discovery: 'cidaas',
      sign_up: { enabled: false, attributes: [{ name: 'city', required: true }] },
      webauthn: {
        rp_id: 'localhost',
        origins: [],
        attestation: 'none',
        attestation_roots: [],
        user_verification: 'required',
      },
      branding: {
        accent: '#4338ca',
        accent_dark: '#a5b4fc',
        background: '#fdfdfb',
        radius: 4,
        texts: { de: { a: 'b' } },
      },
      messages: { language: 'de', texts: { de: { login: { sms: '{code} für {service}' } } } },
    }
    const patched = await ask('PATCH', '/tenants/demo', { body: all })
    assert.equal(patched.status, 200, patched.text)
    const { discovery, sign_up, webauthn, branding, messages } = patched.body
    assert.deepEqual({ discovery, sign_up, webauthn, branding, messages }, all)
    assert.equal((await ask('POST', '/tenants', { body: { id: 'acme', ...all } })).status, 201)
    const none = { discovery: null, sign_up: null, webauthn: null, branding: null, messages: null }
    const emptied = await ask('PATCH', '/tenants/demo', { body: none })
    assert.deepEqual(
      Object.keys(none).filter((name) => name in emptied.body),
      [],
    )
    const bad = await ask('PATCH', '/tenants/demo', { body: { branding: { background: '#808080' } } })
    assert.deepEqual([bad.status, bad.text.includes('unreadable')], [400, true])
  })

  it('changed to what they are already leave no trace', async () => {
    const { ask, store } = await api()
    const before = await store.count('events', demo)
    assert.equal((await ask('PATCH', '/tenants/demo', { body: { name: 'Demo' } })).status, 200)
    assert.equal(await store.count('events', demo), before)
  })
})

describe('applications', () => {
  const path = '/tenants/demo/applications'

  it('get a secret that is shown once and stored as a digest (S-114, S-140)', async () => {
    const { ask, store } = await api()
    const made = await ask('POST', path, { body: { client_id: 'web', type: 'web' } })
    assert.equal(made.status, 201)
    assert.match(String(made.body.client_secret), /^[A-Za-z0-9_-]{43}$/)
    const row = await store.get('applications', demo, 'web')
    assert.deepEqual(row?.secretDigests, [tokenDigest(String(made.body.client_secret))])
    for (const told of [await ask('GET', `${path}/web`), await ask('GET', path)]) {
      assert.ok(!told.text.includes(String(made.body.client_secret)))
      assert.ok(!told.text.includes(String(row?.secretDigests[0])))
    }
    const spa = await ask('POST', path, { body: { type: 'spa', redirect_uris: ['https://app.example/cb'] } })
    assert.deepEqual([spa.body.client_secret, spa.body.token_endpoint_auth_method], [undefined, 'none'])
    assert.match(String(spa.body.client_id), /^[A-Za-z0-9]{32}$/)
  })

  it('take everything the configuration file may say of them, and show it again', async () => {
    const { ask } = await api()
    const all = {
      backchannel_logout_uri: 'https://app.example/logout',
      sign_up: false,
      trusted_device_seconds: 3_600,
      require_verified_email: true,
      consents: [{ id: 'terms', version: '2', name: 'Terms', url: 'https://app.example/terms' }],
    }
    const made = await ask('POST', path, { body: { client_id: 'a', type: 'spa', ...all } })
    assert.equal(made.status, 201, made.text)
    for (const [name, value] of Object.entries(all)) assert.deepEqual(made.body[name], value)
    const none = Object.fromEntries(Object.keys(all).map((name) => [name, null]))
    const emptied = await ask('PATCH', `${path}/a`, { body: none })
    assert.equal(emptied.status, 200, emptied.text)
    assert.deepEqual(
      Object.keys(all).filter((name) => name in emptied.body),
      [],
    )
    assert.deepEqual((await ask('PATCH', `${path}/a`, { body: all })).body, made.body)
  })

  it('get a new secret, with or without the old one', async () => {
    const { ask, store } = await api()
    const first = (await ask('POST', path, { body: { client_id: 'web', type: 'web' } })).body.client_secret
    const digests = async () => (await store.get('applications', demo, 'web'))?.secretDigests
    const second = await ask('POST', `${path}/web/secret`, { body: { keep_previous: true } })
    assert.deepEqual(await digests(), [tokenDigest(String(second.body.client_secret)), tokenDigest(String(first))])
    const third = await ask('POST', `${path}/web/secret`)
    assert.deepEqual(await digests(), [tokenDigest(String(third.body.client_secret))])
    await ask('POST', path, { body: { client_id: 'spa', type: 'spa' } })
    assert.equal((await ask('POST', `${path}/spa/secret`)).status, 409)
  })

  it('are changed, and lose their secret when they no longer use one', async () => {
    const { ask, store } = await api()
    await ask('POST', path, { body: { client_id: 'web', type: 'web', grant_types: ['password', 'mfa'] } })
    const made = await ask('GET', `${path}/web`)
    assert.ok((made.body.grant_types as string[]).includes('http://auth0.com/oauth/grant-type/mfa-oob'))
    const patched = await ask('PATCH', `${path}/web`, {
      body: { name: 'Web', mfa: { mode: 'ALWAYS', allowed_factors: ['totp'] } },
    })
    assert.deepEqual(patched.body.mfa, { mode: 'ALWAYS', allowed_factors: ['totp'] })
    await ask('PATCH', `${path}/web`, { body: { type: 'spa', token_endpoint_auth_method: 'none' } })
    assert.deepEqual((await store.get('applications', demo, 'web'))?.secretDigests, [])
    assert.equal((await ask('DELETE', `${path}/web`)).status, 204)
    assert.equal((await ask('GET', `${path}/web`)).status, 404)
  })

  it('that contradict themselves are refused', async () => {
    const { ask } = await api()
    const bodies = [
      { type: 'spa', token_endpoint_auth_method: 'client_secret_post' },
      { type: 'native', token_endpoint_auth_method: 'private_key_jwt' },
      { type: 'spa', grant_types: ['client_credentials'] },
      { type: 'web', jwks: { keys: [{ kty: 'EC', d: 'private' }] } },
    ]
    for (const body of bodies) assert.equal((await ask('POST', path, { body })).status, 400, JSON.stringify(body))
    assert.deepEqual(items(await ask('GET', path)), [])
  })
})

describe('APIs', () => {
  it('are kept under their audience, percent-encoded in paths', async () => {
    const { ask } = await api()
    const audience = 'https://api.example.com/v1'
    const one = `/tenants/demo/apis/${encodeURIComponent(audience)}`
    const made = await ask('POST', '/tenants/demo/apis', { body: { audience, scopes: ['read:things'] } })
    assert.equal(made.status, 201)
    assert.equal((await ask('POST', '/tenants/demo/apis', { body: { audience } })).status, 409)
    assert.deepEqual((await ask('GET', one)).body, made.body)
    const body = { access_token_lifetime: 60, signing_algorithm: 'ES256' }
    assert.equal((await ask('PATCH', one, { body })).body.signing_algorithm, 'ES256')
    assert.equal((await ask('PATCH', one, { body: { signing_algorithm: null } })).body.signing_algorithm, undefined)
    assert.equal(items(await ask('GET', '/tenants/demo/apis')).length, 1)
    assert.equal((await ask('DELETE', one)).status, 204)
    assert.equal((await ask('DELETE', one)).status, 404)
  })
})

describe('users', () => {
  it('have a language, and may have to choose a new password at the next login', async () => {
    const it = await api()
    const id = await newUser(it, { email: 'ada@example.com', password, locale: 'de-AT', must_change_password: true })
    const one = `/tenants/demo/users/${id}`
    const shown = async () => {
      const { locale, must_change_password } = (await it.ask('GET', one)).body
      return [locale, must_change_password]
    }
    assert.deepEqual(await shown(), ['de-AT', true])
    await it.ask('PATCH', one, { body: { locale: null, must_change_password: false } })
    assert.deepEqual(await shown(), [undefined, false])
    assert.equal('mustChangePassword' in ((await it.store.get('users', demo, id)) ?? {}), false)
    await it.ask('PATCH', one, { body: { must_change_password: true } })
    assert.deepEqual(await shown(), [undefined, true])
    const other = await newUser(it, { email: 'bob@example.com', must_change_password: false })
    assert.notEqual((await it.store.get('users', demo, other))?.mustChangePassword, null)
  })

  it('are created with a password that is hashed and never shown', async () => {
    const it = await api()
    const id = await newUser(it, { email: 'Ada@Example.com', email_verified: true, password })
    const row = await it.store.get('users', demo, id)
    const checked = await it.parts.passwords.verify(password, row?.passwordHash ?? '')
    assert.ok(checked.kind === 'checked' && checked.ok)
    const told = await it.ask('GET', `/tenants/demo/users/${id}`)
    assert.equal(told.body.has_password, true)
    assert.ok(!told.text.includes('$argon2'))
    assert.ok(!(await it.dump()).includes(password))
  })

  it('need a name, one password at most, and one that is not known to attackers', async () => {
    const { ask } = await api()
    const bodies = [
      {},
      { name: 'Ada' },
      { email: 'a@example.com', password, password_hash: '$2b$10$abc' },
      { email: 'a@example.com', password: 'short' },
      { email: 'a@example.com', password: 'password123' },
      { email: 'a@example.com', password_hash: '$unknown$abc' },
      { email: 'not an address' },
      { phone_number: '+1' },
      { email: 'a@example.com', id: 'import' },
    ]
    for (const body of bodies) {
      const told = await ask('POST', '/tenants/demo/users', { body })
      assert.equal(told.status, 400, JSON.stringify(body))
    }
    assert.deepEqual(items(await ask('GET', '/tenants/demo/users')), [])
  })

  it('take over an id and a hash from elsewhere', async () => {
    const it = await api()
    const hash = (await it.parts.passwords.hash(password)) as { readonly hash: string }
    const id = await newUser(it, { id: 'auth0|507f1f77', username: 'ada', password_hash: hash.hash })
    assert.equal(id, 'auth0|507f1f77')
    assert.equal((await it.ask('GET', '/tenants/demo/users/auth0%7C507f1f77')).body.username, 'ada')
    const again = await it.ask('POST', '/tenants/demo/users', { body: { id, username: 'other' } })
    assert.deepEqual(
      [again.status, again.body.details],
      [409, [{ path: 'id', message: 'The id belongs to another user' }]],
    )
  })

  it('share no e-mail address and no user name', async () => {
    const it = await api()
    await newUser(it, { email: 'ada@example.com', username: 'ada' })
    const other = await newUser(it, { email: 'bob@example.com' })
    const many = '/tenants/demo/users'
    assert.equal((await it.ask('POST', many, { body: { email: 'ADA@example.com' } })).status, 409)
    assert.equal((await it.ask('POST', many, { body: { username: 'Ada' } })).status, 409)
    assert.equal((await it.ask('PATCH', `${many}/${other}`, { body: { email: 'ada@EXAMPLE.com' } })).status, 409)
    assert.equal((await it.ask('PATCH', `${many}/${other}`, { body: { username: 'ADA' } })).status, 409)
  })

  it('are found by e-mail address, user name and telephone number in any spelling', async () => {
    const it = await api()
    const id = await newUser(it, { email: 'ada@example.com', username: 'Ada', phone_number: phone })
    await newUser(it, { email: 'bob@example.com' })
    const find = async (query: string) =>
      items(await it.ask('GET', `/tenants/demo/users?${query}`)).map((row) => row.id)
    assert.deepEqual(await find('email=ADA%40example.com'), [id])
    assert.deepEqual(await find('username=ada'), [id])
    assert.deepEqual(await find('phone_number=%2B1%20555-555-0100'), [id])
    assert.deepEqual(await find('email=nobody%40example.com'), [])
    assert.deepEqual(await find('phone_number=nonsense'), [])
  })

  it('are listed page by page, each once', async () => {
    const it = await api()
    for (let n = 0; n < 7; n++) await newUser(it, { username: `user${n}` })
    const { rows, pages } = await walk(it, '/tenants/demo/users', 3)
    assert.equal(pages, 3)
    assert.equal(new Set(rows.map((row) => row.username)).size, 7)
    const exact = await walk(it, '/tenants/demo/users', 7)
    assert.deepEqual([exact.rows.length, exact.pages], [7, 1])
    for (const limit of ['0', '101', '-1', 'x', '1.5']) {
      assert.equal((await it.ask('GET', `/tenants/demo/users?limit=${limit}`)).status, 400, limit)
    }
  })

  it('are changed member by member; a new address is unverified', async () => {
    const it = await api()
    const id = await newUser(it, { email: 'ada@example.com', email_verified: true, name: 'Ada', username: 'ada' })
    const one = `/tenants/demo/users/${id}`
    assert.equal((await it.ask('PATCH', one, { body: { nickname: 'A' } })).body.email_verified, true)
    const moved = await it.ask('PATCH', one, { body: { email: 'ada@example.org', name: null } })
    assert.deepEqual(
      [moved.body.email, moved.body.email_verified, moved.body.name],
      ['ada@example.org', false, undefined],
    )
    const off = await it.ask('PATCH', one, { body: { blocked: true, mfa_enabled: true, email_verified: true } })
    assert.deepEqual([off.body.blocked, off.body.mfa_enabled, off.body.email_verified], [true, true, true])
    assert.equal(off.body.username, 'ada')
    const before = await it.store.count('events', demo)
    await it.ask('PATCH', one, { body: { blocked: true } })
    assert.equal(await it.store.count('events', demo), before)
  })

  it('are told when an administrator changes their password', async () => {
    const it = await api()
    const id = await newUser(it, { email: 'ada@example.com', email_verified: true, password })
    const changed = await it.ask('PATCH', `/tenants/demo/users/${id}`, {
      body: { password: 'another good passphrase' },
    })
    assert.equal(changed.status, 200)
    const row = await it.store.get('users', demo, id)
    assert.ok((row?.passwordChangedAt ?? 0) > 0)
    const messages = await it.store.list('messages', demo)
    assert.deepEqual(
      messages.map((one) => [one.channel, one.purpose]),
      [['email', 'notice']],
    )
  })

  it('are deleted with everything that could act for them', async () => {
    const it = await api()
    const id = await newUser(it, { email: 'ada@example.com', authenticators: [{ factor: 'totp', secret }] })
    const other = await newUser(it, { email: 'bob@example.com', authenticators: [{ factor: 'totp', secret }] })
    const artifact = { tenant: demo, id: 'RefreshToken:x', model: 'RefreshToken', payload: {}, user: id }
    await it.store.change({}, () => ({
      result: undefined,
      writes: [{ do: 'insert', table: 'artifacts', row: artifact }],
    }))
    assert.equal((await it.ask('DELETE', `/tenants/demo/users/${id}`)).status, 204)
    assert.equal(await it.store.get('artifacts', demo, artifact.id), undefined)
    const left = await it.store.list('authenticators', demo)
    assert.deepEqual(
      left.map((one) => one.user),
      [other],
    )
    assert.equal((await it.ask('DELETE', `/tenants/demo/users/${id}`)).status, 404)
    assert.equal((await it.ask('GET', `/tenants/demo/users/${id}`)).status, 404)
    const deleted = items(await it.ask('GET', '/tenants/demo/events?type=user.deleted'))
    assert.deepEqual(
      deleted.map((one) => [one.user, one.actor]),
      [[id, 'admin']],
    )
  })
})

describe('an invitation to enrol', () => {
  it('is good once, for a day at most, audited with its reason, and mailed or answered but never both (S-69)', async () => {
    const it = await api()
    const id = await newUser(it, { email: 'ada@example.com', locale: 'de' })
    const path = `/tenants/demo/users/${id}/enrolment-ticket`
    const mailed = await it.ask('POST', path, { body: { reason: 'new phone' } })
    assert.deepEqual([mailed.status, mailed.body.mailed, 'ticket_url' in mailed.body], [201, true, false], mailed.text)
    const [message] = await it.store.list('messages', demo)
    const sealed = it.parts.keyring.openText(message?.sealed ?? '', ['message', demo, message?.id ?? ''])
    const { text, language } = JSON.parse(sealed)
    assert.match(text, /https:\/\/login\.example\/enrollment\?ticket_id=[\w-]{43}$/)
    assert.equal(language, 'de')
    const given = await it.ask('POST', path, { body: { reason: 'at the desk', send_mail: false } })
    assert.match(String(given.body.ticket_url), /^https:\/\/login\.example\/enrollment\?ticket_id=[\w-]{43}$/)
    assert.equal(await it.store.count('messages', demo), 1)
    const events = items(await it.ask('GET', `/tenants/demo/events?user=${id}&type=admin.change`))
    assert.deepEqual(events.map((one) => one.reason).sort(), ['at the desk', 'new phone'])
    assert.equal((await it.ask('POST', path, { body: {} })).status, 400, 'without a reason')
    const long = { reason: 'new phone', lifetime_seconds: 86_401 }
    assert.equal((await it.ask('POST', path, { body: long })).status, 400)
    const nameless = await newUser(it, { username: 'bob' })
    const other = `/tenants/demo/users/${nameless}/enrolment-ticket`
    assert.equal((await it.ask('POST', other, { body: { reason: 'new phone' } })).status, 400)
  })
})

describe('a preview of a message', () => {
  it('shows the stored words, or those of the request, escaped, and sends nothing', async () => {
    const { ask, store } = await api()
    const path = '/tenants/demo/messages/preview'
    const built = await ask('POST', path, { body: { kind: 'login', channel: 'sms', language: 'fr' } })
    assert.equal(built.status, 200, built.text)
    assert.deepEqual([built.body.language, built.body.segments], ['fr', 1])
    assert.match(String(built.body.text), /^012345 est votre code de connexion à Demo\./)
    const messages = { language: 'de', texts: { de: { login: { subject: 'Hallo', html: '<p>{name}: {code}</p>' } } } }
    const name = '<script>alert(1)</script>'
    const draft = await ask('POST', path, { body: { kind: 'login', name, messages } })
    assert.deepEqual([draft.body.language, draft.body.subject], ['de', 'Hallo'])
    assert.match(String(draft.body.html), /<p>&lt;script&gt;alert\(1\)&lt;\/script&gt;: 012345<\/p>/)
    const without = { texts: { de: { login: { html: '<p>{name}</p>' } } } }
    assert.equal((await ask('POST', path, { body: { kind: 'login', messages: without } })).status, 400)
    assert.equal((await ask('POST', path, { body: { kind: 'invitation', channel: 'sms' } })).status, 400)
    assert.equal((await ask('POST', path, { body: { kind: 'notice', channel: 'voice' } })).status, 400)
    assert.equal(await store.count('messages', demo), 0)
  })
})

describe('sessions of a user', () => {
  it('end all at once, and only those of users there are (S-128)', async () => {
    const it = await api()
    const id = await newUser(it)
    const session = { tenant: demo, id: 'BrowserSession:x', model: 'BrowserSession', user: id, payload: {} }
    await it.store.change({}, () => ({ result: undefined, writes: [upsert('artifacts', session)] }))
    assert.equal((await it.ask('DELETE', `/tenants/demo/users/${id}/sessions`)).status, 204)
    assert.equal(await it.store.get('artifacts', demo, session.id), undefined)
    const events = await it.ask('GET', `/tenants/demo/events?user=${id}`)
    assert.ok(items(events).some((one) => one.type === 'session.ended'))
    assert.equal((await it.ask('DELETE', '/tenants/demo/users/nobody/sessions')).status, 404)
  })
})

describe('authenticators', () => {
  const many = (id: string) => `/tenants/demo/users/${id}/authenticators`

  it('are brought along, listed without their secret, and the user is told (S-140)', async () => {
    const it = await api()
    const id = await newUser(it, { email: 'ada@example.com', email_verified: true })
    const app = await it.ask('POST', many(id), { body: { factor: 'totp', secret, name: 'Phone' } })
    assert.deepEqual([app.status, app.body.state, app.body.weak, app.body.name], [201, 'confirmed', false, 'Phone'])
    const sms = await it.ask('POST', many(id), { body: { factor: 'sms', phone_number: phone } })
    assert.equal(sms.body.target, phone)
    const listed = await it.ask('GET', many(id))
    assert.deepEqual(items(listed), [app.body, sms.body])
    for (const told of [app, listed]) assert.ok(!told.text.includes(secret) && !told.text.includes('v1.'))
    assert.equal(await it.store.count('messages', demo), 2)
  })

  it('are not brought along twice, nor with a short secret (operating.md §6.11)', async () => {
    const it = await api()
    const id = await newUser(it)
    await it.ask('POST', many(id), { body: { factor: 'totp', secret } })
    assert.equal((await it.ask('POST', many(id), { body: { factor: 'totp', secret } })).status, 409)
    const short = await it.ask('POST', many(id), { body: { factor: 'totp', secret: 'JBSWY3DPEHPK3PXP' } })
    assert.equal(short.status, 400)
    assert.equal((await it.ask('POST', many(id), { body: { factor: 'webauthn' } })).status, 400)
    assert.equal(items(await it.ask('GET', many(id))).length, 1)
  })

  it('are not created for a number the tenant sends nothing to', async () => {
    const it = await api()
    const id = await newUser(it)
    await it.ask('PATCH', '/tenants/demo', { body: { phone: { countries: ['DE'] } } })
    const told = await it.ask('POST', many(id), { body: { factor: 'sms', phone_number: phone } })
    assert.deepEqual([told.status, (told.body.details as { path: string }[])[0]?.path], [400, 'phone_number'])
  })

  it('are deleted one by one; the last stays while the user needs one (S-66)', async () => {
    const it = await api()
    const id = await newUser(it, { email: 'ada@example.com', mfa_enabled: true })
    const app = await it.ask('POST', many(id), { body: { factor: 'totp', secret } })
    const sms = await it.ask('POST', many(id), { body: { factor: 'sms', phone_number: phone } })
    await it.ask('POST', `/tenants/demo/users/${id}/recovery-code`)
    assert.equal((await it.ask('DELETE', `${many(id)}/${app.body.id}`)).status, 204)
    assert.equal((await it.ask('DELETE', `${many(id)}/${sms.body.id}`)).status, 409)
    await it.ask('PATCH', `/tenants/demo/users/${id}`, { body: { mfa_enabled: false } })
    assert.equal((await it.ask('DELETE', `${many(id)}/${sms.body.id}`)).status, 204)
    assert.deepEqual(items(await it.ask('GET', many(id))), [], 'a saved code is left alone')
  })

  it('are reset with a reason, which is audited, and the user is told (S-69)', async () => {
    const it = await api()
    const id = await newUser(it, {
      email: 'ada@example.com',
      email_verified: true,
      mfa_enabled: true,
      authenticators: [{ factor: 'totp', secret }],
    })
    const reset = `${many(id)}/reset`
    for (const body of [undefined, {}, { reason: '' }, { reason: '   ' }]) {
      assert.equal((await it.ask('POST', reset, { body })).status, 400)
    }
    assert.deepEqual((await it.ask('POST', reset, { body: { reason: 'lost phone' } })).body, { removed: 1 })
    assert.deepEqual(items(await it.ask('GET', many(id))), [])
    const [event] = items(await it.ask('GET', `/tenants/demo/events?user=${id}`))
    assert.deepEqual([event?.type, event?.reason, event?.actor], ['factor.removed', 'lost phone', 'admin'])
    assert.equal(await it.store.count('messages', demo), 1)
  })

  it('give a recovery code once; the one before is dead', async () => {
    const it = await api()
    const id = await newUser(it)
    const path = `/tenants/demo/users/${id}/recovery-code`
    const [first, second] = [await it.ask('POST', path), await it.ask('POST', path)]
    assert.match(String(first.body.recovery_code), /^[A-Z0-9]{24}$/)
    assert.notEqual(first.body.recovery_code, second.body.recovery_code)
    const listed = await it.ask('GET', many(id))
    assert.equal(items(listed).length, 1)
    assert.ok(!listed.text.includes(String(second.body.recovery_code)))
    assert.ok(!(await it.dump()).includes(String(second.body.recovery_code)))
  })
})

describe('an import of users', () => {
  const path = '/tenants/demo/users/import'

  it('takes each as a whole or not at all, and says what became of it', async () => {
    const it = await api()
    const hash = (await it.parts.passwords.hash(password)) as { readonly hash: string }
    const short = 'JBSWY3DPEHPK3PXP'
    const told = await it.ask('POST', path, {
      body: {
        users: [
          {
            email: 'a@example.com',
            password_hash: hash.hash,
            mfa_factors: [{ totp: { secret } }, { phone: { value: phone } }],
          },
          { email: 'b@example.com', mfa_factors: [{ totp: { secret: short } }, { email: { value: 'b@example.com' } }] },
          { email: 'A@example.com' },
          { email: 'c@example.com', shoe_size: 42 },
          { email: 'd@example.com', mfa_factors: [{ totp: { secret: 'JBSWY3DP' } }] },
          { email: 'e@example.com', mfa_factors: [{ phone: { value: '0555' } }] },
          { email: 'f@example.com', mfa_factors: [{ totp: { secret }, phone: { value: phone } }] },
          { email: 'g@example.com', mfa_factors: [] },
          { email: 'h@example.com', password_hash: '$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g' },
          'nonsense',
        ],
      },
    })
    assert.equal(told.status, 200)
    assert.deepEqual([told.body.created, told.body.failed], [2, 8])
    const results = told.body.results as readonly Readonly<Record<string, unknown>>[]
    assert.deepEqual(
      results.map((one) => one.error ?? one.status),
      [
        'created',
        'created',
        'taken',
        'invalid',
        'mfa_factors_failed',
        'mfa_factors_failed',
        'mfa_factors_failed',
        'mfa_factors_failed',
        'invalid',
        'invalid',
      ],
    )
    assert.deepEqual([results[0]?.weak, results[1]?.weak], [undefined, true])
    const held = items(await it.ask('GET', `/tenants/demo/users/${results[1]?.id}/authenticators`))
    assert.deepEqual(held.map((one) => [one.factor, one.state, one.weak]).sort(), [
      ['email', 'confirmed', false],
      ['totp', 'confirmed', true],
    ])
    assert.equal((await walk(it, '/tenants/demo/users', 100)).rows.length, 2)
    assert.equal(await it.store.count('authenticators', demo), 4)
  })

  it('takes short secrets of authenticators in the words of the configuration too, marked as weak', async () => {
    const it = await api()
    const user = (name: string, key: string) => ({
      email: `${name}@example.com`,
      authenticators: [{ factor: 'totp', secret: key }],
    })
    const users = [
      user('a', 'JBSWY3DPEHPK3PXP'),
      user('b', secret),
      user('c', 'JBSWY3DP'),
      user('d', '!SWY3DPEHPK3PXP!'),
    ]
    const told = await it.ask('POST', path, { body: { users } })
    const results = told.body.results as readonly Readonly<Record<string, unknown>>[]
    assert.deepEqual(
      results.map(({ status, weak }) => [status, weak]),
      [
        ['created', true],
        ['created', undefined],
        ['failed', undefined],
        ['failed', undefined],
      ],
    )
    const [held] = items(await it.ask('GET', `/tenants/demo/users/${results[0]?.id}/authenticators`))
    assert.deepEqual([held?.factor, held?.state, held?.weak], ['totp', 'confirmed', true])
  })

  it('tells where a factor is at fault that only the tenant refuses', async () => {
    const it = await api()
    await it.ask('PATCH', '/tenants/demo', { body: { phone: { countries: ['DE'] } } })
    const users = [
      {
        email: 'a@example.com',
        authenticators: [{ factor: 'totp', secret }],
        mfa_factors: [{ email: { value: 'a@example.com' } }, { phone: { value: phone } }],
      },
    ]
    const told = await it.ask('POST', path, { body: { users } })
    const [result] = told.body.results as readonly { readonly error: string; readonly details: { path: string }[] }[]
    assert.deepEqual([result?.error, result?.details[0]?.path], ['mfa_factors_failed', 'mfa_factors[1].phone_number'])
    assert.equal(await it.store.count('authenticators', demo), 0)
  })

  it('is bounded', async () => {
    const { ask } = await api()
    assert.equal((await ask('POST', path, { body: { users: [] } })).status, 400)
    const many = Array.from({ length: 101 }, (_, n) => ({ username: `user${n}` }))
    assert.equal((await ask('POST', path, { body: { users: many } })).status, 400)
    assert.equal((await ask('POST', path, { body: { users: many.slice(0, 100) } })).body.created, 100)
  })
})

describe('keys', () => {
  it('are listed by their public half and rotated', async () => {
    const it = await api()
    const before = items(await it.ask('GET', '/tenants/demo/keys'))
    assert.deepEqual(before.map((key) => key.state).sort(), ['active', 'next'])
    for (const key of before) {
      assert.deepEqual(Object.keys(key.public_jwk as object).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
    }
    const young = await it.ask('POST', '/tenants/demo/keys/rotate')
    assert.deepEqual([young.body.rotated, (young.body.too_young as unknown[]).length], [[], 1])
    assert.equal((await it.ask('POST', '/tenants/demo/keys/rotate', { body: { force: true } })).status, 400)
    const forced = { force: true, reason: 'key was leaked' }
    const turned = await it.ask('POST', '/tenants/demo/keys/rotate', { body: forced })
    assert.deepEqual(turned.body.rotated, [
      {
        alg: 'RS256',
        active: before.find((key) => key.state === 'next')?.kid,
        retired: before.find((key) => key.state === 'active')?.kid,
      },
    ])
    const after = items(await it.ask('GET', '/tenants/demo/keys'))
    assert.deepEqual(after.map((key) => key.state).sort(), ['active', 'next', 'retired'])
    const [event] = items(await it.ask('GET', '/tenants/demo/events?type=key.rotated'))
    assert.deepEqual([event?.reason, event?.actor], ['key was leaked', 'admin'])
  })
})

describe('events', () => {
  it('come newest first, page by page, and say who did what from where (S-145)', async () => {
    const it = await api()
    for (let n = 0; n < 7; n++) await newUser(it, { username: `user${n}` })
    const { rows, pages } = await walk(it, '/tenants/demo/events', 3)
    assert.equal(pages, 3)
    assert.equal(rows.length, 8)
    assert.deepEqual(
      rows,
      rows.toSorted((a, b) => String(b.id).localeCompare(String(a.id))),
    )
    for (const row of rows) {
      assert.deepEqual([row.actor, row.ip, row.outcome], ['admin', '127.0.0.1', 'success'])
      assert.match(String(row.correlation), /^[0-9a-f-]{36}$/)
    }
  })

  it('have a chain, whose place and keys are shown, and whose key is replaced on demand', async () => {
    const it = await api()
    assert.deepEqual((await it.ask('GET', '/tenants/demo/audit')).body, { seq: 0, from: 1, keys: [] })
    await linkAll(it.parts, asId<TenantId>('demo'))
    const before = (await it.ask('GET', '/tenants/demo/audit')).body
    assert.equal(before.seq, 1)
    const { kid } = (await it.ask('POST', '/tenants/demo/audit/rotate-key')).body
    await linkAll(it.parts, asId<TenantId>('demo'))
    const after = (await it.ask('GET', '/tenants/demo/audit')).body
    assert.equal(after.seq, 2)
    const keys = after.keys as readonly { readonly kid: string; readonly retired_at?: string }[]
    assert.deepEqual(
      keys.map((key) => [key.kid === kid, key.retired_at !== undefined]),
      [
        [false, true],
        [true, false],
      ],
    )
  })

  it('are filtered by type, user, outcome and time', async () => {
    const it = await api()
    const ada = await newUser(it)
    it.pass(60_000)
    const middle = new Date(it.parts.clock.now()).toISOString()
    const bob = await newUser(it, { email: 'bob@example.com' })
    await it.ask('PATCH', `/tenants/demo/users/${ada}`, { body: { name: 'Ada' } })
    const find = async (query: string) =>
      items(await it.ask('GET', `/tenants/demo/events?${query}`)).map((row) => `${row.type} ${row.user ?? ''}`.trim())
    assert.deepEqual(await find('type=user.created'), [`user.created ${bob}`, `user.created ${ada}`])
    assert.deepEqual(await find(`user=${ada}`), [`user.updated ${ada}`, `user.created ${ada}`])
    assert.deepEqual(await find('outcome=failure'), [])
    assert.deepEqual(await find(`from=${middle}`), [`user.updated ${ada}`, `user.created ${bob}`])
    assert.deepEqual(await find(`to=${middle}`), [`user.created ${ada}`, 'admin.change'])
    assert.deepEqual(await find(`from=${middle}&type=user.created`), [`user.created ${bob}`])
    assert.equal((await it.ask('GET', '/tenants/demo/events?from=yesterday')).status, 400)
  })

  it('tell of changes that were refused as well', async () => {
    const it = await api()
    await it.ask('POST', '/tenants/demo/users', { body: { email: 'ada@example.com' } })
    await it.ask('POST', '/tenants/demo/users', { body: { email: 'ada@example.com' } })
    await it.ask('DELETE', '/tenants/demo/users/nobody')
    const failures = items(await it.ask('GET', '/tenants/demo/events?outcome=failure'))
    assert.deepEqual(
      failures.map((one) => [one.type, one.reason, one.details, one.user]),
      [
        ['admin.change', 'not_found', { operation: 'deleteUser' }, 'nobody'],
        ['admin.change', 'conflict', { operation: 'createUser' }, undefined],
      ],
    )
  })

  it('hold no secret, password or code', async () => {
    const it = await api()
    await newUser(it, { email: 'ada@example.com', password, authenticators: [{ factor: 'totp', secret }] })
    const told = await it.ask('GET', '/tenants/demo/events?limit=100')
    for (const word of [password, secret, 'ada@example.com']) assert.ok(!told.text.includes(word), word)
  })
})

describe('another tenant (AC-58, S-139)', () => {
  it('neither shows, changes nor deletes what is not its own: 404 each, as if it never existed', async () => {
    const it = await api()
    await it.ask('POST', '/tenants', { body: { id: 'b' } })
    const user = await newUser(it, { email: 'ada@example.com' })
    const app = await it.ask('POST', `/tenants/demo/users/${user}/authenticators`, { body: { factor: 'totp', secret } })
    await it.ask('POST', '/tenants/demo/applications', { body: { client_id: 'web', type: 'web' } })
    await it.ask('POST', '/tenants/demo/apis', { body: { audience: 'api' } })
    await it.ask('POST', '/tenants/demo/webhooks', { body: { id: 'siem', url: 'https://siem.example/' } })
    const ids: Readonly<Record<string, string>> = {
      tenant: 'b',
      user,
      authenticator: String(app.body.id),
      client_id: 'web',
      audience: 'api',
      webhook: 'siem',
      call: 'e1.siem',
    }
    const bodies: Readonly<Record<string, object>> = {
      createAuthenticator: { factor: 'totp', secret },
      resetAuthenticators: { reason: 'lost phone' },
      createEnrolmentTicket: { reason: 'lost phone' },
    }
    const before = await it.dump()
    const ofOne = operations.filter(({ path }) => /:(user|client_id|audience|webhook)/.test(path))
    assert.ok(ofOne.length >= 14)
    for (const { id, method, path, body } of ofOne) {
      const there = path.replace(/:([a-z_]+)/g, (_, name) => ids[name] ?? '')
      const never = path.replace(/:([a-z_]+)/g, (_, name) => (name === 'tenant' ? 'b' : 'never'))
      const sent = body === undefined ? {} : { body: bodies[id] ?? {} }
      const [told, control] = [await it.ask(method, there, sent), await it.ask(method, never, sent)]
      assert.equal(told.status, 404, id)
      assert.deepEqual({ ...told.body, request_id: '' }, { ...control.body, request_id: '' })
    }
    assert.equal(await it.dump(), before)
    for (const list of ['users', 'applications', 'apis', 'webhooks', 'events?type=user.created']) {
      assert.deepEqual(items(await it.ask('GET', `/tenants/b/${list}`)), [], list)
    }
  })

  it('another user of the same tenant is no way to an authenticator either', async () => {
    const it = await api()
    const ada = await newUser(it, { email: 'ada@example.com', authenticators: [{ factor: 'totp', secret }] })
    const bob = await newUser(it, { email: 'bob@example.com' })
    const [held] = items(await it.ask('GET', `/tenants/demo/users/${ada}/authenticators`))
    assert.equal((await it.ask('DELETE', `/tenants/demo/users/${bob}/authenticators/${held?.id}`)).status, 404)
    assert.equal(await it.store.count('authenticators', demo), 1)
  })

  it('an unknown tenant has nothing, whatever is asked of it', async () => {
    const { ask } = await api()
    for (const { id, method, path, scope, body } of operations.filter((one) => one.scope === 'tenant')) {
      const sent = body === undefined || scope !== 'tenant' ? {} : { body: minimal[id] ?? {} }
      const told = await ask(method, path.replace(/:([a-z_]+)/g, 'never'), sent)
      assert.equal(told.status, 404, id)
    }
  })
})

/** Bodies that pass the schema of a route, for those whose body cannot be empty. */
const minimal: Readonly<Record<string, object>> = {
  createWebhook: { url: 'https://siem.example/' },
  previewMessage: { kind: 'login' },
  createApplication: { type: 'spa' },
  createApi: { audience: 'api' },
  createUser: { username: 'ada' },
  importUsers: { users: [{}] },
  createAuthenticator: { factor: 'totp', secret },
  resetAuthenticators: { reason: 'lost phone' },
  createEnrolmentTicket: { reason: 'lost phone' },
}

describe('secrets (S-14, S-140)', () => {
  it('are shown by no GET of any route, in any spelling, and no hash is', async () => {
    const it = await api()
    const app = await it.ask('POST', '/tenants/demo/applications', { body: { id: 'web', name: 'Web', type: 'web' } })
    const user = await newUser(it, { email: 'ada@example.com', password, authenticators: [{ factor: 'totp', secret }] })
    const recovery = await it.ask('POST', `/tenants/demo/users/${user}/recovery-code`)
    const [row] = await it.store.list('authenticators', demo)
    const bytes = Buffer.from(base32Decode(secret) ?? [])
    const shown = [app.body.client_secret, recovery.body.recovery_code].filter((one) => typeof one === 'string')
    const words = [secret, password, bytes.toString('hex'), bytes.toString('base64'), row?.sealed ?? '-', ...shown]
    assert.ok(words.length >= 6, 'there is something to look for')
    const hash = (await it.store.get('users', demo, user))?.passwordHash
    const params: Readonly<Record<string, string>> = {
      tenant: 'demo',
      user,
      application: 'web',
      authenticator: row?.id ?? '',
    }
    const gets = operations.filter(({ method }) => method === 'GET')
    for (const { path } of gets) {
      const filled = path.replace(/:(\w+)/g, (_all, name: string) => params[name] ?? 'missing')
      const told = await it.ask('GET', filled)
      for (const word of [...words, hash ?? '-'])
        assert.ok(!told.text.includes(word as string), `${path} shows ${word}`)
    }
  })
})

describe('the phone guard', () => {
  const guard = { enabled: true, answered_of: 5, prices: { DE: 0.08 }, monthly_ceilings: { other: 1, DE: 50 } }

  /** Asks for a code to a number of one German range. */
  async function send({ parts, store }: TestApi, index: number, tenantId = demo) {
    const tenant = (await store.get('tenants', tenantId, tenantId)) ?? assert.fail('no tenant')
    const caller = {
      tenant,
      application: someApplication('web'),
      dialect: 'test',
      address: '192.0.2.1',
      userAgent: 'test',
      correlation: 'c',
    }
    return (await startPasswordless(parts, { caller, channel: 'sms', to: `+4915123456${100 + index}` })).no ?? 'sent'
  }

  /** A range nothing is sent to, after six messages of which none was answered. */
  async function stoppedApi(): Promise<TestApi> {
    const it = await api()
    const phone = { blocked_prefixes: ['+1555666'], guard }
    assert.equal((await it.ask('PATCH', '/tenants/demo', { body: { phone } })).status, 200)
    for (let index = 0; index < 6; index += 1) assert.equal(await send(it, index), 'sent')
    it.pass(11 * 60_000)
    assert.equal(await send(it, 7), 'blocked-by-reputation')
    return it
  }

  it('is off in development unless it is switched on, and is shown with its figures', async () => {
    const it = await api()
    const shown = await it.ask('GET', '/tenants/demo')
    assert.deepEqual((shown.body.phone as { guard: unknown }).guard, { enabled: false })
    assert.equal((await it.ask('GET', '/tenants/demo/phone-guard')).body.enabled, false)
    const set = await it.ask('PATCH', '/tenants/demo', { body: { phone: { guard } } })
    assert.deepEqual((set.body.phone as { guard: unknown }).guard, guard)
  })

  it('tells what it stops, what was sent, and what that cost', async () => {
    const it = await stoppedApi()
    const told = await it.ask('GET', '/tenants/demo/phone-guard')
    const now = it.parts.clock.now()
    assert.deepEqual(told.body, {
      enabled: true,
      today: 6,
      blocked_prefixes: ['+1555666'],
      stops: [
        {
          scope: 'prefix',
          of: '+491512345',
          since: new Date(now).toISOString(),
          until: new Date(now + 3_600_000).toISOString(),
          sent: 6,
          answered: 0,
        },
      ],
      ledger: [{ country: 'DE', today: 6, messages: 6, spent: 0.48, ceiling: 50 }],
    })
  })

  it('lifts a stop, which is audited, and only where there is one', async () => {
    const it = await stoppedApi()
    const path = `/tenants/demo/phone-guard/stops/${encodeURIComponent('+491512345')}`
    assert.equal((await it.ask('DELETE', path)).status, 204)
    assert.equal(await send(it, 8), 'sent')
    assert.deepEqual((await it.ask('GET', '/tenants/demo/phone-guard')).body.stops, [])
    assert.equal((await it.ask('DELETE', path)).status, 404)
    const events = items(await it.ask('GET', '/tenants/demo/events?type=phone.sending-resumed'))
    assert.deepEqual(
      events.map(({ actor, details }) => ({ actor, details })),
      [{ actor: 'admin', details: { of: '+491512345' } }],
    )
    const alarms = items(await it.ask('GET', '/tenants/demo/events?type=phone.sending-stopped'))
    assert.equal(alarms.length, 1)
  })

  it('of one tenant says nothing of another, and stops nothing there (AC-58)', async () => {
    const it = await stoppedApi()
    const other = asId<TenantId>('other')
    await it.ask('POST', '/tenants', { body: { id: 'other', phone: { guard } } })
    const told = await it.ask('GET', '/tenants/other/phone-guard')
    assert.deepEqual([told.body.stops, told.body.ledger, told.body.today], [[], [], 0])
    const path = `/tenants/other/phone-guard/stops/${encodeURIComponent('+491512345')}`
    assert.equal((await it.ask('DELETE', path)).status, 404)
    assert.equal(await send(it, 9, other), 'sent')
    assert.equal(await send(it, 9), 'blocked-by-reputation')
  })

  it('takes only figures it can hold', async () => {
    const it = await api()
    for (const wrong of [
      { per_prefix_hour: -1 },
      { per_number_day: 1_000 },
      { prices: { Germany: 1 } },
      { monthly_ceilings: { DE: -5 } },
      { stop_seconds: 0 },
      { perPrefixHour: 20 },
    ]) {
      const told = await it.ask('PATCH', '/tenants/demo', { body: { phone: { guard: wrong } } })
      assert.equal(told.status, 400, JSON.stringify(wrong))
    }
  })
})

describe('messages', () => {
  it('are listed with what became of them, and neither with their text nor whom they are for', async () => {
    const it = await api()
    const message = {
      ...{ tenant: demo, id: 'm1', at: 1, channel: 'sms', purpose: 'login', state: 'sent', attempts: 2, sentAt: 5 },
      ...{ sealed: it.parts.keyring.seal('{}', ['message', demo, 'm1']), by: 'vonage' },
      receipt: { status: 'delivered', by: 'vonage', at: 7 },
    } as const
    await it.store.change({}, () => ({ result: undefined, writes: [insert('messages', message as Message)] }))
    const at = (ms: number) => new Date(ms).toISOString()
    assert.deepEqual(items(await it.ask('GET', '/tenants/demo/messages')), [
      {
        ...{ id: 'm1', at: at(1), channel: 'sms', purpose: 'login', state: 'sent', attempts: 2, sent_at: at(5) },
        ...{ provider: 'vonage', receipt: { status: 'delivered', provider: 'vonage', at: at(7) } },
      },
    ])
  })
})

describe('webhooks', () => {
  const asked = { url: 'https://siem.example/events', events: ['factor.*', 'login.granted'] }
  const event = { tenant: demo, id: 'e1', at: 1, type: 'login.granted', outcome: 'success', actor: 'user' } as const

  it('are made with a secret that is shown once, changed, given a new secret, and removed', async () => {
    const it = await api()
    const made = (await it.ask('POST', '/tenants/demo/webhooks', { body: { id: 'siem', ...asked } })).body
    assert.match(String(made.secret), /^whsec_[A-Za-z0-9+/]{43}=$/)
    const shown = (await it.ask('GET', '/tenants/demo/webhooks/siem')).body
    assert.deepEqual([shown.url, shown.events, shown.enabled, shown.secret], [asked.url, asked.events, true, undefined])
    assert.equal(items(await it.ask('GET', '/tenants/demo/webhooks')).length, 1)
    assert.equal((await it.ask('POST', '/tenants/demo/webhooks', { body: { id: 'siem', ...asked } })).status, 409)
    const off = (await it.ask('PATCH', '/tenants/demo/webhooks/siem', { body: { enabled: false } })).body
    assert.deepEqual([off.enabled, off.events], [false, asked.events])
    const secret = (await it.ask('POST', '/tenants/demo/webhooks/siem/rotate-secret')).body.secret
    assert.notEqual(secret, made.secret)
    const row = await it.store.get('webhooks', demo, 'siem')
    assert.ok(row)
    const now = it.parts.clock.now()
    assert.deepEqual(secretsOf(it.parts, row, now), [secret, made.secret])
    assert.deepEqual(secretsOf(it.parts, row, now + 86_400_000), [secret])
    assert.doesNotMatch(JSON.stringify(row), new RegExp(String(secret).slice(6, 20)))
    assert.equal((await it.ask('DELETE', '/tenants/demo/webhooks/siem')).status, 204)
    assert.equal((await it.ask('GET', '/tenants/demo/webhooks/siem')).status, 404)
  })

  it('refuse addresses without https and names that are none', async () => {
    const it = await api()
    for (const wrong of [{ url: 'http://siem.example/' }, { url: 'siem' }, { events: ['x y'] }, { events: [] }]) {
      const told = await it.ask('POST', '/tenants/demo/webhooks', { body: { ...asked, ...wrong } })
      assert.equal(told.status, 400, JSON.stringify(wrong))
    }
  })

  it('show their calls, dead ones too, and send one again under its id', async () => {
    const it = await api()
    await it.ask('POST', '/tenants/demo/webhooks', { body: { id: 'siem', ...asked } })
    await it.store.change({}, () => ({ result: undefined, writes: [insert('events', event)] }))
    await linkAll({ ...it.parts, onLinked: (tenant, ids) => callsFor(it.parts, tenant, ids) }, demo)
    const calls = '/tenants/demo/webhooks/siem/calls'
    const [call] = items(await it.ask('GET', calls))
    assert.deepEqual([call?.id, call?.type, call?.state], ['e1.siem', 'login.granted', 'queued'])
    assert.equal((await it.ask('POST', `${calls}/e1.siem/redeliver`)).status, 409)
    const found = await it.store.get('webhook_calls', demo, 'e1.siem')
    const dead = { ...found, state: 'dead', attempts: 10, error: 'receiver answered 500', expiresAt: 9e12 }
    await it.store.change({}, () => ({ result: undefined, writes: [upsert('webhook_calls', dead as never)] }))
    assert.equal(items(await it.ask('GET', `${calls}?state=delivered`)).length, 0)
    assert.equal(items(await it.ask('GET', `${calls}?state=dead`))[0]?.error, 'receiver answered 500')
    const again = (await it.ask('POST', `${calls}/e1.siem/redeliver`)).body
    assert.deepEqual([again.id, again.state, again.attempts, again.error], ['e1.siem', 'queued', 0, undefined])
    assert.equal((await it.ask('POST', `${calls}/other/redeliver`)).status, 404)
  })
})

describe('risk', () => {
  const rule = { on_high: 'refuse', bad_addresses: ['203.0.113.0/24'], signals_off: ['unusual_hour'], keep_days: 30 }
  const smart = { mfa: { mode: 'SMART' }, risk: rule }

  /** A login with the right password from an address. */
  async function logIn({ parts, store }: TestApi, user: string, address: string) {
    const tenant = await store.get('tenants', demo, demo)
    assert(tenant)
    const from = { dialect: 'test', address, userAgent: 'an app', correlation: 'r1' }
    return await admit(parts, {
      caller: { tenant, application: someApplication('web'), ...from },
      user: asId<UserId>(user),
      proofs: [{ factor: 'password', channel: 'password', at: parts.clock.now() }],
      wish: { dialect: 'test', grantType: 'password', scope: [] },
      issue: nothingToIssue,
    })
  }

  it('settings are taken as the file has them, shown as they were set, and removed by null', async () => {
    const { ask } = await api()
    const told = await ask('PATCH', '/tenants/demo', { body: smart })
    assert.equal(told.status, 200, told.text)
    assert.deepEqual(told.body.risk, rule)
    for (const wrong of [{ keep_days: 181 }, { thresholds: { ask: 2, high: 1 } }, { signals_off: ['weather'] }]) {
      assert.equal((await ask('PATCH', '/tenants/demo', { body: { risk: wrong } })).status, 400)
    }
    assert.equal((await ask('PATCH', '/tenants/demo', { body: { risk: null } })).body.risk, undefined)
  })

  it('says why a user was asked, and what would have changed it (S-101)', async () => {
    const it = await api()
    await it.ask('PATCH', '/tenants/demo', { body: smart })
    const id = await newUser(it)
    await logIn(it, id, '192.0.2.1')
    await logIn(it, id, '203.0.113.7')
    const path = `/tenants/demo/users/${id}/risk-decisions`
    const { rows } = await walk(it, path, 1)
    assert.deepEqual(
      rows.map((row) => [row.level, row.outcome, (row.findings as { rule: string }[]).map((one) => one.rule)]),
      [
        ['high', 'refused', ['no_history', 'bad_address']],
        ['medium', 'asked', ['no_history']],
      ],
    )
    assert.deepEqual(rows[1]?.unless, [
      { what: 'earlier-login', count: 1, text: 'the user had logged in like this once before' },
    ])
    assert.ok(!JSON.stringify(rows).includes('203.0.113.7'))
    assert.equal((await it.ask('GET', '/tenants/demo/users/nobody/risk-decisions')).status, 404)
    assert.equal((await it.ask('DELETE', path)).status, 204)
    assert.deepEqual(items(await it.ask('GET', path)), [])
    assert.equal((await it.ask('DELETE', '/tenants/demo/users/nobody/risk-decisions')).status, 404)
  })

  it('replays a draft over what was recorded; more of it in routes/risk-simulation.test.ts', async () => {
    const it = await api()
    const told = await it.ask('POST', '/tenants/demo/risk/simulations', { body: { mfa: { mode: 'ALWAYS' } } })
    assert.deepEqual([told.status, told.body.logins], [200, 0], told.text)
  })
})

describe('health', () => {
  it('says what the server can do', async () => {
    const { ask } = await api()
    const told = await ask('GET', '/health')
    assert.deepEqual([told.body.status, told.body.tenants], ['ok', 1])
    assert.ok((told.body.factors as string[]).includes('totp'))
  })
})

after(() => {
  const missing = operations.filter(({ id }) => !seen.has(id)).map(({ id }) => id)
  assert.deepEqual(missing, [], 'these were never seen to answer as they declare')
})
