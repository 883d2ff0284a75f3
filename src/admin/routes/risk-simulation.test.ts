import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { engineVersion } from '#engine/risk/settings.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { RiskDecision } from '#model/risk.ts'
import { insert } from '#ports/store.ts'
import { type TestApi, testApi } from '../testing/api.ts'

const demo = asId<TenantId>('demo')
const path = '/tenants/demo/risk/simulations'
const now = Date.UTC(2026, 10, 1)
const hour = 3_600_000

/** A tenant with one application, a user with an authenticator app and one with nothing. */
async function world() {
  const api = await testApi()
  await api.ask('POST', '/tenants', {
    body: { id: 'demo', name: 'Demo', domains: ['localhost'], factors: ['totp', 'webauthn'] },
  })
  await api.ask('POST', '/tenants/demo/applications', {
    body: { client_id: 'web', type: 'spa', redirect_uris: ['http://localhost:1/'] },
  })
  const user = async (body: object) => String((await api.ask('POST', '/tenants/demo/users', { body })).body.id)
  const ada = await user({
    email: 'ada@example.com',
    authenticators: [{ factor: 'totp', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }],
  })
  const bea = await user({ email: 'bea@example.com' })
  return { ...api, ada, bea }
}

/** A recorded login: usual, or with a score above every threshold. */
async function login(
  { store }: TestApi,
  user: string,
  hoursAgo: number,
  odd = false,
  over: Partial<RiskDecision> = {},
) {
  const at = now - hoursAgo * hour
  const user20 = odd ? [0, 0, 0] : [16, 18, 20]
  const decision = {
    tenant: demo,
    id: `${at.toString(16).padStart(12, '0')}0001${'x'.repeat(10)}`,
    user: asId(user),
    at,
    client: 'web',
    dialect: 'hosted',
    level: odd ? 'medium' : 'low',
    findings: [],
    unless: [],
    outcome: odd ? 'asked' : 'passed',
    engine: engineVersion,
    rule: {},
    correlation: 'r',
    situation: {
      now: at,
      logins: 10_000,
      users: 500,
      ownLogins: 20,
      network: {
        global: [20, 3_000, 9_000],
        user: user20,
        distinct: 71,
        address: 'a',
        country: 'NO',
        asn: 1,
        bad: false,
      },
      agent: {
        global: [200, 900, 2_500, 6_000],
        user: [12, 14, 20, 20],
        distinct: 165,
        text: 'b',
        browser: 'F',
        system: 'L',
        device: 'd',
      },
      hours: [],
      failures: { user: 0, accounts: 0 },
      thresholds: { ask: 0.4, high: 8 },
    },
    ...over,
  } as RiskDecision
  await store.change({}, () => ({ result: undefined, writes: [insert('risk_decisions', decision)] }))
}

const fates = (passed: number, asked: number, blocked: number, stranded: number) => ({
  passed,
  asked,
  blocked,
  stranded,
})

describe('POST /tenants/:tenant/risk/simulations', () => {
  it('says who would have been asked, and who left without any factor, worst first', async () => {
    const it = await world()
    await login(it, it.ada, 3)
    await login(it, it.ada, 2, true)
    await login(it, it.bea, 1)
    const told = await it.ask('POST', path, { body: { mfa: { mode: 'ALWAYS' } } })
    assert.equal(told.status, 200, told.text)
    const { recorded, simulated, affected, newly_asked, newly_passed, users } = told.body
    assert.deepEqual(recorded, { passed: 2, asked: 1, refused: 0 })
    assert.deepEqual(simulated, fates(0, 2, 0, 1))
    assert.deepEqual(affected, { asked: 1, blocked: 0, stranded: 1 })
    assert.deepEqual([newly_asked, newly_passed], [2, 0])
    assert.deepEqual(users, [
      { user: it.bea, logins: 1, fates: fates(0, 0, 0, 1), factors: [] },
      { user: it.ada, logins: 2, fates: fates(0, 2, 0, 0), factors: ['totp'] },
    ])
  })

  it('takes mode, thresholds, signals and allowed factors of the draft', async () => {
    const it = await world()
    await login(it, it.ada, 2)
    await login(it, it.ada, 1, true)
    const would = async (body: object) => (await it.ask('POST', path, { body })).body.simulated
    const smart = { mode: 'SMART' }
    assert.deepEqual(await would({ mfa: smart }), fates(1, 1, 0, 0))
    assert.deepEqual(await would({ mfa: smart, risk: { thresholds: { ask: 0.0001, high: 100 } } }), fates(0, 2, 0, 0))
    assert.deepEqual(
      await would({ mfa: smart, risk: { signals_off: ['likelihood', 'new_country'] } }),
      fates(2, 0, 0, 0),
    )
    assert.deepEqual(await would({ mfa: { ...smart, allowed_factors: ['webauthn'] } }), fates(1, 0, 0, 1))
    const refusing = { thresholds: { ask: 0.1, high: 0.2 }, on_high: 'refuse' }
    assert.deepEqual(await would({ mfa: smart, risk: refusing }), fates(1, 0, 1, 0))
  })

  it('looks at the span, the application and the number it is told', async () => {
    const it = await world()
    for (const hoursAgo of [1, 2, 3, 24 * 40]) await login(it, it.ada, hoursAgo)
    const told = async (body: object) => (await it.ask('POST', path, { body })).body
    assert.deepEqual([(await told({})).logins, (await told({})).truncated], [3, false])
    const two = await told({ logins: 2, users: 0 })
    assert.deepEqual([two.logins, two.truncated, two.users], [2, true, []])
    const moment = (hoursAgo: number) => new Date(now - hoursAgo * hour).toISOString()
    assert.equal((await told({ from: moment(24 * 50), to: moment(2) })).logins, 2)
    assert.equal((await told({ client_id: 'other' })).logins, 0)
  })

  it('changes nothing, and refuses a draft that no policy could be', async () => {
    const it = await world()
    await login(it, it.ada, 1)
    const before = await it.dump()
    assert.equal((await it.ask('POST', path)).status, 200)
    assert.equal(await it.dump(), before)
    for (const body of [
      { mfa: { mode: 'SOMETIMES' } },
      { risk: { signals_off: ['moon'] } },
      { draft: 1 },
      { logins: 0 },
    ]) {
      assert.equal((await it.ask('POST', path, { body })).status, 400, JSON.stringify(body))
    }
    const backwards = { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }
    assert.equal((await it.ask('POST', path, { body: backwards })).status, 400)
  })
})
