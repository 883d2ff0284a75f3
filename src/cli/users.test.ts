import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { applyConfig } from '#admin/apply.ts'
import { parseConfig } from '#config/read.ts'
import { openStore } from '#stores/open.ts'
import { openWorld } from '#test/support/world.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const config = `
development: true
tenants:
  - id: shop
    name: Shop
    users: [{ email: ada@example.com, password: a sufficiently long sentence }]
`
let dir: string

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'polyfactor-cli-'))
  writeFileSync(join(dir, 'shop.yaml'), config)
  const world = await openWorld()
  const store = await openStore(`sqlite:${join(dir, 'cli.db')}`)
  const read = parseConfig(config, 'shop.yaml')
  assert(read.ok)
  await applyConfig({ ...world.parts, store }, read.config)
  await store.close()
  await world.store.close()
})

after(() => rmSync(dir, { recursive: true }))

function run(args: readonly string[], input = '') {
  const env = {
    ...process.env,
    DATABASE_URL: `sqlite:${join(dir, 'cli.db')}`,
    POLYFACTOR_CONFIG: join(dir, 'shop.yaml'),
  }
  const done = spawnSync(process.execPath, [main, ...args], { cwd: dir, env, input, encoding: 'utf8' })
  return { code: done.status, out: done.stdout.trim(), err: done.stderr }
}

test('users are created with a password from standard input, and listed', () => {
  const made = run(['users', 'create', '--email', 'zoe@example.com', '--password-stdin'], 'another long sentence\n')
  assert.equal(made.code, 0, made.err)
  const listed = run(['users', 'list', '--json'])
  const emails = listed.out.split('\n').map((line) => JSON.parse(line).email as string)
  assert.deepEqual(emails.sort(), ['ada@example.com', 'zoe@example.com'])
  const again = run(['users', 'create', '--email', 'zoe@example.com'])
  assert.equal(again.code, 1)
  assert.match(again.err, /error admin API/)
})

test('an import tells what became of each row, and a reset removes the factors it brought', () => {
  const rows = [{ email: 'max@example.com', mfa_factors: [{ totp: { secret: 'JBSWY3DPEHPK3PXP' } }] }, { nope: 1 }]
  writeFileSync(join(dir, 'users.json'), JSON.stringify(rows))
  const done = run(['users', 'import', join(dir, 'users.json')])
  assert.equal(done.code, 1)
  assert.equal(done.out, '1 created, 1 failed')
  assert.match(done.err, /user 1: invalid/)
  const reset = run(['users', 'reset-mfa', 'max@example.com', '--reason', 'lost the phone'])
  assert.equal(reset.code, 0, reset.err)
  assert.equal(reset.out, '1 authenticators removed')
})

test('keys younger than a day rotate only by force with a reason', () => {
  assert.match(run(['keys', 'rotate']).out, /the next key may be used from/)
  assert.equal(run(['keys', 'rotate', '--force']).code, 1)
  assert.match(run(['keys', 'rotate', '--force', '--reason', 'it leaked']).out, /is active/)
})

test('a tenant that is not there is named', () => {
  const refused = run(['users', 'list', '--tenant', 'nobody'])
  assert.equal(refused.code, 1)
  assert.match(refused.err, /no tenant nobody/)
})
