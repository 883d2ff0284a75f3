import assert from 'node:assert/strict'
import { type Browser, chromium } from 'playwright-core'
import { findBrowser } from '../../../scripts/lib/browser.mjs'

/** Nothing but what is asked for goes over the network, and nothing needs a screen or a sandbox of its own. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--no-first-run',
  '--force-color-profile=srgb',
]

/** TESTS ONLY: the system's Chromium. `npm test` installs one where there is none. */
export function openChromium(): Promise<Browser> {
  const executablePath = findBrowser()
  assert.ok(executablePath, 'no Chromium: install one, or set CHROME_PATH')
  return chromium.launch({ executablePath, args: flags, headless: true })
}
