import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startServer, type TestServer } from '../support/server.ts'
import { conformance, emailOf, passwordOf, secretOf, someone } from './support.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
let server: TestServer

before(async () => {
  server = await startServer({ config: conformance([someone('ada')]) })
})
after(() => server.stop())

/** Runs a verb of the command line on the server's own database. */
function run(...args: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], {
    cwd: server.folder,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: `sqlite:${join(server.folder, 'store.db')}`,
      POLYFACTOR_MASTER_KEY: 'q83vEjRWeJq83hI0VniavN4SNFZ4mrzeEjRWeJq83hI=',
      POLYFACTOR_ADMIN_TOKEN: 'Zk1vQ2hXb0RlcjR0aGVUZXN0c09ubHkxMjM0NTY3ODk',
      POLYFACTOR_CONFIG: join(server.folder, `config-${new URL(server.publicUrl).port}.json`),
    },
  })
  return { out: stdout, err: stderr, status }
}

/** Asks again until it holds; the test's own time limit is the bound. */
async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('the audit chain of a running server', () => {
  test('links logins within seconds, exports while it runs, and verify finds what was done to the file', async () => {
    await server.form('/oauth/token', {
      grant_type: 'password',
      client_id: 'web',
      client_secret: secretOf('web'),
      username: emailOf('ada'),
      password: passwordOf('ada'),
      scope: 'openid',
    })
    const types = async () =>
      (await server.admin('GET', '/tenants/demo/events')).body.items.map((it: { type: string }) => it.type)
    assert.ok((await types()).some((it: string) => it.startsWith('login.') || it.startsWith('mfa.')))
    const chain = await eventually(async () => {
      const { body } = await server.admin('GET', '/tenants/demo/audit')
      return body.seq > 0 ? body : undefined
    })
    const file = join(server.folder, 'audit.jsonl')
    const [keys, head] = [join(server.folder, 'keys.json'), join(server.folder, 'head.jws')]
    writeFileSync(keys, JSON.stringify(chain.keys.map((it: { public_jwk: object }) => it.public_jwk)))
    assert.equal(run('audit', 'export', '--out', file).status, 0)
    const nowhere = run('audit', 'export', '--out', join(server.folder, 'no-folder', 'audit.jsonl'))
    assert.equal(nowhere.status, 1)
    assert.match(nowhere.err, /--out: .*no-folder.* cannot be written \(ENOENT\)\. Name a file/)
    const kept = run('audit', 'head')
    assert.equal(kept.status, 0)
    writeFileSync(head, kept.out)
    const good = run('audit', 'verify', file, '--key', keys, '--head', head)
    assert.equal(good.status, 0, good.out + good.err)
    assert.match(good.out, /every row is as it was written/)

    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    const rows = lines.flatMap((line, at) => (line.startsWith('{"seq":') ? [at] : []))
    const [first = 0, second = 0] = rows
    const damage: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
      flipped: [lines.with(first, (lines[first] as string).replace('"actor":"', '"actor":"x')), /row 1 .+ was changed/],
      dropped: [lines.toSpliced(second, 1), /row 2 .+ is missing/],
      reordered: [
        lines.with(first, lines[second] as string).with(second, lines[first] as string),
        /row 1 .+ stands after row 2/,
      ],
      inserted: [
        lines.toSpliced(
          second,
          0,
          (lines[second] as string).replace(/"event":\{/, '"event":{"x":1,').replace(/"id":"\w+"/, '"id":"new"'),
        ),
        /event new was inserted/,
      ],
      cut: [lines.slice(0, second + 1), /missing at the end/],
    }
    for (const [what, [damaged, named]] of Object.entries(damage)) {
      writeFileSync(file, `${damaged.join('\n')}\n`)
      const told = run('audit', 'verify', file, '--key', keys)
      assert.equal(told.status, 1, what)
      assert.match(told.out, named, what)
    }
  })
})
