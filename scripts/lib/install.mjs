/**
 * Installs what is missing, and nothing when nothing is. The packages named in package-lock.json are the only download.
 *
 * npm keeps a stamp of its own, node_modules/.package-lock.json, written when an installation has ended well. We read that
 * one instead of a second: it is right after `npm install` too, and a lock file that only got a newer date (a checkout, a
 * copy) costs nobody a second installation.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundledNode, root } from './paths.mjs'

/** @typedef {{ version?: string, integrity?: string, dev?: boolean, optional?: boolean, devOptional?: boolean, link?: boolean }} Entry */

/**
 * Why an installation is needed, in words for the person who waits for it; undefined when all is there.
 * @param {string} base the checkout
 * @param {{ dev: boolean }} options dev: the packages for checks and tests count too
 * @returns {string | undefined}
 */
export function whatIsMissing(base, { dev }) {
  const wanted = packagesOf(join(base, 'package-lock.json'))
  if (wanted === undefined) throw new Error(`no readable package-lock.json in ${base}: is this a whole checkout?`)
  const present = packagesOf(join(base, 'node_modules', '.package-lock.json'))
  if (present === undefined) return 'nothing is installed yet'
  if (!existsSync(bundledNode(base))) return 'the runtime (package "node") is missing'
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link || (entry.dev && !dev)) continue
    const have = present[path]
    const mayBeAbsent = entry.optional || entry.devOptional // other platforms' binaries, mostly
    if (have === undefined ? !mayBeAbsent : have.version !== entry.version || have.integrity !== entry.integrity) {
      return `${path.replace(/^.*node_modules\//, '')} is ${have === undefined ? 'missing' : 'not the version in the lock file'}`
    }
  }
  return undefined
}

/**
 * Brings node_modules to what package-lock.json says. Reports on stderr, since stdout belongs to the program that follows.
 * @param {{ dev: boolean }} options
 * @returns {boolean} false when npm failed; it has then said why
 */
export function ensureInstalled({ dev }) {
  const reason = whatIsMissing(root, { dev })
  if (reason === undefined) return true
  const began = Date.now()
  console.error(`installing the packages of package-lock.json (${reason}); this takes a minute or so …`)
  const args = ['ci', '--no-audit', '--no-fund', ...(dev ? ['--include=dev'] : [])]
  // npm's words go to stderr (descriptor 2) as well.
  const npm = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (npm.status !== 0) {
    const why = npm.error === undefined ? `npm ci ended with ${npm.status ?? npm.signal}` : npm.error.message
    console.error(
      `could not install the packages: ${why}. Check the network and the registry (npm ping), then try again.`,
    )
    return false
  }
  if (!existsSync(bundledNode())) {
    console.error(
      'npm ran, but package "node" brought no runtime: allow its install script (npm config get ignore-scripts).',
    )
    return false
  }
  console.error(`installed in ${Math.round((Date.now() - began) / 1000)} s`)
  return true
}

/**
 * @param {string} file
 * @returns {Record<string, Entry> | undefined}
 */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined // absent, or half written by an installation that was cut off: both mean "install"
  }
}
