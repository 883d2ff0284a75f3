import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { assertState, type Browser, c0, type Loose, openBrowser } from '../support/msal.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { nativeTenant, someone } from './entra-support.ts'
import { emailOf, passwordOf } from './support.ts'

/**
 * The guard of numbers by real configuration, as an application with the unmodified SDK sees it: where it trips by
 * itself, what administrators see of it, and how they lift it (AC-40, S-74 to S-79).
 */

const range = (index: number): string => `+1206555${String(1_000 + index)}`
const names = Array.from({ length: 12 }, (_, index) => `u${index}`)
let server: TestServer
let browser: Browser
let numbers: Server
let facts: object = {}

before(async () => {
  numbers = createServer((_, response) => response.end(JSON.stringify(facts))).listen(0, '127.0.0.1')
  await once(numbers, 'listening')
  const { port } = numbers.address() as AddressInfo
  const guard = {
    enabled: true,
    answered_of: 5,
    per_address_hour: 1_000,
    prices: { other: 0.05 },
    monthly_ceilings: { CA: 0 },
  }
  const phone = { countries: ['US', 'CA'], blocked_prefixes: ['+1555666'], guard }
  const tenant = nativeTenant(
    names.map((name) => someone(name, { mfa_enabled: true })),
    { phone },
  )
  const config = () => ({ ...tenant(), number_check: `http://:secret@127.0.0.1:${port}/` })
  server = await startServer({ config })
  browser = await openBrowser()
})
after(async () => {
  browser?.close()
  await server?.stop()
  numbers?.close()
})
beforeEach(() => {
  browser.clear()
  facts = {}
})

/** A user of its own asks for a code to a number. */
async function ask(name: string, verificationContact: string): Promise<Loose> {
  browser.clear()
  const app = await browser.create(c0(server))
  const needs: Loose = await app.signIn({ username: emailOf(name), password: passwordOf(name) })
  assertState(needs, 'AuthMethodRegistrationRequiredState')
  const authMethodType = needs.state.getAuthMethods().find((it: Loose) => it.id === 'sms')
  return await needs.state.challengeAuthMethod({ authMethodType, verificationContact })
}
const sent = async () => (await server.outbox({ channel: 'sms' })).length
const saidOf = ({ error }: Loose) => [
  error?.errorData.error,
  error?.errorData.subError,
  error?.isVerificationContactBlocked(),
]
const blockedByRep = ['access_denied', 'provider_blocked_by_rep', true]
const blockedByAdmin = ['access_denied', 'provider_blocked_by_admin', false]

describe('an application behind the guard of numbers', () => {
  test('a range whose codes do not come back is blocked; the admin API shows it and lifts it, and codes leave again', async () => {
    for (let index = 0; index < 5; index++) {
      assertState(await ask(`u${index}`, range(index)), 'AuthMethodVerificationRequiredState')
    }
    await server.advance(601)
    assert.deepEqual(saidOf(await ask('u5', range(5))), blockedByRep)
    assert.equal(await sent(), 5)
    const shown = await server.admin('GET', '/tenants/demo/phone-guard')
    const [stop] = shown.body.stops
    assert.deepEqual([stop.scope, stop.of, stop.sent, stop.answered], ['prefix', '+1206555', 5, 0])
    assert.deepEqual(shown.body.ledger, [{ country: 'US', today: 5, messages: 5, spent: 0.25 }])
    assert.deepEqual(shown.body.blocked_prefixes, ['+1555666'])
    const lift = `/tenants/demo/phone-guard/stops/${encodeURIComponent(stop.of)}`
    assert.equal((await server.admin('DELETE', lift)).status, 204)
    assertState(await ask('u5', range(5)), 'AuthMethodVerificationRequiredState')
    assert.equal(await sent(), 6)
  })

  test('what is refused before anything is sent: ranges that earn by it, blocked ones, countries, a spent ceiling', async () => {
    const before = await sent()
    for (const number of ['+19005550100', '+18005550100', '+870773111632', '+15556660100']) {
      assert.deepEqual(saidOf(await ask('u6', number)), blockedByRep, number)
    }
    for (const number of ['+4915123456789', '+14165550100']) {
      assert.deepEqual(saidOf(await ask('u6', number)), blockedByAdmin, number)
    }
    assert.equal((await ask('u6', '+1911')).error.isInvalidInput(), true, 'a short number is none')
    assert.equal(await sent(), before)
  })

  test('a number whose SIM card has just been changed, and one of a VoIP service', async () => {
    const before = await sent()
    facts = { sim_changed_at: new Date(await server.now()).toISOString() }
    assert.deepEqual(saidOf(await ask('u7', '+12535550100')), blockedByRep)
    facts = { type: 'voip' }
    assert.deepEqual(saidOf(await ask('u7', '+12535550100')), blockedByAdmin)
    assert.equal(await sent(), before)
    facts = { type: 'mobile' }
    assertState(await ask('u7', '+12535550100'), 'AuthMethodVerificationRequiredState')
  })
})
