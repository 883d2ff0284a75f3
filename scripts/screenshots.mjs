/**
 * `npm run screenshots [-- NAME…]`: builds the pages, finds or installs a browser, and writes every page in every state into
 * screenshots/. Runs under any Node from 20 on; the work is done by screenshots.ts under the bundled one.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureBrowser } from './lib/browser.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ensurePages } from './lib/pages.mjs'
import { bundledNode, root } from './lib/paths.mjs'

const browser = ensureInstalled({ dev: true }) && ensurePages() ? ensureBrowser() : undefined
if (browser === undefined) process.exitCode = 1
else {
  const args = [join(root, 'scripts', 'screenshots.ts'), ...process.argv.slice(2)]
  const run = spawnSync(bundledNode(), args, { stdio: 'inherit', env: { ...process.env, CHROME_PATH: browser } })
  process.exitCode = run.status ?? 1
}
