import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { decide } from '#engine/approvals/decide.ts'
import { base, type CidaasWorld, openCidaasWorld, type Pending, type Reply } from '../support/cidaas.ts'
import { newPushDevice, type PushDevice } from '../support/push-device.ts'
import { otherThan } from '../support/world.ts'

const factors = ['password', 'totp', 'sms', 'push', 'recovery_code']
const srv = '/verification-srv/authentication'
const setup = '/verification-actions-srv/setup'

/** Push through cidaas' calls, by the device's own word alone (cidaas.md §4.7, §5.2; docs/push.md). */
describe('PUSH', () => {
  let world: CidaasWorld
  let device: PushDevice
  beforeEach(async () => {
    world = await openCidaasWorld({ tenant: { factors } })
    device = newPushDevice({ home: base, clock: () => world.clock.now() })
  })

  const post = (path: string, body: object): Promise<Reply> => world.browser().xhr('POST', path, body)
  const status = async (id: string) =>
    (await world.browser().xhr('GET', `/verification-srv/verificationstatus/${id}`)).body.data.status
  /** The page of the authenticator speaks to the engine by its own API. */
  const atDevice = (statement: string, act: 'enrol' | 'answer') =>
    decide(world.parts, { caller: { ...world.caller(), home: base }, statement }, act)
  const notified = async (of = device) => {
    const reply = await post(`${setup}/devices/notifications`, { statement: of.say('list') })
    assert.equal(reply.status, 200, reply.text)
    return reply.body.data
  }

  async function enrolled(name: string): Promise<void> {
    await world.addUser(name)
    const it = await world.pending(name)
    const begun = await post(`${setup}/PUSH/initiation/${it.track}`, {})
    assert.equal(begun.status, 200, begun.text)
    const { enrolment_uri, status_id } = begun.body.data
    assert.match(enrolment_uri, /^https:\/\/localhost:3443\/u\/authenticator#enrol=/)
    assert.equal(await status(status_id), 'INITIATED')
    assert.equal((await atDevice(device.enrol(enrolment_uri), 'enrol')).no, undefined)
    assert.equal(await status(status_id), 'ENROLLED')
    assert.ok((await world.goOn(it)).to.code)
    world.clock.advance(301)
  }
  async function asked(name: string): Promise<{ it: Pending; data: Reply['body'] }> {
    const it = await world.pending(name)
    const reply = await world.initiate(it, 'SMARTPUSH')
    assert.equal(reply.status, 200, reply.text)
    return { it, data: reply.body.data }
  }
  const amr = (reply: Reply) => (decodeJwt(reply.body.access_token).amr as string[]).slice(0, 2)

  test('set up in a login; at the next one the number is typed on the device, the page polls and goes on; amr 10 and 80', async () => {
    await enrolled('ada')
    const { it, data } = await asked('ada')
    assert.match(data.push_selected_number, /^\d{6}$/)
    assert.equal(await status(data.status_id), 'INITIATED')
    const [request] = await notified()
    assert.equal(await status(data.status_id), 'PUSH_ACKNOWLEDGED')
    assert.equal(request.client_name, 'app')
    assert.deepEqual(
      (await world.verify('PUSH', data.exchange_id.exchange_id, data.push_selected_number)).body.error.error,
      'authentication_pending',
      'the number proves nothing on the page that shows it',
    )
    assert.equal((await world.goOn(it)).to.error, 'mfa_required')
    const signed = device.answer(request.request, 'allow', data.push_selected_number)
    assert.equal((await atDevice(signed, 'answer')).yes?.decision, 'right')
    assert.equal(await status(data.status_id), 'AUTHENTICATED')
    assert.equal(await status(data.status_id), 'AUTHENTICATED', 'as often as it is asked')
    assert.deepEqual(amr(await world.redeem(await world.goOn(it))), ['10', '80'])
  })

  test('a page that verifies instead of polling gets the same', async () => {
    await enrolled('ada')
    const { it, data } = await asked('ada')
    const [request] = await notified()
    await atDevice(device.answer(request.request, 'allow', data.push_selected_number), 'answer')
    const proved = await world.verify('PUSH', data.exchange_id.exchange_id, '')
    assert.equal(proved.status, 200, proved.text)
    assert.notEqual(proved.body.data.exchange_id.exchange_id, data.exchange_id.exchange_id)
    const twice = await world.verify('PUSH', data.exchange_id.exchange_id, '')
    assert.equal(twice.body.code, 'VER_0032')
    assert.equal(await status(data.status_id), 'AUTHENTICATED')
    assert.ok((await world.goOn(it)).to.code)
  })

  test('cidaas.md §11.14: the steps of a device by cidaas’ paths, each with a new exchange and none with an old one', async () => {
    await enrolled('ada')
    for (const [acknowledge, allow, verify] of [
      [`${srv}/push/push/acknowledge`, `${srv}/PUSH/allow`, `${srv}/PUSH/verification`],
      ['push_acknowledge', 'allow', 'authenticate'].map((it) => `/verification-srv/v2/authenticate/${it}/PUSH`),
    ] as string[][]) {
      const { it, data } = await asked('ada')
      const [request] = await notified()
      const step = { device_id: device.kid, push_id: 'p', client_id: 'c', statement: device.say('list') }
      const seen = await post(acknowledge ?? '', { ...step, exchange_id: request.exchange_id })
      assert.equal(seen.status, 200, seen.text)
      assert.deepEqual([seen.body.data.client_name, seen.body.data.device_id], ['app', device.kid])
      assert.equal(await status(data.status_id), 'PUSH_ACKNOWLEDGED')
      const old = await world.verify('PUSH', data.exchange_id.exchange_id, data.push_selected_number)
      assert.equal(old.body.code, 'VER_0032', 'the initiation’s exchange is over')
      const again = await post(acknowledge ?? '', { ...step, exchange_id: request.exchange_id })
      assert.equal(again.body.code, 'VER_0032')
      const opened = await post(allow ?? '', { ...step, exchange_id: seen.body.data.exchange_id })
      assert.deepEqual([opened.status, opened.body.data.push_random_numbers], [200, []])
      assert.equal(await status(data.status_id), 'ALLOWED')
      assert.equal((await world.goOn(it)).to.error, 'mfa_required', 'looked at is not approved')
      const number = data.push_selected_number
      const last = { ...step, exchange_id: opened.body.data.exchange_id.exchange_id, pass_code: number }
      const wrong = { ...last, statement: device.answer(request.request, 'allow', otherThan(number)) }
      assert.equal((await post(verify ?? '', wrong)).body.code, 'VER_0041')
      const right = { ...last, statement: device.answer(request.request, 'allow', number) }
      const proved = await post(verify ?? '', right)
      assert.equal(proved.status, 200, proved.text)
      assert.equal(await status(data.status_id), 'AUTHENTICATED')
      assert.ok((await world.goOn(it)).to.code)
      world.clock.advance(301)
    }
  })

  test('denied on the device: 417 for the page, DENIED for who polls, and continue stays where it was', async () => {
    await enrolled('ada')
    for (const path of [`${srv}/PUSH/deny`, '/verification-srv/v2/authenticate/reject/PUSH']) {
      const { it, data } = await asked('ada')
      const [request] = await notified()
      const body = { exchange_id: request.exchange_id, statement: device.answer(request.request, 'deny'), reason: 'no' }
      assert.equal((await post(path, body)).status, 200)
      assert.equal(await status(data.status_id), 'DENIED')
      const late = await world.verify('PUSH', data.exchange_id.exchange_id, data.push_selected_number)
      assert.equal(late.status, 417)
      assert.equal((await world.goOn(it)).to.error, 'mfa_required')
      world.clock.advance(301)
    }
  })

  test('S-86, S-88: without the device’s key no step is taken, and a plain yes is none', async () => {
    await enrolled('ada')
    const { data } = await asked('ada')
    const [request] = await notified()
    const at = (path: string, body: object) =>
      post(`${srv}/PUSH/${path}`, { exchange_id: request.exchange_id, ...body })
    const other = newPushDevice({ home: base, clock: () => world.clock.now() })
    const ids = { device_id: device.kid, push_id: 'p', client_id: 'c' }
    for (const body of [
      ids,
      { ...ids, statement: 'x.y.z' },
      { ...ids, statement: other.say('list') },
      { ...ids, device_id: 'another', statement: device.say('list') },
      { ...ids, statement: device.say('list', {}, { aud: 'https://evil.example' }) },
    ]) {
      const reply = await at('push/acknowledge', body)
      assert.deepEqual([reply.status, reply.body.code], [417, 'VER_0040'], JSON.stringify(body))
    }
    assert.equal((await at('deny', ids)).body.code, 'VER_0040')
    const seen = await at('push/acknowledge', { ...ids, statement: device.say('list') })
    const opened = await at('allow', { exchange_id: seen.body.data.exchange_id, statement: device.say('list') })
    const { exchange_id } = opened.body.data
    const number = data.push_selected_number
    const forged = other.answer(request.request, 'allow', number, {})
    for (const statement of [undefined, forged, device.answer(request.request, 'allow')]) {
      const reply = await at('verification', { exchange_id, pass_code: number, statement })
      assert.equal(reply.status, 417, reply.text)
    }
    assert.equal(await status(data.status_id), 'ALLOWED')
  })

  test('an answer to one request moves no other', async () => {
    await enrolled('ada')
    const ada = device
    device = newPushDevice({ home: base, clock: () => world.clock.now() })
    await enrolled('bob')
    const hers = await asked('ada')
    await asked('bob')
    const [request] = await notified(ada)
    const [his] = await notified(device)
    const body = { exchange_id: request.exchange_id, statement: device.answer(his.request, 'deny') }
    assert.equal((await post(`${srv}/PUSH/deny`, body)).body.code, 'VER_0040')
    assert.equal(await status(hers.data.status_id), 'PUSH_ACKNOWLEDGED')
  })

  test('cancelled by the page, also after the device has it: nothing can be approved any more', async () => {
    await enrolled('ada')
    const { data } = await asked('ada')
    const [request] = await notified()
    const statement = device.say('list')
    await post(`${srv}/PUSH/push/acknowledge`, { exchange_id: request.exchange_id, statement })
    const { exchange_id } = data.exchange_id
    assert.equal((await post(`${srv}/PUSH/cancel`, { exchange_id, reason: 'x' })).status, 200)
    assert.equal(await status(data.status_id), 'CANCELLED')
    const late = await atDevice(device.answer(request.request, 'allow', data.push_selected_number), 'answer')
    assert.equal(late.no, 'challenge-expired')
    assert.equal((await post(`${srv}/PUSH/cancel`, { exchange_id, reason: 'x' })).status, 417)
  })

  test('a newer request takes the place of the older one, whose page is told', async () => {
    await enrolled('ada')
    const first = await asked('ada')
    const second = await asked('ada')
    assert.equal(await status(first.data.status_id), 'CANCELLED')
    assert.equal((await notified()).length, 1)
    assert.equal(await status(second.data.status_id), 'PUSH_ACKNOWLEDGED')
  })

  test('S-87: the fourth request in five minutes is refused', async () => {
    await enrolled('ada')
    const it = await world.pending('ada')
    for (let i = 0; i < 3; i++) assert.equal((await world.initiate(it, 'PUSH')).status, 200)
    const refused = await world.initiate(it, 'PUSH')
    assert.deepEqual([refused.status, refused.body.error.error], [417, 'too_many_requests'])
    assert.ok(Number(refused.headers['retry-after']) > 0)
  })

  test('cidaas.md §6.2: set up from the profile by initiate, scan and status; another device’s word scans nothing', async () => {
    const app = await world.enrolApp(await world.addUser('ada'))
    const tokens = await world.tokens('ada', app.code())
    const bearer = { authorization: `Bearer ${tokens.body.access_token}` }
    const page = world.browser()
    const begin = async () => {
      const reply = await page.xhr('POST', '/verification-srv/v2/setup/initiate/PUSH', {}, bearer)
      assert.equal(reply.status, 200, reply.text)
      return reply.body.data
    }
    const begun = await begin()
    const { exchange_id } = begun.exchange_id
    const bad = await post(`${setup}/PUSH/scan`, { exchange_id, device_id: device.kid, statement: device.say('enrol') })
    assert.equal(bad.body.code, 'VER_0040')
    const body = { exchange_id, push_id: 'p', statement: device.enrol(begun.enrolment_uri) }
    const scanned = await post('/verification-srv/v2/setup/scan/PUSH', body)
    assert.equal(scanned.status, 200, scanned.text)
    assert.notEqual(scanned.body.data.exchange_id.exchange_id, exchange_id)
    assert.equal((await post(`${setup}/PUSH/scan`, body)).body.code, 'VER_0032')
    const done = await post(`${setup}/PUSH/verification`, {
      exchange_id: scanned.body.data.exchange_id.exchange_id,
      pass_code: '1',
    })
    assert.deepEqual([done.status, done.body.data?.enrolled], [200, true], done.text)
    assert.equal(await status(begun.status_id), 'ENROLLED')
    const own = await page.xhr('GET', '/verification-actions-srv/users/configurations', undefined, bearer)
    const push = own.body.data.configured_list.find((it: { type: string }) => it.type === 'PUSH')
    assert.equal(push.mediums[0].key_name, 'Pixel 9')
  })
})
