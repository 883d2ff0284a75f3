import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openWorld, someTenant } from '#test/support/world.ts'
import { canonicalPhone } from '../addresses.ts'
import { startPasswordless } from '../passwordless.ts'
import { parsePhone } from './numbers.ts'

/** Numbers of each range, from the numbering plans of their countries: [country, reachable, never written to]. */
const table: readonly [country: string, fine: readonly string[], refused: readonly string[]][] = [
  ['US', ['+12025550123'], ['+19005551234', '+18005551234', '+18335551234', '+15335551234']],
  ['CA', ['+14165550123'], ['+18885551234']],
  ['GB', ['+442079460958'], ['+449098790123', '+448081570123', '+448439876543', '+447012345678', '+447640123456']],
  ['DE', ['+4915123456789', '+4930123456'], ['+498001234567', '+499001234567', '+4918012345678', '+4916412345678']],
  ['FR', ['+33612345678'], ['+33801234567', '+33891123456', '+33884012345']],
  ['IT', ['+393123456789'], ['+39800123456', '+39899123456', '+39848123456']],
  ['ES', ['+34612345678'], ['+34800123456', '+34803123456', '+34901123456']],
  ['NL', ['+31612345678'], ['+318001234567', '+319061234567']],
  ['AT', ['+436641234567'], ['+43800123456', '+43900123456', '+43810123456']],
  ['CH', ['+41781234567'], ['+41800123456', '+41900123456', '+41842123456', '+41740123456']],
  ['PL', ['+48512345678'], ['+48800123456', '+48701234567', '+48801123456', '+48642123456']],
  ['SE', ['+46701234567'], ['+4620123456', '+469001234567', '+46740123456']],
  ['NO', ['+4741234567'], ['+4780012345', '+4782012345', '+4781021234']],
  ['DK', ['+4532123456'], ['+4580123456', '+4590123456']],
  ['FI', ['+358412345678'], ['+358800123456', '+358600123456']],
  ['BE', ['+32470123456'], ['+3280012345', '+3290123456']],
  ['IE', ['+353850123456'], ['+3531800123456', '+3531520123456', '+3531850123456']],
  ['AU', ['+61412345678'], ['+611800123456', '+611900123456', '+611300123456']],
  ['JP', ['+819012345678'], ['+81120123456', '+81990123456', '+812012345678']],
  ['IN', ['+919987654321'], ['+911800123456']],
  ['ZA', ['+27711234567'], ['+27800123456', '+27862345678', '+27860123456']],
  ['RU', ['+79123456789'], ['+78001234567', '+78091234567']],
  ['TR', ['+905012345678'], ['+908001234567', '+909001234567', '+905123456789']],
]
const satellite = ['+870773111632', '+881612345678', '+88213123456', '+883510012345']
const ofNoCountry = ['+80012345678', '+80812345678', '+979123456789', '+878101234567890']

describe('numbers', () => {
  it('are of at least 20 countries, 60 of them refused, for what follows to mean anything', () => {
    assert.ok(table.length >= 20)
    assert.ok(table.flatMap(([, , refused]) => refused).length >= 60)
  })
  for (const strict of [true, false]) {
    const kind = strict ? 'strict' : 'not strict'
    for (const [country, fine, refused] of table) {
      const tenant = someTenant({ phone: { blockedPrefixes: [], strict, countries: [country] } })
      it(`of ${country} (${kind}) are written to, but not premium, shared-cost, toll-free, pager and follow-me ones`, () => {
        for (const number of fine) assert.equal(canonicalPhone(tenant, number).yes, number)
        for (const number of refused) {
          assert.deepEqual(canonicalPhone(tenant, number), { no: 'blocked-by-reputation', reach: 'phone' }, number)
        }
      })
    }
  }
  it('of satellites and of no country are refused where every country is allowed', () => {
    const anywhere = someTenant()
    for (const number of [...satellite, ...ofNoCountry]) {
      assert.equal(canonicalPhone(anywhere, number).no, 'blocked-by-reputation', number)
    }
  })
  it('that are short or of no calling code are no addresses', () => {
    for (const number of ['+1555', '+110', '+49110', '+4911', '+999123456789', '110', '0049151234567']) {
      assert.equal(canonicalPhone(someTenant(), number).no, 'bad-address', number)
    }
  })
  it('of ranges nobody was assigned are refused where the tenant is strict, and are the vendors’ samples elsewhere', () => {
    const strict = someTenant({ phone: { blockedPrefixes: [], strict: true } })
    for (const number of ['+15555551234', '+15555550100', '+447700900123', '+81901234567']) {
      assert.equal(canonicalPhone(strict, number).no, 'bad-address', number)
      assert.equal(canonicalPhone(someTenant(), number).yes, number)
    }
  })
  it('are one however they are written (AC-39)', () => {
    const ways = [
      '+4915123456789',
      '+49 151 23456789',
      '+49 (0)151 23456789',
      '+49 (151) 23456789',
      '+49-151-23456789',
      '+49.151.234.567.89',
      ' +49 151 234 567 89 ',
      '+49 0151 23456789',
      '+49(0)15123456789',
      '+49 151 2345-6789',
    ]
    assert.deepEqual(new Set(ways.map((way) => parsePhone(way, true)?.number)), new Set(['+4915123456789']))
  })
})

describe('a message', () => {
  it('to a refused number or country is refused before it is queued, and counts nowhere (AC-41)', async () => {
    const phone = { blockedPrefixes: ['+1555666'], strict: false, countries: ['US', 'DE'] }
    const world = await openWorld({ tenant: { phone } })
    const refused = [
      ...['+19005551234', '+4916412345678', '+870773111632', '+15556661234'].map((it) => [it, 'blocked-by-reputation']),
      ...['+33612345678', '+442079460958'].map((it) => [it, 'blocked-by-admin']),
      ...['+49110', '+1911'].map((it) => [it, 'bad-address']),
    ] as [to: string, no: string][]
    for (const [to, no] of refused) {
      const outcome = await startPasswordless(world.parts, { caller: world.caller(), channel: 'sms', to })
      assert.equal(outcome.no, no, to)
      const user = await world.addUser(`of${to.slice(1)}`)
      for (const kind of ['sms', 'voice']) {
        const enrolled = await world.engine.enrol({
          caller: world.caller(),
          flow: world.tokenFlow(user),
          kind,
          target: to,
        })
        assert.equal(enrolled.no, no, to)
      }
    }
    assert.deepEqual(await world.outbox(), [])
    const counted = await world.store.list('budgets', world.tenant.id, { after: 'phone-', limit: 10 })
    assert.deepEqual(
      counted.filter((it) => it.id.startsWith('phone-')),
      [],
    )
    await world.store.close()
  })
})
