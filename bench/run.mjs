/** `npm run bench`, and with a name another file of this folder: npm may run under an older Node, so the measuring itself is started under the bundled one. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from '../scripts/lib/install.mjs'
import { bundledNode } from '../scripts/lib/paths.mjs'

if (!ensureInstalled({ dev: true })) process.exit(1)
const names = ['crowd', 'pair', 'postgres', 'soak']
const [first = '', ...others] = process.argv.slice(2)
const [name, rest] = names.includes(first) ? [first, others] : ['main', process.argv.slice(2)]
const main = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
const args = ['--disable-warning=ExperimentalWarning', main, ...rest]
const child = spawn(bundledNode(), args, { stdio: 'inherit' })
child.once('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
})
