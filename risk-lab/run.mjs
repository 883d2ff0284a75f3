/** `npm run risk:evaluate`, `npm run risk:speed`: npm may run under an older Node, so the work is started under the bundled one. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from '../scripts/lib/install.mjs'
import { bundledNode } from '../scripts/lib/paths.mjs'

if (!ensureInstalled({ dev: true })) process.exit(1)
const [name = 'main', ...args] = process.argv.slice(2)
const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
// Half a million scored logins are kept at a time.
const node = ['--disable-warning=ExperimentalWarning', '--max-old-space-size=8192']
process.exitCode = spawnSync(bundledNode(), [...node, file, ...args], { stdio: 'inherit' }).status ?? 1
