import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { ConfigInput } from '#config/schema.ts'
import { base32Decode } from '#crypto/base32.ts'
import { hotp, totpStep } from '#crypto/totp.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const adminToken = 'Zk1vQ2hXb0RlcjR0aGVUZXN0c09ubHkxMjM0NTY3ODk'
const masterKey = 'q83vEjRWeJq83hI0VniavN4SNFZ4mrzeEjRWeJq83hI='

/** A message as `GET /dev/outbox` shows it. */
export interface Mail {
  readonly id: string
  readonly channel: string
  readonly to: string
  readonly purpose: string
  readonly text: string
  readonly code?: string
}

export interface ServerOptions {
  /** The configuration, told the public URL it is for; `development` and `public_url` are filled in. */
  readonly config: (publicUrl: string) => ConfigInput
  readonly env?: Readonly<Record<string, string>>
  /** The folder of an earlier server: the same database, keys and public URL, as after a restart or for a second process. */
  readonly beside?: Pick<TestServer, 'folder' | 'publicUrl'>
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, looked at member by member in tests
  readonly body: any
}

/** TESTS ONLY: the real server as a process of its own, on free ports, with its data in a folder of its own. */
export interface TestServer {
  readonly child: ChildProcess
  readonly folder: string
  /** `http://127.0.0.1:port` */
  readonly httpUrl: string
  /** What issuers are made from; `https://localhost:port` of the first server of a folder. */
  readonly publicUrl: string
  /** What SDKs are given as `domain`. */
  readonly domain: string
  /** Everything it has logged, as text. */
  log(): string
  /** A request over plain http, for what is no SDK's. */
  send(method: string, path: string, more?: { headers?: Record<string, string>; body?: string }): Promise<Answered>
  json(path: string, body: object, headers?: Record<string, string>): Promise<Answered>
  form(path: string, body: Record<string, string>, headers?: Record<string, string>): Promise<Answered>
  admin(method: string, path: string, body?: object): Promise<Answered>
  /** Messages, newest first. */
  outbox(filter?: { to?: string; channel?: string }): Promise<readonly Mail[]>
  lastCode(filter?: { to?: string; channel?: string }): Promise<string>
  /** Moves the server's clock; its time in epoch ms. */
  advance(seconds: number): Promise<number>
  now(): Promise<number>
  /** What an authenticator app with this secret shows at the server's time. */
  totp(secret: string, stepsFromNow?: number): Promise<string>
  /** SIGTERM, or what is named; the exit code. The folder stays when `keep` says so, for a next server. */
  stop(options?: { keep?: boolean; signal?: NodeJS.Signals }): Promise<number | null>
}

/** Starts a server and waits until it is ready; this process trusts its certificate authority from then on. */
export async function startServer({ config, env = {}, beside }: ServerOptions): Promise<TestServer> {
  const folder = beside?.folder ?? mkdtempSync(join(tmpdir(), 'polyfactor-journey-'))
  const port = await freePort()
  const publicUrl = beside?.publicUrl ?? `https://localhost:${port}`
  // A restarted server listens where its public URL points; a second process beside a running one cannot.
  const tlsPort = beside && !(await isFree(Number(new URL(publicUrl).port))) ? port : Number(new URL(publicUrl).port)
  const file = join(folder, `config-${port}.json`)
  writeFileSync(file, JSON.stringify({ development: true, public_url: publicUrl, ...config(publicUrl) }))
  const child = spawn(process.execPath, [main, 'serve', '--config', file], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      TLS_PORT: String(tlsPort),
      HOST: '127.0.0.1',
      DATABASE_URL: `sqlite:${join(folder, 'store.db')}`,
      POLYFACTOR_ADMIN_TOKEN: adminToken,
      POLYFACTOR_MASTER_KEY: masterKey,
      LOG_LEVEL: 'warn',
      ...env,
    },
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  process.once('exit', () => child.kill('SIGKILL'))
  let log = ''
  child.stderr?.on('data', (chunk) => {
    log += chunk
  })
  const httpUrl = await readyUrl(child, ended, () => log)
  const pem = await (await fetch(`${httpUrl}/dev/ca.pem`)).text()
  setDefaultCACertificates([...getCACertificates('default'), pem])
  return {
    child,
    folder,
    httpUrl,
    publicUrl,
    domain: new URL(publicUrl).host,
    log: () => log,
    ...verbs(httpUrl),
    async stop({ keep = false, signal = 'SIGTERM' } = {}) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      const code = await ended
      if (!keep) rmSync(folder, { recursive: true, force: true })
      return code
    },
  }
}

function verbs(httpUrl: string) {
  const send: TestServer['send'] = async (method, path, more = {}) => {
    const reply = await fetch(`${httpUrl}${path}`, { method, redirect: 'manual', ...more })
    const text = await reply.text()
    const json = reply.headers.get('content-type')?.includes('json') && text !== ''
    return { status: reply.status, headers: reply.headers, text, body: json ? JSON.parse(text) : undefined }
  }
  const json: TestServer['json'] = (path, body, headers = {}) =>
    send('POST', path, { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  const outbox: TestServer['outbox'] = async (filter = {}) =>
    (await send('GET', `/dev/outbox?${new URLSearchParams(filter)}`)).body.messages
  const now: TestServer['now'] = async () => Date.parse((await send('GET', '/dev/clock')).body.now)
  const made = {
    send,
    json,
    outbox,
    now,
    form: (path: string, body: Record<string, string>, headers: Record<string, string> = {}) =>
      send('POST', path, {
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(body).toString(),
      }),
    admin: (method: string, path: string, body?: object) =>
      send(method, `/admin/v1${path}`, {
        headers: { authorization: `Bearer ${adminToken}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      }),
    async lastCode(filter: { to?: string; channel?: string } = {}) {
      const found = (await outbox(filter)).find((it) => it.code !== undefined)
      return found?.code ?? assert.fail(`no message with a code for ${JSON.stringify(filter)}`)
    },
    async advance(seconds: number) {
      const moved = await json('/dev/clock', { advance_seconds: seconds })
      assert.equal(moved.status, 200, moved.text)
      return Date.parse(moved.body.now)
    },
    totp: async (secret: string, stepsFromNow = 0) =>
      hotp(base32Decode(secret) as Uint8Array, totpStep(await now()) + stepsFromNow),
  }
  return made
}

async function readyUrl(child: ChildProcess, ended: Promise<number | null>, log: () => string): Promise<string> {
  let out = ''
  const line = new Promise<string>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      out += chunk
      if (out.includes('\n')) resolve(out)
    })
  })
  const early = ended.then((code): never => assert.fail(`the server ended with ${code} before it was ready: ${log()}`))
  const url = /^ready (http:\S+)/.exec(await Promise.race([line, early]))?.[1]
  return (url ?? assert.fail(`no ready line: ${out}`)).replace('//localhost', '//127.0.0.1')
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
