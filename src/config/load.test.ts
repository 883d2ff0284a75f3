import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Loaded, loadConfig } from './load.ts'
import { formatProblem } from './problem.ts'

const masterKey = 'q83vEjRWeJq83hI0VniavN4SNFZ4mrzeEjRWeJq83hI='
const token = 'Zk1vQ2hXb0RlcjR0aGVUZXN0c09ubHkxMjM0NTY3ODk'
const secrets = { POLYFACTOR_MASTER_KEY: masterKey, POLYFACTOR_ADMIN_TOKEN: token }
const production = 'public_url: https://login.example.com\ntenants: [{ id: demo }]\n'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'polyfactor-config-'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

function write(name: string, content: string, mode = 0o600): string {
  const path = join(cwd, name)
  writeFileSync(path, content, { mode })
  return path
}

function load(env: Record<string, string>, file?: string, execArgv: readonly string[] = []): Promise<Loaded> {
  return loadConfig({ env, cwd, execArgv, argvConfigPath: file === undefined ? undefined : write('c.yaml', file) })
}

async function problemsOf(loading: Promise<Loaded>): Promise<string> {
  const loaded = await loading
  assert.equal(loaded.ok, false)
  return loaded.ok ? '' : loaded.problems.map(formatProblem).join('\n')
}

async function settingsOf(loading: Promise<Loaded>) {
  const loaded = await loading
  assert.deepEqual(loaded.ok ? [] : loaded.problems, [])
  assert.ok(loaded.ok)
  return loaded.settings
}

describe('settings in development', () => {
  it('run the demo without a file, on the ports of the contract', async () => {
    const settings = await settingsOf(load({}))
    assert.equal(settings.demo, true)
    assert.equal(settings.development, true)
    assert.deepEqual(settings.http, { host: '127.0.0.1', port: 3000 })
    assert.deepEqual(settings.https, { host: '127.0.0.1', port: 3443 })
    assert.equal(settings.publicUrl, 'https://localhost:3443')
    assert.equal(settings.databaseUrl, `sqlite:${join(cwd, 'data/polyfactor.db')}`)
    assert.equal(settings.workers, 1)
    assert.equal(settings.logLevel, 'info')
    assert.equal(Object.isFrozen(settings.config.tenants), true)
  })

  it('make secrets at first start and use them again after', async () => {
    const first = await settingsOf(load({}))
    const second = await settingsOf(load({}))
    assert.deepEqual(first.masterKeys, second.masterKeys)
    assert.equal(first.adminToken, second.adminToken)
    assert.equal(first.masterKeys[0]?.length, 32)
    assert.equal(statSync(join(cwd, 'data/master.key')).mode & 0o777, 0o600)
    assert.equal(readFileSync(join(cwd, 'data/admin.token'), 'utf8').trim(), first.adminToken)
  })

  it('refuse a kept secret that others can read', async () => {
    await settingsOf(load({}))
    chmodSync(join(cwd, 'data/master.key'), 0o644)
    assert.match(await problemsOf(load({})), /master\.key can be read by others \(mode 0644\)\. Run: chmod 600/)
  })

  it('leave nothing behind when the start is refused', async () => {
    await problemsOf(load({ PORT: 'x' }))
    await problemsOf(load({}, 'development: true\n'))
    assert.equal(existsSync(join(cwd, 'data')), false)
  })

  it('let the public URL follow TLS_PORT, unless the file sets it', async () => {
    assert.equal((await settingsOf(load({ TLS_PORT: '8443' }))).publicUrl, 'https://localhost:8443')
    assert.equal((await settingsOf(load({ TLS_PORT: '443' }))).publicUrl, 'https://localhost')
    assert.equal((await settingsOf(load({ TLS_PORT: 'off', PORT: '8080' }))).publicUrl, 'http://localhost:8080')
    const file = 'development: true\npublic_url: https://x.test:9443/\ntenants: [{ id: demo }]\n'
    assert.equal((await settingsOf(load({ TLS_PORT: '8443' }, file))).publicUrl, 'https://x.test:9443')
  })

  it('give the demo management client its audience at the same URL', async () => {
    const { config } = await settingsOf(load({ TLS_PORT: '8443' }))
    const machine = config.tenants[0]?.applications.find(({ type }) => type === 'machine')
    assert.equal(machine?.client_grants[0]?.audience, 'https://localhost:8443/api/v2/')
  })

  it('take free ports for port 0', async () => {
    const { http, https, publicUrl } = await settingsOf(load({ PORT: '0', TLS_PORT: '0' }))
    assert.ok(http && https && http.port > 0 && https.port > 0 && http.port !== https.port)
    assert.equal(publicUrl, `https://localhost:${https.port}`)
  })

  it('send to every country when none is named', async () => {
    assert.equal((await settingsOf(load({}))).config.tenants[0]?.phone.countries, undefined)
  })

  it('take the file of POLYFACTOR_CONFIG, and --config before it', async () => {
    const file = write('env.yaml', 'development: true\ntenants: [{ id: from-env }]\n')
    assert.equal((await settingsOf(load({ POLYFACTOR_CONFIG: file }))).config.tenants[0]?.id, 'from-env')
    const both = load({ POLYFACTOR_CONFIG: file }, 'development: true\ntenants: [{ id: from-argv }]\n')
    assert.equal((await settingsOf(both)).config.tenants[0]?.id, 'from-argv')
  })

  it('keep several master keys in order', async () => {
    const other = Buffer.from(masterKey, 'base64').reverse().toString('base64')
    const { masterKeys } = await settingsOf(load({ POLYFACTOR_MASTER_KEY: `${masterKey}, ${other}` }))
    assert.deepEqual(
      masterKeys.map((key) => Buffer.from(key).toString('base64')),
      [masterKey, other],
    )
  })
})

describe('settings in production', () => {
  it('are complete with a file, a master key and an admin token', async () => {
    const settings = await settingsOf(load({ ...secrets, NODE_ENV: 'production' }, production))
    assert.equal(settings.development, false)
    assert.deepEqual(settings.http, { host: '0.0.0.0', port: 3000 })
    assert.equal(settings.https, undefined)
    assert.equal(existsSync(join(cwd, 'data')), false)
  })

  it('send to no country that is not named', async () => {
    const bare = await settingsOf(load(secrets, production))
    assert.deepEqual(bare.config.tenants[0]?.phone.countries, [])
    const named = `${production.replace('id: demo', 'id: demo, phone: { countries: [DE] }')}`
    assert.deepEqual((await settingsOf(load(secrets, named))).config.tenants[0]?.phone.countries, ['DE'])
  })

  it('take secrets from files that only their owner can read', async () => {
    const files = {
      POLYFACTOR_MASTER_KEY_FILE: write('key', `${masterKey}\n`),
      POLYFACTOR_ADMIN_TOKEN_FILE: write('token', token),
    }
    assert.equal((await settingsOf(load(files, production))).adminToken, token)
    chmodSync(files.POLYFACTOR_ADMIN_TOKEN_FILE, 0o644)
    assert.match(await problemsOf(load(files, production)), /^POLYFACTOR_ADMIN_TOKEN_FILE: .*0644.*chmod 600/)
  })

  const short = Buffer.alloc(16, 'x9').toString('base64')
  const refused: readonly (readonly [string, Record<string, string>, string | undefined, RegExp])[] = [
    ['the demo', { NODE_ENV: 'production', ...secrets }, undefined, /^POLYFACTOR_CONFIG: .*--config/m],
    [
      'development mode',
      { NODE_ENV: 'production', ...secrets },
      `development: true\n${production}`,
      /development: is true, and NODE_ENV=production.*Remove it/,
    ],
    ['a missing master key', { POLYFACTOR_ADMIN_TOKEN: token }, production, /^POLYFACTOR_MASTER_KEY: .*openssl rand/m],
    ['a missing admin token', { POLYFACTOR_MASTER_KEY: masterKey }, production, /^POLYFACTOR_ADMIN_TOKEN: is missing/m],
    ['a short master key', { ...secrets, POLYFACTOR_MASTER_KEY: short }, production, /MASTER_KEY: .*16 bytes.*openssl/],
    ['a master key that is not base64', { ...secrets, POLYFACTOR_MASTER_KEY: 'n o!' }, production, /not base64/],
    [
      'an example master key',
      { ...secrets, POLYFACTOR_MASTER_KEY: Buffer.alloc(32).toString('base64') },
      production,
      /POLYFACTOR_MASTER_KEY: .*not random/,
    ],
    [
      'a phrase as master key',
      { ...secrets, POLYFACTOR_MASTER_KEY: Buffer.from('my very secret master key, 32 by').toString('base64') },
      production,
      /POLYFACTOR_MASTER_KEY: .*a phrase, not random/,
    ],
    ['a short admin token', { ...secrets, POLYFACTOR_ADMIN_TOKEN: 'hunter2' }, production, /ADMIN_TOKEN: is too short/],
    [
      'an example admin token',
      { ...secrets, POLYFACTOR_ADMIN_TOKEN: 'changeme-changeme-changeme-changeme' },
      production,
      /ADMIN_TOKEN: is an example/,
    ],
    ['a missing public URL', secrets, 'tenants: [{ id: demo }]\n', /^public_url: is missing.*https/m],
    [
      'a public URL that is not https',
      secrets,
      'public_url: http://login.example.com\ntenants: [{ id: demo }]\n',
      /^public_url: is not https/m,
    ],
    ['an unknown setting', secrets, `${production}debug: true\n`, /debug: is no known key here/],
    ['libraries that print', { ...secrets, DEBUG: '*' }, production, /^DEBUG: .*Unset/m],
    ['a debugger', { ...secrets, NODE_OPTIONS: '--inspect=0.0.0.0' }, production, /^NODE_OPTIONS: opens a debugger/m],
    ['unchecked certificates', { ...secrets, NODE_TLS_REJECT_UNAUTHORIZED: '0' }, production, /REJECT_UNAUTHORIZED/],
    ['https without a certificate', { ...secrets, TLS_PORT: '443' }, production, /^tls: is missing.*cert, key/m],
    [
      'a certificate that is not there',
      secrets,
      `${production}tls: { cert: nope.pem, key: nope.key }\n`,
      /^tls\.cert: there is no file/m,
    ],
    ['a bad port', { ...secrets, PORT: '70000' }, production, /^PORT: is no port/m],
    ['no port at all', { ...secrets, PORT: 'off', TLS_PORT: 'off' }, production, /^PORT: and TLS_PORT are both off/m],
    ['one port twice', { ...secrets, PORT: '3443', TLS_PORT: '3443' }, production, /^TLS_PORT: is the same/m],
    ['a bad level', { ...secrets, LOG_LEVEL: 'loud' }, production, /^LOG_LEVEL: .*trace/m],
    ['a bad count of workers', { ...secrets, WORKERS: '0' }, production, /^WORKERS: .*auto/m],
    [
      'workers on a database in memory',
      { ...secrets, WORKERS: '2', DATABASE_URL: 'sqlite::memory:' },
      production,
      /^WORKERS: cannot share/m,
    ],
    ['an unknown database', { ...secrets, DATABASE_URL: 'mysql://u:p@h/d' }, production, /^DATABASE_URL: .*postgres/m],
  ]
  for (const [title, env, file, message] of refused) {
    it(`refuse ${title}`, async () => {
      assert.match(await problemsOf(load(env, file)), message)
    })
  }

  it('refuse a debugger given on the command line', async () => {
    assert.match(await problemsOf(load(secrets, production, ['--inspect'])), /opens a debugger/)
  })

  it('allow plain http on loopback', async () => {
    const file = 'public_url: http://127.0.0.1:3000\ntenants: [{ id: demo }]\n'
    assert.equal((await settingsOf(load(secrets, file))).publicUrl, 'http://127.0.0.1:3000')
  })

  it('refuse a TLS key that others can read', async () => {
    write('cert.pem', 'x')
    chmodSync(write('key.pem', 'x'), 0o644)
    const file = `${production}tls: { cert: cert.pem, key: key.pem }\n`
    assert.match(await problemsOf(load(secrets, file)), /^tls\.key: .*0644.*chmod 600/m)
  })

  it('tell all problems at once, and no secret', async () => {
    const told = await problemsOf(
      load({ POLYFACTOR_ADMIN_TOKEN: 'canary-7Hq2', DATABASE_URL: 'x:canary-7Hq2' }, production),
    )
    for (const key of ['POLYFACTOR_MASTER_KEY', 'POLYFACTOR_ADMIN_TOKEN', 'DATABASE_URL']) assert.ok(told.includes(key))
    assert.doesNotMatch(told, /canary-7Hq2/)
  })
})
