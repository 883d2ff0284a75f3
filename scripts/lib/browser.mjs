/** Finds the browser for test/browser/, or installs one from the system's packages when there is none at all. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * The path of a Chromium: CHROME_PATH if set, else the first of the usual names on PATH or in /usr/bin.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined}
 */
export function findBrowser(env = process.env) {
  if (env.CHROME_PATH) return canRun(env.CHROME_PATH) ? env.CHROME_PATH : undefined
  const folders = [...new Set([...(env.PATH ?? '').split(delimiter), '/usr/bin'])].filter((folder) => folder !== '')
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(canRun)
}

/**
 * Like findBrowser, but installs Debian's chromium when none is found. Says what it does on stderr.
 * @returns {string | undefined} undefined when there is none and none could be installed; the reason has been printed
 */
export function ensureBrowser() {
  if (process.env.CHROME_PATH && findBrowser() === undefined) {
    console.error(`CHROME_PATH is ${process.env.CHROME_PATH}, which cannot be run: correct it or unset it`)
    return undefined
  }
  const found = findBrowser()
  if (found !== undefined) return found
  console.error('no Chromium found: installing the package "chromium" with apt-get; this takes a minute or two …')
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const { status, error } = spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env })
    if (status !== 0) {
      const why = error?.message ?? `apt-get ${args[0]} ended with ${status}`
      console.error(`could not install a browser (${why}): install Chromium yourself and set CHROME_PATH to it`)
      return undefined
    }
  }
  return findBrowser()
}

/** @param {string} path */
function canRun(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
