/**
 * `npm start`: everything between a fresh clone and a listening server. Runs under any Node from 20 on, without packages,
 * because there may be none yet. package.json starts it by `exec`, so that no shell stands between npm and us and hides
 * npm's death. Arguments after `--` go to the server: `npm start -- --config FILE`.
 */
import { ensureInstalled } from './lib/install.mjs'
import { ensurePages } from './lib/pages.mjs'
import { runPolyfactor } from './lib/supervise.mjs'

// Read before anything slow: a parent that dies while we install must not leave a server behind.
const parent = process.ppid

const ready = ensureInstalled({ dev: false }) && ensurePages()
process.exitCode = ready ? await runPolyfactor(['serve', ...process.argv.slice(2)], { parent }) : 1
