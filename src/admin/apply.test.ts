import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { demoConfig, demoPassword, demoTotpSecret } from '#config/demo.ts'
import { type ConfigInput, configSchema } from '#config/schema.ts'
import { base32Decode } from '#crypto/base32.ts'
import { tokenDigest } from '#crypto/digest.ts'
import { findByEmail } from '#engine/accounts/find.ts'
import { factorTools, openSecret, sealContext } from '#engine/tools.ts'
import { asId, type TenantId } from '#model/ids.ts'
import { applyConfig, phoneRule } from './apply.ts'
import { testParts } from './testing/world.ts'

const demo = asId<TenantId>('demo')
const parse = (input: ConfigInput) => configSchema.parse(input)
const config = parse(demoConfig('https://localhost:3443'))

type UserInput = NonNullable<ConfigInput['tenants'][number]['users']>[number]
const ada: UserInput = { email: 'ada@example.com', username: 'ada', password: demoPassword }
const withUser = (user: UserInput, tenant: Partial<ConfigInput['tenants'][number]> = {}) =>
  parse({ development: true, tenants: [{ id: 'demo', ...tenant, users: [user] }] })

describe('applying a configuration', () => {
  it('creates what the file names, in the words of the model', async () => {
    const { parts, store } = await testParts()
    const applied = await applyConfig(parts, config)
    assert.deepEqual({ updated: applied.updated, unchanged: applied.unchanged }, { updated: 0, unchanged: 0 })
    const tenant = await store.get('tenants', demo, 'demo')
    assert.deepEqual([tenant?.name, tenant?.domains, tenant?.mfa], ['Demo', ['localhost'], { mode: 'OFF' }])
    assert.equal(tenant?.phone.countries, undefined)
    const web = await store.get('applications', demo, 'demo-web')
    assert.deepEqual(web?.secretDigests, [tokenDigest('demo-web-secret-for-development-only')])
    assert.ok(web?.grantTypes.includes('http://auth0.com/oauth/grant-type/mfa-otp'))
    const spa = await store.get('applications', demo, 'demo-spa')
    assert.deepEqual([spa?.authMethod, spa?.secretDigests, spa?.mfa], ['none', [], { mode: 'ALWAYS' }])
    assert.equal((await store.get('apis', demo, 'https://api.example.com'))?.accessTokenLifetime, 86_400)
  })

  it('applied twice changes nothing: no row, no event, no message', async () => {
    const { parts, store, dump, pass } = await testParts()
    const first = await applyConfig(parts, config)
    const before = await dump()
    const events = await store.count('events', demo)
    pass(60_000)
    assert.deepEqual(await applyConfig(parts, config), { created: 0, updated: 0, unchanged: first.created })
    assert.equal(await dump(), before)
    assert.equal(await store.count('events', demo), events)
  })

  it('two processes that apply one file at once agree', async () => {
    const { parts, store } = await testParts()
    await Promise.all([applyConfig(parts, config), applyConfig(parts, config)])
    assert.equal(await store.count('users', demo), 2)
    assert.equal(await store.count('authenticators', demo), 1)
  })

  it('keeps no password, secret or code in the clear (S-34, S-35, S-36)', async () => {
    const { parts, dump } = await testParts()
    const code = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
    await applyConfig(parts, config)
    await applyConfig(parts, withUser({ ...ada, authenticators: [{ factor: 'recovery_code', code }] }))
    const text = await dump()
    for (const secret of [demoPassword, demoTotpSecret, 'demo-web-secret-for-development-only', code]) {
      assert.ok(!text.includes(secret), `${secret.slice(0, 4)}… is stored as it is`)
    }
  })

  it('gives a user an authenticator app that works and a saved code that works', async () => {
    const { parts, store } = await testParts()
    const code = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
    const authenticators = [
      { factor: 'totp', secret: demoTotpSecret },
      { factor: 'recovery_code', code },
    ] as const
    await applyConfig(parts, withUser({ ...ada, authenticators: [...authenticators] }))
    const held = await store.list('authenticators', demo)
    const [app, saved] = ['totp', 'recovery_code'].map((kind) => held.find((one) => one.factor === kind))
    assert.ok(app && saved)
    assert.equal(app.state, 'confirmed')
    assert.deepEqual(new Uint8Array(openSecret(parts, app) ?? []), base32Decode(demoTotpSecret))
    const tools = factorTools(parts, sealContext(saved))
    const factor = parts.factors.get('recovery_code')
    assert.equal(factor?.check({ memory: saved.memory, proof: code }, tools).is, 'right')
    assert.equal(factor?.check({ memory: saved.memory, proof: 'A'.repeat(24) }, tools).is, 'wrong')
  })

  it('does not bring a spent saved code back', async () => {
    const { parts, store } = await testParts()
    const code = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
    const file = withUser({ ...ada, authenticators: [{ factor: 'recovery_code', code }] })
    await applyConfig(parts, file)
    const [saved] = await store.list('authenticators', demo)
    assert.ok(saved)
    const spent = { ...saved, memory: { mac: 'another' } }
    await store.change({}, () => ({
      result: undefined,
      writes: [{ do: 'upsert', table: 'authenticators', row: spent }],
    }))
    await applyConfig(parts, file)
    assert.deepEqual(await store.list('authenticators', demo), [spent])
  })

  it('updates what differs and leaves alone what the file does not name', async () => {
    const { parts, store } = await testParts()
    await applyConfig(parts, withUser({ ...ada, name: 'Ada', email_verified: true }, { mfa: { mode: 'ALWAYS' } }))
    const before = await findByEmail(store, demo, 'ada@example.com')
    const applied = await applyConfig(parts, withUser({ ...ada, nickname: 'Countess' }))
    assert.deepEqual(applied, { created: 0, updated: 1, unchanged: 1 })
    const after = await findByEmail(store, demo, 'ADA@example.com')
    assert.deepEqual([after?.name, after?.nickname, after?.emailVerified], ['Ada', 'Countess', true])
    assert.equal(after?.passwordHash, before?.passwordHash)
    assert.deepEqual((await store.get('tenants', demo, 'demo'))?.mfa, { mode: 'ALWAYS' })
  })

  it('sets a password that differs and says so to the user', async () => {
    const { parts, store } = await testParts()
    await applyConfig(parts, withUser({ ...ada, email_verified: true }))
    await applyConfig(parts, withUser({ ...ada, password: 'a different passphrase' }))
    const user = await findByEmail(store, demo, 'ada@example.com')
    const checked = await parts.passwords.verify('a different passphrase', user?.passwordHash ?? '')
    assert.ok(checked.kind === 'checked' && checked.ok)
    const messages = await store.list('messages', demo)
    assert.deepEqual(
      messages.map((one) => one.purpose),
      ['notice'],
    )
  })

  it('does not undo the re-hash of an imported password', async () => {
    const { parts, store } = await testParts()
    const bcrypt = '$2b$04$abcdefghijklmnopqrstuuQ6cQv0zB8RzT9vZJ3gQ1Yw0p5JmXv3C'
    const file = withUser({ email: 'ada@example.com', password_hash: bcrypt })
    await applyConfig(parts, file)
    const user = await findByEmail(store, demo, 'ada@example.com')
    assert.ok(user)
    assert.equal(user.passwordHash, bcrypt)
    const rehashed = { ...user, passwordHash: '$argon2id$another' }
    await store.change({}, () => ({ result: undefined, writes: [{ do: 'upsert', table: 'users', row: rehashed }] }))
    assert.deepEqual(await applyConfig(parts, file), { created: 0, updated: 0, unchanged: 2 })
    assert.deepEqual(await findByEmail(store, demo, 'ada@example.com'), rehashed)
  })

  it('guards messages to phones outside development unless it is told not to', () => {
    const bare = { blocked_prefixes: [], strict: false }
    assert.deepEqual(phoneRule(bare, false).guard, { enabled: true })
    assert.deepEqual(phoneRule(bare, true).guard, { enabled: false })
    assert.deepEqual(phoneRule({ ...bare, guard: { enabled: false } }, false).guard, { enabled: false })
    const figures = { per_prefix_hour: 5, prices: { DE: 0.08 } }
    assert.deepEqual(phoneRule({ ...bare, guard: figures }, false).guard, {
      enabled: true,
      perPrefixHour: 5,
      prices: { DE: 0.08 },
    })
  })

  it('sends to no country outside development unless it is named', async () => {
    const { parts, store } = await testParts()
    await applyConfig(parts, parse({ public_url: 'https://id.example', tenants: [{ id: 'demo' }] }))
    assert.deepEqual((await store.get('tenants', demo, 'demo'))?.phone.countries, [])
  })

  it('refuses what contradicts the store, naming the place and the mend', async () => {
    const { parts } = await testParts()
    await applyConfig(parts, withUser(ada))
    const taken = withUser({ email: 'other@example.com', username: 'Ada' })
    await assert.rejects(applyConfig(parts, taken), {
      name: 'ConfigRefused',
      key: 'tenants[0].users[0].username',
      mend: 'Use another, or correct it',
    })
    const blocked = withUser(
      { email: 'b@example.com', authenticators: [{ factor: 'sms', phone_number: '+15555550100' }] },
      { phone: { countries: ['DE'] } },
    )
    await assert.rejects(applyConfig(parts, blocked), { key: 'tenants[0].users[0].authenticators[0].phone_number' })
  })
})
