import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const cwd = mkdtempSync(join(tmpdir(), 'polyfactor-workers-'))
const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(cwd, { recursive: true, force: true })
})

/** A stand-in for the server: tells its process id, and drains a slow request before it stops. */
const serving = `import { createServer } from 'node:http'
export async function startServer(settings, log) {
  const server = createServer(async ({ url }, answer) => {
    if (url === '/slow') await new Promise((done) => setTimeout(done, 600))
    answer.setHeader('connection', 'close').end(String(process.pid))
  })
  await new Promise((done) => server.listen(settings.http.port, '127.0.0.1', done))
  return { httpUrl: 'http://127.0.0.1:' + settings.http.port, stop: () => new Promise((done) => server.close(done)) }
}`

function start(app: string, workers: string) {
  const url = `data:text/javascript,${encodeURIComponent(app)}`
  const hook = `import { registerHooks } from 'node:module'
    registerHooks({ resolve: (name, context, next) =>
      name === '#app' ? { url: ${JSON.stringify(url)}, shortCircuit: true } : next(name, context) })`
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, main], {
    cwd,
    timeout: 30_000,
    env: { PATH: process.env.PATH, PORT: '0', TLS_PORT: 'off', WORKERS: workers },
  })
  running.add(child)
  let out = ''
  let err = ''
  const ready = Promise.withResolvers<string>()
  child.stdout.on('data', (chunk) => {
    out += chunk
    const line = /^ready (\S+)\n/.exec(out)?.[1]
    if (line) ready.resolve(line)
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      ready.reject(new Error(`ended with ${code}: ${err}`))
      resolve({ code, out, err })
    })
  })
  ready.promise.catch(() => {})
  return { child, ready: ready.promise, ended }
}

const ask = async (url: string) => Number(await (await fetch(url)).text())
const askMany = async (url: string) => new Set(await Promise.all(Array.from({ length: 12 }, () => ask(url))))
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('several processes serve one port, say ready once, and stop together without dropping a request', async () => {
  const { child, ready, ended } = start(serving, '3')
  const url = await ready
  const pids = await askMany(url)
  assert.equal(pids.size, 3)
  const slow = ask(`${url}/slow`)
  await new Promise((resolve) => setTimeout(resolve, 200))
  child.kill('SIGTERM')
  assert.ok(pids.has(await slow))
  const { code, out } = await ended
  assert.equal(code, 0)
  assert.equal(out, `ready ${url}\n`)
  for (const pid of pids) assert.equal(isAlive(pid), false)
})

test('a worker that is killed is replaced, and the others serve meanwhile', async () => {
  const { child, ready, ended } = start(serving, '2')
  const url = await ready
  const [victim, survivor] = [...(await askMany(url))] as [number, number]
  process.kill(victim, 'SIGKILL')
  const until = performance.now() + 10_000
  for (let seen = new Set([survivor]); seen.size < 2; ) {
    assert.ok(performance.now() < until, 'nobody took its place')
    await new Promise((resolve) => setTimeout(resolve, 50))
    seen = await askMany(url)
    assert.ok(seen.has(survivor))
    assert.equal(seen.has(victim), false)
  }
  child.kill('SIGTERM')
  const { code, err } = await ended
  assert.equal(code, 0)
  assert.match(err, new RegExp(`worker ${victim} died`))
})

test('a start that fails in the first process fails as a whole, said once', async () => {
  const failing = `export async function startServer() { throw Object.assign(new Error('is no use'), { key: 'PORT', mend: 'Mend it' }) }`
  const { code, out, err } = await start(failing, '2').ended
  assert.equal(code, 1)
  assert.equal(out, '')
  assert.equal(err.match(/PORT: is no use/g)?.length, 1)
})
