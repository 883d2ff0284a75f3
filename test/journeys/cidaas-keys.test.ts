import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { base, type CidaasWorld, openCidaasWorld, type Pending } from '../support/cidaas.ts'
import { createDevice, type Device } from '../support/webauthn.ts'

const factors = ['password', 'totp', 'sms', 'email', 'voice', 'webauthn', 'recovery_code']
const pages = 'https://pages.localhost'

/** Keys through cidaas' calls: enrolment in a login, and as a second factor (cidaas.md §5.2, §10.2, §10.4). */
describe('FIDO2', () => {
  let world: CidaasWorld
  let device: Device
  beforeEach(async () => {
    world = await openCidaasWorld({ tenant: { factors } })
    device = createDevice({ origin: base })
  })

  /** Enrols a key in the first login, as SDK 6 does it; the login goes on. */
  async function enrolled(name: string): Promise<Pending> {
    await world.addUser(name)
    const it = await world.pending(name)
    const begun = await it.browser.xhr('POST', `/verification-actions-srv/setup/FIDO2/initiation/${it.track}`, {})
    assert.equal(begun.status, 200, begun.text)
    const { exchange_id, fido2_entity, backup_codes } = begun.body.data
    assert.equal(fido2_entity.server_challenge.rp.id, 'localhost')
    assert.equal(backup_codes.length, 1)
    const done = await it.browser.xhr('POST', '/verification-actions-srv/setup/FIDO2/verification', {
      exchange_id: exchange_id.exchange_id,
      sub: it.sub,
      fido2_client_response: {
        client_response: device.create(fido2_entity.server_challenge),
        fidoRequestId: fido2_entity.fidoRequestId,
      },
    })
    assert.equal(done.status, 200, done.text)
    assert.equal(done.body.data.enrolled, true)
    return it
  }
  const asked = async (it: Pending, over: Record<string, unknown> = {}) => {
    const reply = await world.initiate(it, 'FIDO2', over)
    assert.equal(reply.status, 200, reply.text)
    return reply.body.data
  }
  const verify = (exchange: string, response: unknown, over: object = {}) =>
    world.browser().xhr('POST', '/verification-srv/authentication/FIDO2/verification', {
      exchange_id: exchange,
      fido2_client_response: response,
      ...over,
    })

  test('cidaas.md §10.2: a key is set up in a login, and asked for at the next; amr 10 and 106', async () => {
    const first = await enrolled('ada')
    const landed = await world.goOn(first)
    assert.deepEqual(amrOf(await world.redeem(landed)).slice(0, 2), ['10', '106'])
    const it = await world.pending('ada')
    const meta = await it.browser.xhr('GET', `/token-srv/prelogin/metadata/${it.track}`)
    const [key] = meta.body.data.meta_data.userConfiguredMethods
    assert.deepEqual([key.type, key.mediums.length], ['FIDO2', 1])
    const data = await asked(it, { medium_id: key.mediums[0].id })
    const entity = data.fido2_entity
    assert.equal(entity.server_challenge.rpId, 'localhost')
    const { clientExtensionResults, ...bare } = device.get(entity.server_challenge)
    const client_response = { ...bare, getClientExtensionResults: clientExtensionResults }
    const proved = await verify(data.exchange_id.exchange_id, { client_response, fidoRequestId: entity.fidoRequestId })
    assert.equal(proved.status, 200, proved.text)
    const tokens = await world.redeem(await world.goOn(it))
    assert.deepEqual(amrOf(tokens).slice(0, 2), ['10', '106'])
  })

  test('cidaas.md §5.2: the response with and without its envelope, in the older paths too', async () => {
    await enrolled('ada')
    const it = await world.pending('ada')
    const begun = await world.browser().xhr('POST', '/verification-srv/v2/authenticate/initiate/fido2', {
      request_id: it.requestId,
      sub: it.sub,
      usage_type: 'MULTIFACTOR_AUTHENTICATION',
      type: 'fido2',
    })
    const { exchange_id, fido2_entity } = begun.body.data
    const proved = await world.browser().xhr('POST', '/verification-srv/v2/authenticate/authenticate/fido2', {
      exchange_id: exchange_id.exchange_id,
      type: 'fido2',
      fido2_client_response: device.get(fido2_entity.server_challenge),
    })
    assert.equal(proved.status, 200, proved.text)
    assert.match((await world.goOn(it)).location.hash, /code=/)
  })

  test('AC-50: made elsewhere, for another exchange, or for a challenge of another name, it is refused', async () => {
    await enrolled('ada')
    const it = await world.pending('ada')
    const { exchange_id, fido2_entity } = await asked(it)
    const id = exchange_id.exchange_id
    const made = device.get(fido2_entity.server_challenge)
    const elsewhere = device.get(fido2_entity.server_challenge, { origin: 'https://evil.example' })
    assert.equal((await verify(id, { client_response: elsewhere })).body.code, 'VER_0041')
    const other = { client_response: made, fidoRequestId: '11111111-1111-4111-8111-111111111111' }
    assert.deepEqual(codes(await verify(id, other)), [400, 'VER_0035'])
    for (const nothing of [undefined, 'text', [], 7]) {
      assert.deepEqual(codes(await verify(id, nothing)), [400, 'VER_0035'])
    }
    assert.equal((await verify(id, { client_response: {} })).body.code, 'VER_0041')
    assert.equal((await verify(id, { client_response: made })).status, 200)
    assert.equal((await verify(id, { client_response: made })).body.code, 'VER_0032')
  })

  test('cidaas.md §11.28: a page that is not in its own list, or in none of ours, gets no challenge', async () => {
    await world.setTenant({ keys: { origins: [pages], attestation: 'none', roots: [], userVerification: 'preferred' } })
    await enrolled('ada')
    const it = await world.pending('ada')
    for (const over of [
      { domainURL: pages, allowedDomains: ['https://other.example'] },
      { domainURL: 'https://evil.example', allowedDomains: ['https://evil.example'] },
      { domainURL: 'https://evil.example' },
      { domainURL: 'no url' },
    ]) {
      assert.deepEqual(codes(await world.initiate(it, 'FIDO2', over)), [400, 'VER_0035'], over.domainURL)
      const path = `/verification-actions-srv/setup/FIDO2/initiation/${it.track}`
      assert.equal((await it.browser.xhr('POST', path, over)).body.code, 'VER_0035')
    }
    const data = await asked(it, { domainURL: pages, allowedDomains: [pages] })
    const response = device.get(data.fido2_entity.server_challenge, { origin: pages })
    assert.equal((await verify(data.exchange_id.exchange_id, { client_response: response })).status, 200)
  })

  test('cidaas.md §10.4: a second method from the profile, by SDK 5’s path and by SDK 6’s', async () => {
    for (const [name, initiate, confirm] of [
      ['ada', '/verification-srv/v2/setup/initiate/FIDO2', '/verification-srv/v2/setup/enroll/FIDO2'],
      [
        'grace',
        '/verification-actions-srv/setup/FIDO2/initiation',
        '/verification-actions-srv/setup/FIDO2/verification',
      ],
    ] as const) {
      const app = await world.enrolApp(await world.addUser(name))
      const tokens = await world.tokens(name, app.code())
      const bearer = { authorization: `Bearer ${tokens.body.access_token}` }
      const page = world.browser()
      const begun = await page.xhr('POST', initiate, { verification_type: 'FIDO2' }, bearer)
      assert.equal(begun.status, 200, begun.text)
      const { exchange_id, fido2_entity } = begun.body.data
      const done = await page.xhr('POST', confirm, {
        exchange_id: exchange_id.exchange_id,
        verification_type: 'FIDO2',
        fido2_client_response: { client_response: device.create(fido2_entity.server_challenge) },
      })
      assert.equal(done.status, 200, done.text)
      const again = await page.xhr('POST', initiate, {}, bearer)
      assert.deepEqual(codes(again), [409, 'VER_0029'])
    }
  })
})

const codes = ({ status, body }: { status: number; body: { code: string } }) => [status, body.code]
const amrOf = (tokens: { status: number; text: string; body: { id_token: string } }): readonly string[] => {
  assert.equal(tokens.status, 200, tokens.text)
  return decodeJwt(tokens.body.id_token).amr as string[]
}
