/**
 * The work of `npm run screenshots`: every page in every state, light, dark, narrow and in Arabic, into screenshots/, which git
 * ignores. For looking at: nothing is compared.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openChromium } from '../test/browser/support/chromium.ts'
import { openStage } from '../test/browser/support/stage.ts'
import { states } from '../test/browser/support/states.ts'
import { root } from './lib/paths.mjs'

const folder = join(root, 'screenshots')
const wanted = process.argv.slice(2)
const kinds = [
  { kind: 'light', width: 1280, height: 900, colorScheme: 'light' },
  { kind: 'dark', width: 1280, height: 900, colorScheme: 'dark' },
  { kind: 'narrow', width: 320, height: 640, colorScheme: 'light' },
  { kind: 'arabic', width: 390, height: 844, colorScheme: 'light', language: 'ar' },
  { kind: 'japanese', width: 390, height: 844, colorScheme: 'dark', language: 'ja' },
  { kind: 'branded', width: 768, height: 900, colorScheme: 'light', branded: true },
] as const

if (wanted.length === 0) rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const stage = await openStage()
const browser = await openChromium()
for (const { kind, width, height, colorScheme, ...options } of kinds) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  for (const { name, act } of states) {
    if (wanted.length > 0 && !wanted.some((it) => name.startsWith(it))) continue
    // What is done on a page is told in English words.
    if (act !== undefined && 'language' in options) continue
    await page.goto(stage.addressOf(name, options), { waitUntil: 'load' })
    await act?.(page)
    await page.locator('h1').first().waitFor()
    await page.waitForTimeout(120)
    await page.screenshot({ path: join(folder, `${name}.${kind}.png`), fullPage: true })
  }
  await context.close()
  console.log(kind)
}
await browser.close()
await stage.close()
