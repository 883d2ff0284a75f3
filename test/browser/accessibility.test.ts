import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { axe, faults } from './support/axe.ts'
import { openChromium } from './support/chromium.ts'
import { openStage, type Stage } from './support/stage.ts'
import { states } from './support/states.ts'
import { viewAs } from './support/view.ts'

/** axe-core over every page in every state: light and dark, from a small phone to a large window, and right to left. */

/** What depends on colours and sizes; all else is the same in every window, and is looked at in the first. */
const ofLook = ['color-contrast', 'target-size', 'scrollable-region-focusable', 'meta-viewport']

let browser: Browser
let stage: Stage
before(async () => {
  stage = await openStage()
  browser = await openChromium()
})
after(async () => {
  await browser.close()
  await stage.close()
})

interface Views {
  /** px */
  readonly widths: readonly number[]
  readonly schemes: readonly ('light' | 'dark')[]
}

/** The same page in several windows and schemes. */
async function faultsIn({ widths, schemes }: Views, page: Page): Promise<readonly string[]> {
  const found: string[] = []
  for (const colorScheme of schemes) {
    for (const width of widths) {
      await viewAs(page, colorScheme, width)
      const first = width === widths[0] && colorScheme === schemes[0]
      const here = await faults(page, first ? undefined : ofLook)
      found.push(...here.map((it) => `${width} px, ${colorScheme}: ${it}`))
    }
  }
  return found
}

const both = ['light', 'dark'] as const
const kinds = [
  { title: 'in English', language: 'en', branded: false, views: { widths: [320, 768, 1440], schemes: both } },
  { title: 'with a tenant’s colours and logo', language: 'en', branded: true, views: { widths: [768], schemes: both } },
  { title: 'in Arabic', language: 'ar', branded: false, views: { widths: [320, 1440], schemes: ['dark'] } },
] as const

for (const { title, views, ...options } of kinds) {
  describe(`axe-core finds nothing on any page ${title}`, { concurrency: 3 }, () => {
    let context: BrowserContext
    before(async () => {
      context = await browser.newContext({ reducedMotion: 'reduce' })
      await context.addInitScript(axe)
    })
    after(() => context.close())
    // What is done on a page is told in English words; branding touches colours, which a few pages show all of.
    const shown = states
      .filter(({ act }) => options.language === 'en' || act === undefined)
      .filter(({ name }) => !options.branded || /^(login|password-wrong|enrol|challenge-app|account)$/.test(name))
    for (const { name, act } of shown) {
      test(`${name}`, async () => {
        const page = await context.newPage()
        const said: string[] = []
        page.on('console', (message) => message.type() === 'error' && said.push(message.text()))
        page.on('pageerror', (error) => said.push(String(error)))
        await page.goto(stage.addressOf(name, options))
        await page.locator('h1').first().waitFor()
        await act?.(page)
        await page.locator('.phone-place').waitFor({ state: 'detached' })
        assert.deepEqual(await faultsIn(views, page), [])
        // A refused call of the API is told on the console by the browser itself.
        assert.deepEqual(
          said.filter((it) => !/Failed to load resource: .* 4\d\d/.test(it)),
          [],
          'console',
        )
        await page.close()
      })
    }
  })
}

interface Shifts {
  shifts?: number
}

test('no page moves while it is drawn', async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } })
  await context.addInitScript(() => {
    const seen = globalThis as Shifts
    new PerformanceObserver((list) => {
      for (const it of list.getEntries()) {
        seen.shifts = (seen.shifts ?? 0) + (it as PerformanceEntry & { readonly value: number }).value
      }
    }).observe({ type: 'layout-shift', buffered: true })
  })
  const page = await context.newPage()
  for (const name of ['login', 'password', 'challenge-app', 'enrol', 'enrol-app', 'recovery-codes', 'account']) {
    await page.goto(stage.addressOf(name))
    await page.locator('h1').first().waitFor()
    await page.waitForTimeout(300)
    assert.equal(await page.evaluate(() => (globalThis as Shifts).shifts ?? 0), 0, name)
  }
  await context.close()
})
