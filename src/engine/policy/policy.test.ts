import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { factorMap } from '#factors/index.ts'
import type { Authenticator, AuthenticatorState } from '#model/authenticator.ts'
import { type AuthenticatorId, asId, type UserId } from '#model/ids.ts'
import type { MfaMode, MfaRule } from '#model/policy.ts'
import type { Proof } from '#model/proof.ts'
import type { RiskLevel } from '#model/risk.ts'
import type { User } from '#model/user.ts'
import { openWorld, someApplication, someTenant, someWish, tenantId } from '#test/support/world.ts'
import { type Judgement, judge } from './index.ts'
import type { Situation } from './situation.ts'

const factors = factorMap()
const now = 10_000_000
const password: Proof = { factor: 'password', channel: 'password', at: now }
const user: User = {
  tenant: tenantId,
  id: asId<UserId>('ada'),
  emailVerified: true,
  phoneVerified: false,
  mfaEnabled: false,
  blocked: false,
  createdAt: 0,
  updatedAt: 0,
  loginCount: 0,
}
const targets: Readonly<Record<string, string>> = { sms: '+15555550101', voice: '+15555550101', email: 'a@example.com' }
const owning = (factor: string, state: AuthenticatorState = 'confirmed'): Authenticator => ({
  tenant: tenantId,
  id: asId<AuthenticatorId>(factor),
  user: user.id,
  factor,
  state,
  target: targets[factor],
  failures: 0,
  createdAt: 0,
})

interface Row {
  readonly tenant?: MfaRule
  readonly application?: MfaRule
  readonly mfaEnabled?: boolean
  readonly has?: readonly (string | readonly [factor: string, state: AuthenticatorState])[]
  readonly proofs?: readonly Proof[]
  readonly lastMfaHere?: number
  readonly managesFactors?: boolean
  readonly factors?: readonly string[]
  readonly risk?: RiskLevel
  readonly trustedDevice?: boolean
  readonly secondFactor?: boolean
}

function situation(row: Row): Situation {
  return {
    tenant: someTenant({ mfa: row.tenant, ...(row.factors && { factors: row.factors }) }),
    application: someApplication('web', { mfa: row.application }),
    user: { ...user, mfaEnabled: row.mfaEnabled ?? false },
    authenticators: (row.has ?? []).map((it) => (typeof it === 'string' ? owning(it) : owning(...it))),
    proofs: row.proofs ?? [password],
    wish: { ...someWish, managesFactors: row.managesFactors, secondFactor: row.secondFactor },
    now,
    lastMfaHere: row.lastMfaHere,
    risk: row.risk,
    trustedDevice: row.trustedDevice,
    factors,
  }
}

const mode = (it: MfaMode, seconds?: number): MfaRule => ({ mode: it, timeBasedSeconds: seconds })

function said(judged: Judgement): string {
  if (judged.met) return 'met'
  if ('refuse' in judged) return judged.refuse.no
  const { challenge, enrol } = judged.require
  return challenge ? `challenge ${challenge.join(' ')}` : `enrol ${enrol?.join(' ')}`
}

test('operating.md §6.13: tenant × application × user decide whether a second factor is asked for', () => {
  const modes = [undefined, 'OFF', 'ALWAYS', 'SMART', 'TIME_BASED', 'SMART_PLUS_TIME_BASED'] as const
  for (const tenant of modes) {
    for (const application of modes) {
      for (const mfaEnabled of [false, true]) {
        for (const enrolled of [false, true]) {
          const rule = application ?? tenant
          const byRule = rule === undefined ? enrolled : rule !== 'OFF'
          const asked = mfaEnabled || tenant === 'ALWAYS' || byRule
          const row: Row = {
            tenant: tenant && mode(tenant, 60),
            application: application && mode(application, 60),
            mfaEnabled,
            has: enrolled ? ['totp'] : [],
          }
          const expected = !asked ? 'met' : enrolled ? 'challenge totp' : 'enrol totp sms voice email'
          const name = `tenant ${tenant}, application ${application}, user ${mfaEnabled}, enrolled ${enrolled}`
          assert.equal(said(judge(situation(row))), expected, name)
          if (!enrolled) continue
          const proofs = [password, { factor: 'totp', channel: 'authenticator:totp', at: now }]
          assert.equal(said(judge(situation({ ...row, proofs }))), 'met', `${name}, proved`)
        }
      }
    }
  }
})

test('TIME_BASED asks again once the last second factor from this device is older than the interval, or never was', () => {
  const rule = mode('TIME_BASED', 60)
  const asked = (lastMfaHere?: number) => said(judge(situation({ application: rule, has: ['totp'], lastMfaHere })))
  assert.equal(asked(undefined), 'challenge totp')
  assert.equal(asked(now - 60_000), 'met')
  assert.equal(asked(now - 60_001), 'challenge totp')
})

test('S-48: the mark of TIME_BASED lowers nothing that tenant, user or a factor change ask for', () => {
  const fresh = { application: mode('TIME_BASED', 60), has: ['totp'], lastMfaHere: now }
  assert.equal(said(judge(situation(fresh))), 'met')
  for (const row of [{ mfaEnabled: true }, { tenant: mode('ALWAYS') }, { managesFactors: true }]) {
    assert.equal(said(judge(situation({ ...fresh, ...row }))), 'challenge totp', JSON.stringify(row))
  }
})

test('S-97: where risk was not judged, SMART asks every time, mark or no mark', () => {
  for (const it of ['SMART', 'SMART_PLUS_TIME_BASED'] as const) {
    assert.equal(said(judge(situation({ tenant: mode(it, 60), has: ['totp'], lastMfaHere: now }))), 'challenge totp')
  }
})

test('S-97: risk only adds proof, whatever tenant, application, user and request ask for', () => {
  const modes = fc.constantFrom<MfaMode | undefined>(
    undefined,
    'OFF',
    'ALWAYS',
    'SMART',
    'TIME_BASED',
    'SMART_PLUS_TIME_BASED',
  )
  const rows = fc.record({
    tenant: modes,
    application: modes,
    mfaEnabled: fc.boolean(),
    managesFactors: fc.boolean(),
    secondFactor: fc.boolean(),
    trustedDevice: fc.boolean(),
    here: fc.boolean(),
    enrolled: fc.boolean(),
  })
  fc.assert(
    fc.property(rows, ({ tenant, application, here, enrolled, ...row }) => {
      const judged = (risk: RiskLevel | undefined) =>
        said(
          judge(
            situation({
              ...row,
              tenant: tenant && mode(tenant, 60),
              application: application && mode(application, 60),
              lastMfaHere: here ? now : undefined,
              has: enrolled ? ['totp'] : [],
              risk,
            }),
          ),
        )
      const rule = application ?? tenant
      const asked = (it: string) => it !== 'met'
      // What is asked without SMART is asked at every level, and the higher level asks whatever the lower one asks.
      const floor = row.mfaEnabled || tenant === 'ALWAYS' ? !row.trustedDevice || row.mfaEnabled : false
      if (floor || row.secondFactor)
        for (const it of ['low', 'medium', 'high'] as const) assert.ok(asked(judged(it)), it)
      if (asked(judged('low'))) assert.ok(asked(judged('medium')))
      if (asked(judged('medium'))) assert.ok(asked(judged('high')))
      if (rule?.startsWith('SMART'))
        assert.ok(asked(judged('high')), 'a remembered device is worth nothing then (S-48)')
      if (!rule?.startsWith('SMART')) assert.equal(judged(undefined), judged('low'))
    }),
    { numRuns: 1_000 },
  )
})

test('SMART: low risk is not asked; TIME_BASED beside it still is', () => {
  const rows: readonly [MfaMode, RiskLevel, lastMfaHere: number | undefined, string][] = [
    ['SMART', 'low', undefined, 'met'],
    ['SMART', 'medium', now, 'challenge totp'],
    ['SMART_PLUS_TIME_BASED', 'low', now, 'met'],
    ['SMART_PLUS_TIME_BASED', 'low', now - 60_001, 'challenge totp'],
    ['SMART_PLUS_TIME_BASED', 'medium', now, 'challenge totp'],
  ]
  for (const [it, risk, lastMfaHere, expected] of rows) {
    assert.equal(
      said(judge(situation({ tenant: mode(it, 60), has: ['totp'], lastMfaHere, risk }))),
      expected,
      `${it} ${risk}`,
    )
  }
})

test('what is asked for depends on what the user has and what the rule allows', () => {
  const always = mode('ALWAYS')
  const only = (...allowedFactors: string[]): MfaRule => ({ ...always, allowedFactors })
  const table: readonly [row: Row, expected: string][] = [
    [{ tenant: always, has: ['sms'] }, 'challenge sms voice'],
    [{ tenant: always, has: ['email', 'sms', 'totp'] }, 'challenge totp sms voice email'],
    [{ tenant: always, has: ['totp', 'recovery_code'] }, 'challenge totp recovery_code'],
    [{ tenant: always, has: ['recovery_code'] }, 'enrol totp sms voice email'],
    [{ tenant: only('totp'), has: [] }, 'enrol totp'],
    [{ tenant: only('totp'), has: ['sms'] }, 'challenge sms voice'],
    [{ tenant: only('totp'), has: ['sms', 'totp'] }, 'challenge totp'],
    [{ tenant: only('totp'), application: only('sms'), has: ['sms', 'totp'] }, 'challenge sms'],
    [{ tenant: only('totp'), application: always, has: ['sms', 'totp'] }, 'challenge totp'],
    [{ tenant: always, has: ['totp'], factors: ['password', 'sms'] }, 'no-factor-available'],
    [{ tenant: always, has: [], factors: ['password'] }, 'no-factor-available'],
    [{ tenant: always, has: ['sms'], factors: ['password', 'voice'] }, 'challenge voice'],
    [{ tenant: always, has: [['totp', 'pending']] }, 'enrol totp sms voice email'],
  ]
  for (const [row, expected] of table) assert.equal(said(judge(situation(row))), expected, JSON.stringify(row))
})

test('S-18, S-56: a disabled factor is no way in, and no way out of being asked', () => {
  const disabled = ['totp', 'disabled'] as const
  for (const tenant of [undefined, mode('ALWAYS')]) {
    assert.equal(said(judge(situation({ tenant, has: [disabled] }))), 'no-factor-available')
    assert.equal(said(judge(situation({ tenant, has: [disabled, 'sms'] }))), 'challenge sms voice')
    assert.equal(said(judge(situation({ tenant, has: [disabled, 'recovery_code'] }))), 'challenge recovery_code')
    assert.equal(said(judge(situation({ tenant, has: [disabled], managesFactors: true }))), 'no-factor-available')
  }
})

test('the first proof never counts as the second, nor does its channel in another dress', () => {
  const tenant = mode('ALWAYS')
  const sms: Proof = { factor: 'sms', channel: 'phone:+15555550101', at: now }
  const voice: Proof = { ...sms, factor: 'voice' }
  const totp: Proof = { factor: 'totp', channel: 'authenticator:totp', at: now }
  const has = ['sms', 'totp']
  assert.equal(said(judge(situation({ tenant, has, proofs: [sms] }))), 'challenge totp')
  assert.equal(said(judge(situation({ tenant, has, proofs: [sms, voice] }))), 'challenge totp')
  assert.equal(said(judge(situation({ tenant, has, proofs: [sms, password] }))), 'challenge totp')
  assert.equal(said(judge(situation({ tenant, has, proofs: [sms, totp] }))), 'met')
})

test('S-46, S-62, S-63: what a token needs that changes factors', () => {
  const proved = (factor: string, channel: string, secondsAgo = 0): readonly Proof[] => [
    password,
    { factor, channel, at: now - secondsAgo * 1_000 },
  ]
  const off = mode('OFF')
  const totp = proved('totp', 'authenticator:totp')
  const email = proved('email', 'email:a@example.com')
  const saved = proved('recovery_code', 'authenticator:recovery_code')
  const table: readonly [row: Row, expected: string][] = [
    [{ has: [] }, 'met'],
    [{ has: ['recovery_code'] }, 'met'],
    [{ has: ['totp'] }, 'challenge totp'],
    [{ has: ['totp'], proofs: totp }, 'met'],
    [{ has: ['totp'], proofs: proved('totp', 'authenticator:totp', 300) }, 'met'],
    [{ has: ['totp'], proofs: proved('totp', 'authenticator:totp', 301) }, 'challenge totp'],
    [{ has: ['totp', 'recovery_code'], proofs: saved }, 'challenge totp'],
    [{ has: ['totp', 'email'], proofs: email }, 'challenge totp'],
    [{ has: ['email'] }, 'challenge email'],
    [{ has: ['email'], proofs: email }, 'met'],
  ]
  for (const [row, expected] of table) {
    const outcome = said(judge(situation({ application: off, managesFactors: true, ...row })))
    assert.equal(outcome, expected, JSON.stringify(row))
  }
})

test('TIME_BASED through the clock: asked, not asked within the interval, asked from another device and later', async () => {
  const world = await openWorld({ tenant: { mfa: { mode: 'TIME_BASED', timeBasedSeconds: 3_600 } } })
  const app = await world.enrolApp(await world.addUser('ada'))
  const first = await world.ticket('ada')
  assert.equal((await world.answer(first, { kind: 'totp' }, app.code())).no, undefined)
  world.clock.advance(3_600)
  assert.equal((await world.login('ada')).no, undefined)
  const elsewhere = world.caller({ address: '198.51.100.7' })
  assert.equal((await world.login('ada', { caller: elsewhere })).no, 'more-proof')
  const otherAgent = world.caller({ userAgent: 'another' })
  assert.equal((await world.login('ada', { caller: otherAgent })).no, 'more-proof')
  world.clock.advance(1)
  assert.equal((await world.login('ada')).no, 'more-proof', 'a login on the password alone renews nothing')
})

test('TIME_BASED: a device with a handle is known by it, wherever it is', async () => {
  const world = await openWorld({ tenant: { mfa: { mode: 'TIME_BASED', timeBasedSeconds: 60 } } })
  const app = await world.enrolApp(await world.addUser('ada'))
  const home = world.caller({ device: 'd1' })
  const flow = await world.ticket('ada', { caller: home })
  assert.equal((await world.answer(flow, { kind: 'totp' }, app.code(), home)).no, undefined)
  assert.equal(
    (await world.login('ada', { caller: world.caller({ device: 'd1', address: '203.0.113.3' }) })).no,
    undefined,
  )
  assert.equal((await world.login('ada', { caller: world.caller({ device: 'd2' }) })).no, 'more-proof')
  assert.equal((await world.login('ada')).no, 'more-proof', 'nor does its address vouch for a device without one')
})

test('S-47: the mark of TIME_BASED dies with a new password, a new factor and a used saved code, and rests in a lock', async () => {
  type Opened = Awaited<ReturnType<typeof openWorld>>
  const rows: readonly [what: string, asks: boolean, happens: (world: Opened, user: User) => Promise<unknown>][] = [
    ['nothing', false, async () => {}],
    ['a new password', true, (w, user) => w.put('users', { ...user, passwordChangedAt: w.clock.now() })],
    ['a new factor', true, (w, user) => w.enrolAddress(user, 'sms', '+15555550101')],
    [
      'a saved code used elsewhere',
      true,
      async (w, user) => {
        const it = (await w.authenticators(user)).find((one) => one.factor === 'recovery_code')
        await w.put('authenticators', { ...(it as Authenticator), lastUsedAt: w.clock.now() })
      },
    ],
    [
      'a locked factor',
      true,
      async (w, user) => {
        const it = (await w.authenticators(user)).find((one) => one.factor === 'totp')
        await w.put('authenticators', { ...(it as Authenticator), waitUntil: w.clock.now() + 60_000 })
      },
    ],
  ]
  for (const [what, asks, happens] of rows) {
    const world = await openWorld({ tenant: { mfa: { mode: 'TIME_BASED', timeBasedSeconds: 3_600 } } })
    const ada = await world.addUser('ada')
    const app = await world.enrolApp(ada)
    assert.equal((await world.answer(await world.ticket('ada'), { kind: 'totp' }, app.code())).no, undefined)
    world.clock.advance(60)
    await happens(world, await world.user(ada.id))
    world.clock.advance(1)
    assert.equal((await world.login('ada')).no, asks ? 'more-proof' : undefined, what)
  }
})

test('answers to questions are asked for by a plain rule alone: not for a level, not at high risk, never as a first set-up', () => {
  const all = ['password', 'totp', 'email', 'security_question']
  const row: Row = { tenant: mode('ALWAYS'), factors: all, has: ['security_question'] }
  const proofs = [password, { factor: 'security_question', channel: 'authenticator:security_question', at: now }]
  assert.equal(said(judge(situation(row))), 'challenge security_question')
  assert.equal(said(judge(situation({ ...row, proofs }))), 'met')
  assert.equal(said(judge(situation({ ...row, proofs, secondFactor: true }))), 'enrol totp email')
  assert.equal(said(judge(situation({ ...row, tenant: mode('SMART'), risk: 'high' }))), 'risk-too-high')
  assert.equal(said(judge(situation({ ...row, proofs, tenant: mode('SMART'), risk: 'high' }))), 'risk-too-high')
  const both: Row = { ...row, has: ['security_question', 'totp'], tenant: mode('SMART'), risk: 'high' }
  assert.equal(said(judge(situation(both))), 'challenge totp')
  assert.equal(said(judge(situation({ ...both, proofs }))), 'challenge totp')
  assert.equal(
    said(judge(situation({ ...row, has: ['security_question', 'totp'], proofs, managesFactors: true }))),
    'challenge totp',
  )
  assert.equal(said(judge(situation({ ...row, has: [] }))), 'enrol totp email')
})
