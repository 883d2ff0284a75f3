/**
 * `npm run example:entra`: the sample single-page application at http://localhost:5173, for a server started by
 * `npm start`. Runs under any Node from 20 on; installs what is missing, as `npm start` does. Arguments go to Vite.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureInstalled } from './lib/install.mjs'
import { bundledNode, root } from './lib/paths.mjs'

if (ensureInstalled({ dev: true })) {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const config = join(root, 'examples', 'entra-react', 'vite.config.ts')
  const args = ['--disable-warning=ExperimentalWarning', vite, '--config', config, ...process.argv.slice(2)]
  const child = spawn(bundledNode(), args, { cwd: root, stdio: 'inherit' })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => {
    process.exitCode = code ?? 0
  })
} else process.exitCode = 1
