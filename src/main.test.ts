import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeLocalCa } from '#crypto/certificates.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
})

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'polyfactor-main-'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

type Ended = { readonly code: number | null; readonly out: string; readonly err: string; readonly ms: number }
type Options = { readonly env?: Readonly<Record<string, string>>; readonly app?: string }

/** Starts `polyfactor …` in an empty directory. `app` is the source of a stand-in for the real server. */
function start(args: readonly string[], { env = {}, app }: Options = {}) {
  const began = performance.now()
  const child = spawn(process.execPath, [...(app === undefined ? [] : standIn(app)), main, ...args], {
    cwd,
    // No child outlives its test, whatever goes wrong.
    timeout: 20_000,
    env: { PATH: process.env.PATH, PORT: '0', TLS_PORT: '0', ...env },
  })
  running.add(child)
  let out = ''
  let err = ''
  const ready = Promise.withResolvers<string>()
  child.stdout.on('data', (chunk) => {
    out += chunk
    if (out.includes('\n')) ready.resolve(out)
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      ready.reject(new Error(`ended before it was ready: ${err}`))
      resolve({ code, out, err, ms: performance.now() - began })
    })
  })
  ready.promise.catch(() => {})
  return { child, ready: ready.promise, ended }
}

function standIn(source: string): readonly string[] {
  const app = `data:text/javascript,${encodeURIComponent(source)}`
  const hook = `import { registerHooks } from 'node:module'
    registerHooks({ resolve: (name, context, next) =>
      name === '#app' ? { url: ${JSON.stringify(app)}, shortCircuit: true } : next(name, context) })`
  return ['--import', `data:text/javascript,${encodeURIComponent(hook)}`]
}

const serving = `export async function startServer(settings, log) {
  const timer = setInterval(() => {}, 1000)
  return {
    httpUrl: 'http://localhost:' + settings.http.port,
    httpsUrl: settings.https && settings.publicUrl,
    async stop() { log.info('drained'); clearInterval(timer) },
  }
}`

const failing = (error: string) => `export async function startServer(settings) {
  setInterval(() => {}, 1000)
  throw Object.assign(new Error('no: postgres://u:hunter2@h/d'), ${error})
}`

function refusal({ code, out, err, ms }: Ended, message: RegExp): void {
  assert.match(err, message)
  assert.equal(code, 1)
  assert.equal(out, '')
  assert.doesNotMatch(err, /\n\s+at |hunter2/)
  // It ends, although its timers would keep it alive; how soon depends on the machine.
  assert.ok(ms < 20_000, `took ${ms} ms`)
}

const secrets = {
  POLYFACTOR_MASTER_KEY: 'q83vEjRWeJq83hI0VniavN4SNFZ4mrzeEjRWeJq83hI=',
  POLYFACTOR_ADMIN_TOKEN: 'Zk1vQ2hXb0RlcjR0aGVUZXN0c09ubHkxMjM0NTY3ODk',
}

describe('polyfactor serve', () => {
  it('prints the ready line alone on stdout, and stops with exit 0 at SIGTERM and SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { child, ready, ended } = start([], { app: serving })
      assert.match(await ready, /^ready http:\/\/localhost:\d+ https:\/\/localhost:\d+\n$/)
      child.kill(signal)
      const { code, out, err } = await ended
      assert.equal(code, 0)
      assert.equal(out.split('\n').length, 2)
      assert.match(err, /drained/)
    }
  })

  it('names only the addresses it listens on', async () => {
    const { child, ready, ended } = start(['serve'], { app: serving, env: { TLS_PORT: 'off' } })
    assert.match(await ready, /^ready http:\/\/localhost:\d+\n$/)
    child.kill('SIGTERM')
    await ended
  })

  it('writes JSON lines to a pipe and says in them what to try in the demo', async () => {
    const { child, ready, ended } = start([], { app: serving })
    await ready
    child.kill('SIGTERM')
    const lines = (await ended).err.trim().split('\n')
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
    assert.ok(messages.some((msg) => msg.includes('/dev/outbox')))
    assert.ok(messages.some((msg) => msg.includes('curl')))
  })

  it('stops after 10 s although requests are unfinished', { timeout: 20_000 }, async () => {
    const stuck = serving.replace("log.info('drained')", 'await new Promise(() => {})')
    const { child, ready, ended } = start([], { app: stuck })
    await ready
    const told = performance.now()
    child.kill('SIGTERM')
    assert.equal((await ended).code, 0)
    assert.ok(performance.now() - told < 10_500)
  })

  it('stops when the parent it was told of is gone', async () => {
    const { ready, ended } = start([], { app: serving, env: { POLYFACTOR_PARENT_PID: '1' } })
    // Its parent is this test and not process 1, as if the launcher had died and left it behind.
    await ready
    const { code, err } = await ended
    assert.equal(code, 0)
    assert.match(err, /parent gone/)
  })

  it('keeps running while the parent it was told of lives', async () => {
    const env = { POLYFACTOR_PARENT_PID: String(process.pid) }
    const { child, ready, ended } = start([], { app: serving, env })
    await ready
    const first = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1500, 'alive'))])
    assert.equal(first, 'alive')
    child.kill('SIGTERM')
    assert.equal((await ended).code, 0)
  })

  it('stops with exit 1 and without a stack when something unforeseen is thrown', async () => {
    const late = `${serving}; setTimeout(() => { throw new Error('unforeseen') }, 300)`
    const { ended } = start([], { app: late })
    const { code, err } = await ended
    assert.equal(code, 1)
    for (const line of err.trim().split('\n')) JSON.parse(line)
    assert.match(err, /"level":"fatal".*unforeseen/)
  })

  it('refuses a bad configuration by key and mend', async () => {
    writeFileSync(join(cwd, 'c.yaml'), 'tenants:\n  - id: demo\n    domians: []\n')
    refusal(await start(['--config', 'c.yaml']).ended, /c\.yaml:3 tenants\[0\]\.domians: .*Did you mean "domains"/)
    refusal(await start(['--config', 'nope.yaml']).ended, /nope\.yaml: there is no such file/)
    refusal(await start([], { env: { PORT: 'x' } }).ended, /PORT: is no port/)
    assert.equal(existsSync(join(cwd, 'data')), false)
  })

  it('refuses the demo in production', async () => {
    refusal(await start([], { env: { NODE_ENV: 'production' } }).ended, /POLYFACTOR_CONFIG: .*refuses the demo/)
  })

  it('refuses secrets in a file that others can read', async () => {
    writeFileSync(join(cwd, 'c.yaml'), 'public_url: https://x.test\ntenants: [{ id: demo }]\n')
    writeFileSync(join(cwd, 'key'), secrets.POLYFACTOR_MASTER_KEY)
    chmodSync(join(cwd, 'key'), 0o644)
    const env = { POLYFACTOR_MASTER_KEY_FILE: 'key', POLYFACTOR_ADMIN_TOKEN: secrets.POLYFACTOR_ADMIN_TOKEN }
    refusal(await start(['--config', 'c.yaml'], { env }).ended, /POLYFACTOR_MASTER_KEY_FILE: .*chmod 600/)
  })

  it('refuses another master key than the one of the first start, though nobody has used the server yet', async () => {
    writeFileSync(join(cwd, 'c.yaml'), 'public_url: https://x.test\ntenants: [{ id: demo }]\n')
    const args = ['--config', 'c.yaml']
    const first = start(args, { env: { ...secrets, TLS_PORT: 'off' } })
    await first.ready
    first.child.kill('SIGKILL')
    await first.ended
    const other = 'T0Jvb2tzQXJlTm90RG9vcnN/AQIDBAUGBwgJCgsMDQ8='
    const env = { ...secrets, TLS_PORT: 'off', POLYFACTOR_MASTER_KEY: other }
    for (const verb of [['serve'], ['keys', 'rotate']]) {
      refusal(await start([...verb, ...args], { env }).ended, /POLYFACTOR_MASTER_KEY: does not open/)
    }
    const both = { ...env, POLYFACTOR_MASTER_KEY: `${other},${secrets.POLYFACTOR_MASTER_KEY}` }
    const rotated = start(args, { env: both })
    await rotated.ready
    rotated.child.kill('SIGTERM')
    assert.equal((await rotated.ended).code, 0)
  })

  it('keeps the certificate in use when its files are spoilt, and says so', async () => {
    const { certificatePem, privateKeyPem } = await makeLocalCa({ commonName: 'x.test', now: Date.now() })
    writeFileSync(join(cwd, 'cert.pem'), certificatePem)
    writeFileSync(join(cwd, 'key.pem'), privateKeyPem, { mode: 0o600 })
    writeFileSync(
      join(cwd, 'c.yaml'),
      'public_url: https://x.test\ntenants: [{ id: demo }]\ntls: { cert: cert.pem, key: key.pem }\n',
    )
    const { child, ready, ended } = start(['--config', 'c.yaml'], { env: { ...secrets, HOST: '127.0.0.1' } })
    await ready
    const told = new Promise<void>((done) => {
      child.stderr.on('data', (chunk) => /"level":"warn".*"key":"tls".*no PEM/.test(String(chunk)) && done())
    })
    writeFileSync(join(cwd, 'cert.pem'), 'spoilt')
    await Promise.race([told, ended.then(({ err }) => assert.fail(`ended without a word: ${err}`))])
    child.kill('SIGTERM')
    assert.equal((await ended).code, 0)
  })

  it('refuses a database that cannot be reached', async () => {
    const closed = createServer()
    await new Promise<void>((done) => closed.listen(0, '127.0.0.1', done))
    const { port } = closed.address() as { port: number }
    await new Promise((done) => closed.close(done))
    const env = { DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${port}/d` }
    refusal(await start([], { env, app: serving }).ended, /DATABASE_URL: .*ECONNREFUSED.*Start it/)
    writeFileSync(join(cwd, 'file'), '')
    const file = { DATABASE_URL: 'sqlite:./file/x.db' }
    refusal(await start([], { env: file, app: serving }).ended, /DATABASE_URL: .*file is no directory/)
  })

  it('tells what kept the server from starting, whichever room it came from', async () => {
    const told: readonly (readonly [error: string, message: RegExp])[] = [
      ["{ code: 'EADDRINUSE', syscall: 'listen', port: settings.http.port }", / PORT: port \d+ .* in use/],
      ["{ code: 'EADDRINUSE', syscall: 'listen', port: settings.https.port }", / TLS_PORT: port \d+ .* in use/],
      ["{ code: 'EADDRNOTAVAIL', syscall: 'listen' }", / HOST: .*0\.0\.0\.0/],
      ["{ name: 'SealError' }", / POLYFACTOR_MASTER_KEY: does not open/],
      ["{ name: 'StoreUnavailable' }", / DATABASE_URL: /],
      ["{ cause: Object.assign(new Error('x'), { code: '28P01' }) }", / DATABASE_URL: .*user or password/],
      ["{ key: 'delivery.sms', mend: 'Use sms:' }", / delivery\.sms: .*Use sms:/],
      ['{}', / start: no: postgres:\/\/h\/d\. Run `polyfactor doctor`/],
    ]
    await Promise.all(
      told.map(async ([error, message]) => {
        const ended = await start([], { app: failing(error) }).ended
        if (!error.includes('mend')) refusal(ended, message)
        else assert.match(ended.err, message)
      }),
    )
  })
})

describe('polyfactor', () => {
  it('lists its verbs', async () => {
    const { code, out } = await start(['--help']).ended
    assert.equal(code, 0)
    for (const verb of ['serve', 'config', 'doctor']) assert.match(out, new RegExp(`^  ${verb}`, 'm'))
  })

  it('refuses an unknown verb and an unknown option', async () => {
    refusal(await start(['srve']).ended, /srve: is no verb of polyfactor. Use one of serve, /)
    refusal(await start(['--confg', 'x']).ended, /unknown option '--confg'/)
  })

  it('checks a configuration file', async () => {
    writeFileSync(join(cwd, 'good.yaml'), 'development: true\ntenants: [{ id: demo }]\n')
    const good = await start(['config', 'check', 'good.yaml']).ended
    assert.deepEqual(
      [good.code, good.out],
      [0, 'good.yaml is valid: development, 1 tenant, 0 APIs, 0 applications, 0 users\n'],
    )
    writeFileSync(join(cwd, 'bad.yaml'), 'tenants: [{ id: demo }]\n')
    refusal(await start(['config', 'check', 'bad.yaml']).ended, /public_url: is missing/)
  })

  it('finds in a configuration file what would keep a server from applying it', async () => {
    const head = 'public_url: https://x.test\ntenants: [{ id: demo, users: [{ email: a@x.test, '
    for (const [name, user, message] of [
      [
        'phone',
        'authenticators: [{ factor: sms, phone_number: "+15555550100" }]',
        /users\[0\].*add it to phone\.countries/i,
      ],
      ['hash', 'password_hash: "$1$abc$def"', /users\[0\]\.password_hash: is no password hash/],
    ] as const) {
      writeFileSync(join(cwd, `${name}.yaml`), `${head}${user} }] }]\n`)
      const { code, out, err } = await start(['config', 'check', `${name}.yaml`]).ended
      assert.match(err, message)
      assert.deepEqual([code, out], [1, ''])
    }
    assert.equal(existsSync(join(cwd, 'data')), false)
  })

  it('prints the JSON Schema of the configuration file', async () => {
    const { code, out } = await start(['config', 'schema']).ended
    assert.equal(code, 0)
    assert.equal((JSON.parse(out) as { title: string }).title, 'Polyfactor configuration')
  })

  it('examines an installation and leaves no trace', async () => {
    const { code, out } = await start(['doctor']).ended
    assert.match(out, /^ok {2}configuration: built-in demo$/m)
    assert.match(out, / 0 to mend/)
    assert.equal(code, 0)
    assert.equal(existsSync(join(cwd, 'data')), false)
  })

  it('says what is wrong with an installation and how to mend it', async () => {
    const taken = createServer()
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
    const { port } = taken.address() as { port: number }
    writeFileSync(join(cwd, 'x.db'), 'this is no database, however long one looks at it'.repeat(200))
    writeFileSync(
      join(cwd, 'c.yaml'),
      'public_url: https://nowhere.invalid\ntenants: [{ id: demo }]\ntls: { cert: c.yaml, key: k.pem }\n',
    )
    writeFileSync(join(cwd, 'k.pem'), 'x', { mode: 0o600 })
    const env = { ...secrets, HOST: '127.0.0.1', PORT: String(port), DATABASE_URL: 'sqlite:x.db' }
    const { code, out } = await start(['doctor', '--config', 'c.yaml'], { env }).ended
    taken.close()
    assert.equal(code, 1)
    for (const line of [
      /^XX {2}database: DATABASE_URL: .*SQLite database/m,
      /^XX {2}TLS: tls: .*PEM/m,
      /^XX {2}ports: PORT: .*free port/m,
      /^XX {2}tenant domains: .*nowhere\.invalid/m,
      /^XX {2}delivery: delivery\.email: .*smtp:/m,
    ]) {
      assert.match(out, line)
    }
  })
})
