/** Whether the hosted pages are older than their sources, and the build that mends it. Runs under any Node from 20 on. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { ensureInstalled } from './install.mjs'
import { bundledNode, root } from './paths.mjs'

/** Where the built pages lie; git ignores it. */
export const pagesFolder = join(root, 'dist', 'pages')

const stampFile = join(pagesFolder, 'stamp')

/** Everything that ends up in the pages, or decides how: by content, since a checkout gives every file a new date. */
export function stampOfSources() {
  const hash = createHash('sha256')
  const sources = readdirSync(join(root, 'web'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(root, 'web', name))
    .filter((file) => statSync(file).isFile())
    .sort()
  const own = ['scripts/build-pages.mjs', 'package-lock.json'].map((name) => join(root, name))
  for (const file of [...sources, ...own]) {
    hash.update(file.slice(root.length).replaceAll(sep, '/')).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

/** @param {string} stamp */
export const writeStamp = (stamp) => writeFileSync(stampFile, stamp)

/**
 * Builds the pages when they are older than their sources.
 * @returns {boolean} false when that failed; it has then been said why
 */
export function ensurePages() {
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stampOfSources()) return true
  if (!ensureInstalled({ dev: true })) return false
  const began = Date.now()
  console.error('building the pages (they are older than their sources) …')
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'scripts', 'build-pages.mjs')]
  const { status, signal, error } = spawnSync(bundledNode(), args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) {
    console.error(`could not build the pages: ${error?.message ?? `the build ended with ${status ?? signal}`}`)
    return false
  }
  console.error(`built the pages in ${((Date.now() - began) / 1000).toFixed(1)} s`)
  return true
}
