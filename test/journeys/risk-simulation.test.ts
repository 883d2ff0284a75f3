import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { firefox } from '../support/places.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { conformance, emailOf, grant, passwordOf, secretOf, someone } from './support.ts'

/** Logins from real places, rated with the tables that the packages ship, and a draft policy replayed over them. */

const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const norway = '193.213.112.4'
const brazil = '200.147.3.157'
let server: TestServer
const users = new Map<string, string>()

before(async () => {
  const withApp = someone('ada', { authenticators: [{ factor: 'totp', secret }] })
  const made = conformance([withApp, someone('bea'), someone('probe')], { mfa: { mode: 'SMART' } })
  server = await startServer({ config: (url) => ({ ...made(url), trusted_proxies: ['127.0.0.0/8'] }) })
  for (const { id, email } of (await server.admin('GET', '/tenants/demo/users')).body.items) users.set(email, id)
})
after(() => server.stop())

const idOf = (name: string): string => users.get(emailOf(name)) ?? assert.fail(`no ${name}`)

const from = (address: string) => ({ 'x-forwarded-for': address, 'user-agent': firefox })
const logIn = (name: string, address: string) =>
  server.form(
    '/oauth/token',
    {
      grant_type: 'password',
      client_id: 'web',
      client_secret: secretOf('web'),
      username: emailOf(name),
      password: passwordOf(name),
      scope: 'openid',
    },
    from(address),
  )

async function confirm(name: string, address: string) {
  const asked = await logIn(name, address)
  assert.equal(asked.body.error, 'mfa_required', asked.text)
  await server.advance(31)
  const body = {
    grant_type: grant.otp,
    client_id: 'web',
    client_secret: secretOf('web'),
    mfa_token: asked.body.mfa_token,
  }
  const done = await server.form('/oauth/token', { ...body, otp: await server.totp(secret) }, from(address))
  assert.equal(done.status, 200, done.text)
}

const decisionsOf = async (name: string) =>
  (await server.admin('GET', `/tenants/demo/users/${idOf(name)}/risk-decisions`)).body.items

const simulate = async (draft: object) => {
  const told = await server.admin('POST', '/tenants/demo/risk/simulations', draft)
  assert.equal(told.status, 200, told.text)
  return told.body
}

test('a server reads its tables ahead when the configuration has logins rated', { timeout: 30_000 }, async () => {
  for (;;) {
    await logIn('probe', brazil)
    const [newest] = await decisionsOf('probe')
    if (newest.situation.network.country !== undefined) {
      assert.equal(newest.situation.network.country, 'BR')
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
})

test('the first login is asked, the known place passes, another continent an hour later is asked', async () => {
  await confirm('ada', norway)
  await server.advance(3_600)
  assert.equal((await logIn('ada', norway)).status, 200)
  assert.equal((await logIn('ada', brazil)).body.error, 'mfa_required')
  assert.equal((await logIn('bea', norway)).body.error, 'mfa_required')
  const [far, near] = await decisionsOf('ada')
  const rules = far.findings.map((it: { rule: string }) => it.rule)
  assert.ok(rules.includes('impossible_travel') && rules.includes('new_country'), rules.join(' '))
  assert.deepEqual(
    [near.outcome, near.situation.network.country, far.situation.network.country],
    ['passed', 'NO', 'BR'],
  )
})

test('a draft says who would have been asked, blocked or left without any factor', async () => {
  const last = async (name: string, draft: object) => {
    const { users: all } = await simulate(draft)
    return all.find((it: { user: string }) => it.user === idOf(name))
  }
  assert.deepEqual((await last('ada', {})).fates, { passed: 1, asked: 2, blocked: 0, stranded: 0 })
  const off = await simulate({ mfa: { mode: 'OFF' } })
  assert.equal(off.simulated.passed, off.logins)
  const always = { mfa: { mode: 'ALWAYS' } }
  assert.deepEqual((await last('ada', always)).fates, { passed: 0, asked: 3, blocked: 0, stranded: 0 })
  assert.deepEqual((await last('bea', always)).fates, { passed: 0, asked: 0, blocked: 0, stranded: 1 })
  const refusing = { mfa: { mode: 'SMART' }, risk: { on_high: 'refuse' } }
  assert.deepEqual((await last('ada', refusing)).fates, { passed: 1, asked: 1, blocked: 1, stranded: 0 })
  const keys = { mfa: { mode: 'SMART', allowed_factors: ['sms'] } }
  assert.equal((await last('ada', keys)).fates.stranded, 1)
})

/** The command line beside the running server: what it printed. */
async function polyfactor(...args: readonly string[]): Promise<string> {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, ...args], {
    cwd: server.folder,
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: `sqlite:${join(server.folder, 'store.db')}`,
      POLYFACTOR_MASTER_KEY: 'q83vEjRWeJq83hI0VniavN4SNFZ4mrzeEjRWeJq83hI=',
      POLYFACTOR_ADMIN_TOKEN: 'Zk1vQ2hXb0RlcjR0aGVUZXN0c09ubHkxMjM0NTY3ODk',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(code, 0, err)
  return out
}

test('polyfactor risk simulate says the same beside the running server', async () => {
  const config = readdirSync(server.folder).find((file) => file.startsWith('config-')) ?? ''
  const named = ['--config', join(server.folder, config)]
  const out = await polyfactor('risk', 'simulate', ...named, '--mode', 'ALWAYS', '--json')
  const told = JSON.parse(out)
  // The development clock is the server's alone: what happened after it was moved lies ahead for the command.
  const { from, to, ...same } = await simulate({ mfa: { mode: 'ALWAYS' }, from: told.from, to: told.to })
  assert.deepEqual(told, { from, to, ...same })
  assert.ok(told.logins >= 1)
})

test('polyfactor network update is taken over by the running server within 5 s', { timeout: 30_000 }, async () => {
  writeFileSync(join(server.folder, 'moved.csv'), '193.213.112.0,193.213.112.255,SE\n')
  assert.equal(
    await polyfactor('network', 'update', '--force', '--from', 'moved.csv'),
    'country: moved.csv is in use\n',
  )
  const since = Date.now()
  for (;;) {
    await logIn('probe', norway)
    const [newest] = await decisionsOf('probe')
    const took = Date.now() - since
    if (newest.situation.network.country === 'SE') return
    assert.ok(took < 5_000, `still ${newest.situation.network.country} after ${took} ms`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
})
