import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

const library = new URL('../../scripts/lib/supervise.mjs', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 'polyfactor-supervise-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Writes a small program and answers its path. */
function program(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const supervisor = program(
  'supervisor.mjs',
  `import { supervise } from ${JSON.stringify(library)}
   const [watch, file] = process.argv.slice(2)
   console.log('supervisor ' + process.pid)
   process.exitCode = await supervise(process.execPath, [file], watch === 'watch' ? { parent: process.ppid } : {})`,
)

const server = program(
  'server.mjs',
  `const stay = setInterval(() => {}, 1000)
   for (const signal of ['SIGTERM', 'SIGINT']) {
     process.on(signal, () => { console.log('got ' + signal); clearInterval(stay); process.exitCode = 3 })
   }
   console.log('server ' + process.pid + ' of ' + process.env.POLYFACTOR_PARENT_PID)`,
)

/** A parent that starts the supervisor and then only waits. */
const parent = program(
  'parent.mjs',
  `import { spawn } from 'node:child_process'
   spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' })
   setInterval(() => {}, 1000)`,
)

const run = (...args: readonly string[]) => spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })

/** Reads a program's output until it says what is looked for. */
async function says(child: ChildProcess, what: RegExp): Promise<RegExpExecArray> {
  let heard = ''
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    heard += chunk
    const found = what.exec(heard)
    if (found !== null) return found
  }
  return assert.fail(`it never said ${what}, only: ${heard}`)
}

describe('a supervised program', () => {
  test('gives its exit code to the supervisor', async () => {
    const [code] = await once(run(supervisor, 'alone', program('seven.mjs', 'process.exit(7)')), 'exit')
    assert.equal(code, 7)
  })

  test('that a signal ended shows as 128 and the number of the signal', async () => {
    const [code] = await once(
      run(supervisor, 'alone', program('killed.mjs', "process.kill(process.pid, 'SIGKILL')")),
      'exit',
    )
    assert.equal(code, 137)
  })

  test('knows the process whose death it should watch for', async () => {
    const child = run(supervisor, 'alone', server)
    const [, boss, told] = await says(child, /supervisor (\d+)\nserver \d+ of (\d+)\n/)
    child.kill('SIGTERM')
    assert.equal(told, boss)
    assert.equal(Number(boss), child.pid)
    await once(child, 'exit')
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`hears ${signal} and ends in its own time`, async () => {
      const child = run(supervisor, 'alone', server)
      const exit = once(child, 'exit')
      await says(child, /server \d+/)
      child.kill(signal)
      await says(child, new RegExp(`got ${signal}`))
      assert.deepEqual(await exit, [3, null])
    })
  }

  test('is asked to stop when the parent of its supervisor was killed', async () => {
    const child = run(parent, supervisor, 'watch', server)
    const exit = once(child, 'exit')
    await says(child, /server \d+/)
    child.kill('SIGKILL')
    await exit
    await says(child, /got SIGTERM/)
  })

  test('outlives the parent of a supervisor that does not watch', async () => {
    const child = run(parent, supervisor, 'alone', server)
    const exit = once(child, 'exit')
    const [, pid] = await says(child, /server (\d+)/)
    child.kill('SIGKILL')
    await exit
    await new Promise((resolve) => setTimeout(resolve, 1200)) // more than two looks at the parent
    process.kill(Number(pid), 'SIGINT') // throws if it has gone
    await says(child, /got SIGINT/)
  })
})

test('npm start puts the supervisor in the place of the shell, or the death of npm would stay unseen', () => {
  const file = new URL('../../package.json', import.meta.url)
  const { scripts } = JSON.parse(readFileSync(file, 'utf8')) as { scripts: { start: string } }
  assert.match(scripts.start, /^exec node /)
})
