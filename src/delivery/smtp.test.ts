import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { DeliveryFailed, OutgoingMessage } from '#ports/delivery.ts'
import { smtpDelivery } from './smtp.ts'

const message: OutgoingMessage = {
  id: 'm1',
  channel: 'email',
  to: 'ada@example.com',
  subject: 'Your code',
  text: 'Your code is 123456',
}

async function mailServer(t: TestContext, options: SMTPServerOptions = {}) {
  const mails: { from: string; to: string[]; raw: string; secure: boolean }[] = []
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    closeTimeout: 50,
    onData(stream, session, done) {
      let raw = ''
      stream.on('data', (chunk) => {
        raw += chunk
      })
      stream.on('end', () => {
        const from = session.envelope.mailFrom
        const to = session.envelope.rcptTo.map(({ address }) => address)
        mails.push({ from: from ? from.address : '', to, raw, secure: session.secure })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { mails, port: (server.server.address() as AddressInfo).port }
}

function open(t: TestContext, url: string, times?: { connect: number; total: number }) {
  const delivery = smtpDelivery(new URL(url), times)
  t.after(() => delivery.close?.())
  return delivery
}

async function failure(work: Promise<unknown>): Promise<DeliveryFailed> {
  return work.then(
    () => assert.fail('should have failed'),
    (error) => error,
  )
}

describe('SMTP', () => {
  it('sends one mail to one address', async (t) => {
    const { mails, port } = await mailServer(t, { disabledCommands: ['STARTTLS', 'AUTH'] })
    const from = encodeURIComponent('Demo <login@id.example>')
    assert.equal(await open(t, `smtp://127.0.0.1:${port}?tls=off&from=${from}`).send(message), 'sent')
    const [mail] = mails
    assert.deepEqual([mail?.from, mail?.to], ['login@id.example', ['ada@example.com']])
    assert.match(mail?.raw ?? '', /^Subject: Your code\r?$/m)
    assert.match(mail?.raw ?? '', /^Message-ID: <m1@id\.example>\r?$/m)
    assert.match(mail?.raw ?? '', /Your code is 123456/)
  })

  it('lets no text become a header or a second recipient (S-85)', async (t) => {
    const { mails, port } = await mailServer(t, { disabledCommands: ['STARTTLS', 'AUTH'] })
    const delivery = open(t, `smtp://127.0.0.1:${port}?tls=off`)
    await delivery.send({ ...message, subject: 'Hello\r\nBcc: eve@example.com\r\n\r\nbody \u202e' })
    await delivery.send({ ...message, to: 'ada@example.com, eve@example.com' }).catch(() => {})
    await delivery.send({ ...message, to: 'ada@example.com>\r\nRCPT TO:<eve@example.com' }).catch(() => {})
    assert.ok(mails.length >= 1)
    for (const mail of mails) {
      assert.ok(!mail.to.includes('eve@example.com'), String(mail.to))
      assert.doesNotMatch(mail.raw, /^Bcc/im)
    }
  })

  it('insists on TLS unless it is switched off', async (t) => {
    const { mails, port } = await mailServer(t, { disabledCommands: ['STARTTLS', 'AUTH'] })
    const error = await failure(open(t, `smtp://127.0.0.1:${port}`).send(message))
    assert.match(error.message, /^mail server/)
    assert.equal(mails.length, 0)
  })

  it('refuses a mail server whose certificate nobody vouches for', async (t) => {
    const { mails, port } = await mailServer(t, { disabledCommands: ['AUTH'] })
    const error = await failure(open(t, `smtp://127.0.0.1:${port}`).send(message))
    assert.equal(error.retryable, true)
    assert.equal(mails.length, 0)
  })

  for (const [responseCode, retryable] of [
    [550, false],
    [451, true],
  ] as const) {
    it(`takes ${responseCode} for ${retryable ? 'passing' : 'final'}, and keeps the server's words to itself`, async (t) => {
      const refusal = Object.assign(new Error('ada@example.com has no box'), { responseCode })
      const { port } = await mailServer(t, {
        disabledCommands: ['STARTTLS', 'AUTH'],
        onRcptTo: (_address, _session, done) => done(refusal),
      })
      const error = await failure(open(t, `smtp://127.0.0.1:${port}?tls=off`).send(message))
      assert.deepEqual([error.message, error.retryable], [`mail server answered ${responseCode}`, retryable])
    })
  }

  it('takes wrong credentials for final', async (t) => {
    const { port } = await mailServer(t, {
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      authOptional: false,
      onAuth: (_auth, _session, done) => done(new Error('no')),
    })
    const error = await failure(open(t, `smtp://user:wrong@127.0.0.1:${port}?tls=off`).send(message))
    assert.deepEqual([error.message, error.retryable], ['mail server refused the credentials', false])
  })

  it('gives up on a server that says nothing', async (t) => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    t.after(() => mute.close())
    const { port } = mute.address() as AddressInfo
    const begun = Date.now()
    const times = { connect: 100, total: 200 }
    const error = await failure(open(t, `smtp://127.0.0.1:${port}?tls=off`, times).send(message))
    assert.equal(error.retryable, true)
    assert.ok(Date.now() - begun < 1_500)
  })

  it('refuses an address that makes no sense', () => {
    assert.throws(() => smtpDelivery(new URL('smtp://mail.example?tls=maybe')), /tls must be/)
  })
})
