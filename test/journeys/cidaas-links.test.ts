import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { base, type CidaasWorld, openCidaasWorld, type Reply } from '../support/cidaas.ts'

/** `processingType: LINK`: a mail with a link, a page with a button, and a page elsewhere that waits (cidaas.md §4.5). */
describe('a link by e-mail', () => {
  let world: CidaasWorld
  beforeEach(async () => {
    world = await openCidaasWorld()
    const ada = await world.addUser('ada')
    await world.enrolAddress(ada, 'email', 'ada@example.com')
    await world.enrolAddress(ada, 'sms', '+15555550101')
    world.clock.advance(301)
  })

  const mailed = async (): Promise<{ text: string; link: string; code?: string }> => {
    const mail = (await world.outbox()).findLast((it) => it.channel === 'email')
    assert.ok(mail)
    return { ...mail, link: /https:\/\/\S+/.exec(mail.text)?.[0] ?? '' }
  }
  const pathOf = (link: string) => link.slice(base.length)
  const status = async (id: string) =>
    (await world.browser().xhr('GET', `/verification-srv/verificationstatus/${id}`)).body.data.status
  const press = (page: Reply, over: Record<string, string> = {}, headers: Record<string, string> = {}) => {
    const fields = [...page.text.matchAll(/name="(\w+)" value="([^"]+)"/g)].map(([, name, value]) => [name, value])
    return world
      .browser(headers)
      .form(/action="([^"]+)"/.exec(page.text)?.[1] ?? '', { ...Object.fromEntries(fields), ...over })
  }
  const begin = async () => {
    const it = await world.pending('ada')
    const { body } = await world.initiate(it, 'EMAIL', { processingType: 'LINK', track_id: it.track })
    return { it, data: body.data, ...(await mailed()) }
  }

  test('as a second factor: opened elsewhere, and the page that waits goes on; amr 10 and 103', async () => {
    const { it, data, text, link, code } = await begin()
    assert.equal(link.startsWith(`${base}/verification-srv/authentication/email/verification?exchange_id=`), true)
    assert.equal(new URL(link).searchParams.get('trackId'), it.track)
    assert.deepEqual(
      [code, /\b\d{6}\b/.test(text.replace(link, ''))],
      [undefined, false],
      'no code beside a link (S-8)',
    )
    assert.equal(await status(data.status_id), 'INITIATED')
    const page = await world.browser().get(pathOf(link))
    assert.equal(page.status, 200)
    assert.match(
      page.text,
      /Asked for from <b>127\.0\.0\.\*<\/b>, 20\d\d-/,
      'whence and when the login was begun (S-60)',
    )
    const done = await press(page)
    assert.match(done.text, /Confirmed/)
    assert.equal(await status(data.status_id), 'AUTHENTICATED')
    const tokens = await world.redeem(await world.goOn(it))
    assert.deepEqual((decodeJwt(tokens.body.access_token).amr as string[]).slice(0, 2), ['10', '103'])
  })

  test('S-84: looking proves nothing however often, the button works once, and the host is the configured one', async () => {
    const { it, data, link } = await begin()
    for (const headers of [{}, { host: 'evil.example' }, { 'x-forwarded-host': 'evil.example' }] as Record<
      string,
      string
    >[]) {
      const page = await world.browser(headers).get(pathOf(link))
      assert.equal(page.text.includes('evil.example'), false)
    }
    assert.equal(await status(data.status_id), 'INITIATED')
    assert.equal((await world.goOn(it)).to.error, 'mfa_required')
    const page = await world.browser().get(pathOf(link))
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    assert.equal((await press(page, {}, foreign)).status, 400, 'the button of another site is not ours (S-130)')
    assert.equal(await status(data.status_id), 'INITIATED')
    assert.equal((await press(page)).status, 200)
    assert.equal((await press(page)).status, 400)
    assert.equal((await world.browser().get(pathOf(link))).status, 400)
  })

  test('what the waiting page knows is not enough to open it, and a wrong code counts', async () => {
    const { data, link } = await begin()
    const { exchange_id } = data.exchange_id
    for (let i = 0; i < 5; i++) assert.equal((await world.verify('EMAIL', exchange_id, '000000')).status, 417)
    const page = await world.browser().get(pathOf(link))
    assert.equal((await press(page)).status, 400, 'S-17')
  })

  test('as a first factor, and then the application’s own', async () => {
    const requestId = await world.requestId()
    const asked = await world.browser().xhr('POST', '/verification-srv/authentication/EMAIL/initiation', {
      request_id: requestId,
      identifier: 'ada@example.com',
      usage_type: 'INITIAL_AUTHENTICATION',
      processingType: 'LINK',
    })
    assert.equal(asked.status, 200, asked.text)
    const { sub, status_id } = asked.body.data
    const { link } = await mailed()
    await press(await world.browser().get(pathOf(link)))
    assert.equal(await status(status_id), 'AUTHENTICATED')
    const fields = { requestId, status_id, sub, verificationType: 'EMAIL' }
    const login = await world.browser().form('/login-srv/verification/login', fields)
    assert.ok(login.to.track_id, login.location.href)
  })

  test('S-102: for an address nobody has the answer is the same, and nothing is sent', async () => {
    const before = (await world.outbox()).length
    const asked = await world.browser().xhr('POST', '/verification-srv/authentication/EMAIL/initiation', {
      request_id: await world.requestId(),
      identifier: 'nobody@example.com',
      usage_type: 'INITIAL_AUTHENTICATION',
      processingType: 'LINK',
    })
    assert.equal(asked.status, 200)
    assert.equal((await world.outbox()).length, before)
  })

  test('other methods have none, and an old link says so', async () => {
    const it = await world.pending('ada')
    const refused = await world.initiate(it, 'SMS', { processingType: 'LINK' })
    assert.deepEqual([refused.status, refused.body.code], [417, 'VER_0028'])
    const { link } = await begin()
    world.clock.advance(301)
    const late = await world.browser().get(pathOf(link))
    assert.equal(late.status, 400)
    assert.match(late.text, /too old/)
    const nobody = await world.browser().get('/verification-srv/authentication/email/verification?exchange_id=x')
    assert.equal(nobody.status, 400)
  })
})
