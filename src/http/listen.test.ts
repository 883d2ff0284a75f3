import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { issueServerCertificate, makeLocalCa } from '#crypto/certificates.ts'
import type { Tenant } from '#model/tenant.ts'
import type { HttpLimits } from './limits.ts'
import { type Listening, listen, PortProblem } from './listen.ts'
import type { Answer, RouteGroup } from './route.ts'
import { createServer, refusePlainly, type Server } from './server.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const group: RouteGroup = {
  name: 'test',
  refuse: refusePlainly,
  routes: [
    { method: 'GET', path: '/hello', handle: async () => ({ status: 200, body: 'hello' }) },
    { method: 'POST', path: '/echo', handle: async ({ body }) => ({ status: 200, body: { got: body ?? null } }) },
    {
      method: 'POST',
      path: '/slow',
      handle: async (): Promise<Answer> => {
        await wait(300)
        return { status: 200, body: 'done' }
      },
    },
  ],
}

function serverOf(limits: Partial<HttpLimits> = {}): Promise<Server> {
  return createServer({
    groups: [group],
    resolveTenant: async () => ({ id: 'demo' }) as Tenant,
    baseOf: () => '',
    originAllowed: async () => false,
    trustedProxies: [],
    log,
    limits,
  })
}

async function open(limits: Partial<HttpLimits> = {}): Promise<Listening & { port: number }> {
  const listening = await listen(await serverOf(limits), { http: { host: '127.0.0.1', port: 0 } })
  return { ...listening, port: Number(new URL(listening.httpUrl ?? '').port) }
}

function socketTo(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  return once(socket, 'connect').then(() => socket)
}

/** Resolves when the socket is gone, however it went. */
const gone = (socket: Socket) => new Promise<true>((resolve) => socket.once('close', () => resolve(true)))

/** Sends bytes and reads until the other side closes, or for `patience` ms. */
async function talk(
  port: number,
  bytes: string | Buffer,
  patience = 1_500,
): Promise<{ text: string; closed: boolean }> {
  const socket = await socketTo(port)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  const closed = await Promise.race([gone(socket), wait(patience).then(() => false)])
  socket.destroy()
  return { text, closed }
}

describe('the listening edge', () => {
  let it_: Awaited<ReturnType<typeof open>>
  before(async () => {
    it_ = await open()
  })
  after(() => it_.stop(500))

  const head = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
  const corpus: [what: string, bytes: string][] = [
    ['both length and transfer coding', `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['transfer coding then length', `${head}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`],
    ['two different lengths', `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`],
    ['two equal lengths', `${head}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`],
    ['a list of lengths', `${head}Content-Length: 2, 2\r\n\r\n{}`],
    ['a signed length', `${head}Content-Length: +2\r\n\r\n{}`],
    ['a hexadecimal length', `${head}Content-Length: 0x2\r\n\r\n{}`],
    ['bare LF between fields', 'POST /echo HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}'],
    ['one bare LF', `POST /echo HTTP/1.1\r\nHost: a\nContent-Length: 2\r\n\r\n{}`],
    ['a bare CR', `POST /echo HTTP/1.1\r\nHost: a\rX: b\r\nContent-Length: 2\r\n\r\n{}`],
    ['a folded field', `${head}X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`],
    ['a folded transfer coding', `${head}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
    ['a space before the colon', `${head}Content-Length : 2\r\n\r\n{}`],
    ['a tab before the colon', `${head}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`],
    ['an unknown transfer coding', `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a coding after chunked', `${head}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
    ['a NUL in a field', `${head}X-Nul: a\0b\r\nContent-Length: 2\r\n\r\n{}`],
    ['a broken chunk size', `${head}Transfer-Encoding: chunked\r\n\r\n2x\r\n{}\r\n0\r\n\r\n`],
    ['a chunk longer than its size', `${head}Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n`],
    ['a bare LF after a chunk size', `${head}Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n`],
    ['no Host', 'GET /hello HTTP/1.1\r\n\r\n'],
  ]
  for (const [what, bytes] of corpus) {
    it(`answers ${what} with 400 and closes (S-152)`, async () => {
      const smuggled = 'GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
      const { text, closed } = await talk(it_.port, bytes + smuggled)
      assert.match(text, /^HTTP\/1\.1 400 /)
      assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, 'one answer only')
      assert.equal(closed, true)
    })
  }

  for (const [what, field] of [
    ['two hosts', 'Host: b\r\n'],
    ['two credentials', 'Authorization: a\r\nAuthorization: b\r\n'],
    ['an over-long UTF-8 form', 'X-Name: \xc0\xaf\r\n'],
    ['a surrogate in UTF-8', 'X-Name: \xed\xa0\x80\r\n'],
  ]) {
    it(`refuses ${what} in the header`, async () => {
      const { text } = await talk(it_.port, `GET /hello HTTP/1.1\r\nHost: a\r\n${field}Connection: close\r\n\r\n`)
      assert.match(text, /^HTTP\/1\.1 400 /)
    })
  }

  it('lets good requests through, also with a target in absolute form and a UTF-8 header', async () => {
    const bytes = 'GET http://evil.example/hello HTTP/1.1\r\nHost: a\r\nX-Name: \xc3\xa4\r\nConnection: close\r\n\r\n'
    assert.match((await talk(it_.port, bytes)).text, /^HTTP\/1\.1 200 /)
  })

  it('refuses more than 100 header fields and more than 16 KiB of them with 431', async () => {
    const many = 'X: y\r\n'.repeat(101)
    assert.match((await talk(it_.port, `GET /hello HTTP/1.1\r\nHost: a\r\n${many}\r\n`)).text, /^HTTP\/1\.1 431 /)
    const long = `X: ${'y'.repeat(17_000)}\r\n`
    const { text, closed } = await talk(it_.port, `GET /hello HTTP/1.1\r\nHost: a\r\n${long}\r\n`)
    assert.match(text, /^HTTP\/1\.1 431 /)
    assert.equal(closed, true)
  })

  for (const [size, chunked] of [
    [65_537, true],
    [65_537, false],
    [900_000, true],
    [900_000, false],
  ] as const) {
    it(`answers a ${chunked ? 'chunked ' : ''}body of ${size} bytes with 413 that the sender gets to read`, async () => {
      const body = chunked ? streamOf(size) : Buffer.alloc(size, 32)
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
      const answer = await fetch(`http://127.0.0.1:${it_.port}/echo`, init)
      assert.equal(answer.status, 413)
      assert.equal(((await answer.json()) as { error: string }).error, 'invalid_request')
    })
  }

  it('cuts an endless chunked stream, and its memory stays flat (S-151)', async () => {
    const socket = await socketTo(it_.port)
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    socket.write(
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    const before = process.memoryUsage().arrayBuffers
    let sent = 0
    let open = true
    const end = gone(socket).then(() => {
      open = false
    })
    socket.resume()
    while (open && sent < 200 * 1024 * 1024) {
      if (!socket.write(chunk)) await Promise.race([new Promise((next) => socket.once('drain', next)), end])
      sent += chunk.length
    }
    assert.equal(open, false)
    assert.ok(sent < 64 * 1024 * 1024, `took ${sent} bytes`)
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024)
  })

  it('takes exactly 64 KiB', async () => {
    const body = `{"a":1}${' '.repeat(64 * 1024 - 7)}`
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`http://127.0.0.1:${it_.port}/echo`, { method: 'POST', headers, body })
    assert.equal(answer.status, 200)
  })
})

describe('bounds of time and number (S-153)', () => {
  it('ends a sender of slow headers and one of a slow body', async (t) => {
    const it_ = await open({ headerTime: 300, requestTime: 600 })
    t.after(() => it_.stop(0))
    const begun = Date.now()
    const headers = await talk(it_.port, 'GET /hello HTTP/1.1\r\nHost: a\r\n', 3_000)
    const body = await talk(it_.port, 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{', 3_000)
    assert.match(headers.text, /^HTTP\/1\.1 408 /)
    assert.deepEqual([headers.closed, body.closed], [true, true])
    assert.ok(Date.now() - begun < 4_000)
  })

  it('closes connections beyond those of one address, and beyond all', async (t) => {
    for (const limits of [{ connectionsPerAddress: 3 }, { connections: 3 }]) {
      const it_ = await open(limits)
      t.after(() => it_.stop(0))
      const held = await Promise.all([1, 2, 3].map(() => socketTo(it_.port)))
      const refused = await talk(it_.port, 'GET /hello HTTP/1.1\r\nHost: a\r\n\r\n')
      assert.deepEqual(refused, { text: '', closed: true })
      held[0]?.destroy()
      await wait(50)
      const served = await talk(it_.port, 'GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      assert.match(served.text, /^HTTP\/1\.1 200 /)
    }
  })
})

describe('starting and stopping', () => {
  it('names the port and its variable when the port is taken', async () => {
    const taken = createNetServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const attempt = listen(await serverOf(), { http: { host: '127.0.0.1', port } })
    await assert.rejects(attempt, (error: PortProblem) => {
      assert.ok(error instanceof PortProblem)
      assert.equal(error.key, 'PORT')
      assert.match(error.message, new RegExp(`port ${port} .* in use`))
      assert.match(error.mend, /set PORT/)
      return true
    })
    taken.close()
  })

  it('names HOST when the address is none of this machine', async () => {
    // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
    for (const host of ['192.0.2.1', 'nowhere.invalid']) {
      const attempt = listen(await serverOf(), { http: { host, port: 0 } })
      await assert.rejects(attempt, (error: PortProblem) => {
        assert.equal(error.key, 'HOST')
        assert.equal(error.message, `${host} is not an address of this machine`)
        assert.match(error.mend, /^Set HOST /)
        return true
      })
    }
  })

  it('finishes what runs, closes what is idle or silent, and accepts nothing new (S-167)', async () => {
    const it_ = await open()
    const silent = await socketTo(it_.port)
    const idle = await socketTo(it_.port)
    idle.write('GET /hello HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(idle, 'data')
    const running = new Promise<{ status?: number; connection?: string }>((resolve, reject) => {
      const options = { port: it_.port, path: '/slow', method: 'POST', headers: { connection: 'keep-alive' } }
      httpRequest(options, (answer) => {
        answer.resume()
        resolve({ status: answer.statusCode, connection: answer.headers.connection })
      })
        .on('error', reject)
        .end()
    })
    await wait(100)
    const begun = Date.now()
    const ends = Promise.all([gone(silent), gone(idle)])
    await it_.stop()
    await ends
    assert.equal((await running).status, 200)
    assert.ok(Date.now() - begun < 1_000, 'does not wait for idle connections')
    await assert.rejects(socketTo(it_.port))
  })

  it('cuts what still runs at the end of its patience', async () => {
    const it_ = await open()
    const attempt = talk(it_.port, 'POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
    await wait(50)
    const begun = Date.now()
    await it_.stop(100)
    assert.ok(Date.now() - begun < 250)
    assert.deepEqual(await attempt, { text: '', closed: true })
  })
})

describe('https', () => {
  it('serves beside http, sends HSTS, and swaps its certificate without a restart', async (t) => {
    const now = Date.now()
    const cas = await Promise.all(['One', 'Two'].map((commonName) => makeLocalCa({ commonName, now })))
    const pairs = await Promise.all(
      cas.map(async (ca) => {
        const { certificatePem, privateKeyPem } = await issueServerCertificate({ ca, hosts: ['localhost'], now })
        return { cert: certificatePem, key: privateKeyPem }
      }),
    )
    const [one, two] = pairs
    assert.ok(one && two)
    const address = { host: '127.0.0.1', port: 0 }
    const it_ = await listen(await serverOf(), { http: address, https: { ...address, ...one } })
    t.after(() => it_.stop(0))
    const get = (ca: string | undefined) =>
      new Promise<string | undefined>((resolve, reject) => {
        httpsRequest(`${it_.httpsUrl}/hello`, { ca, agent: false }, (answer) => {
          answer.resume()
          resolve(answer.headers['strict-transport-security'])
        })
          .on('error', reject)
          .end()
      })
    assert.match((await get(cas[0]?.certificatePem)) ?? '', /max-age=31536000/)
    await assert.rejects(get(cas[1]?.certificatePem))
    it_.swap(two)
    assert.match((await get(cas[1]?.certificatePem)) ?? '', /max-age/)
    await assert.rejects(get(cas[0]?.certificatePem))
    assert.throws(() => it_.swap({ cert: two.cert, key: one.key }))
    assert.match((await get(cas[1]?.certificatePem)) ?? '', /max-age/)
    const plain = await fetch(`${it_.httpUrl}/hello`)
    assert.equal(plain.headers.get('strict-transport-security'), null)
  })
})

function streamOf(size: number): ReadableStream<Uint8Array> {
  let left = size
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close()
      controller.enqueue(new Uint8Array(Math.min(left, 16_384)).fill(32))
      left -= 16_384
    },
  })
}
