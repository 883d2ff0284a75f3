import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { readBuiltPages } from '#dialects/hosted/static-files.ts'
import { openChromium } from './support/chromium.ts'
import { openStage, type Stage } from './support/stage.ts'

/** What the login page may cost: 90 KB of JavaScript, gzipped; and it asks nobody but us. */
const budget = 90_000

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

for (const language of ['en', 'ja', 'ar']) {
  for (const name of ['login', 'password', 'challenge-app']) {
    test(`${name} loads less than 90 KB of JavaScript (${language}), and nothing from elsewhere`, async () => {
      const pages = readBuiltPages()
      assert.ok(pages)
      const page = await browser.newPage()
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.goto(stage.addressOf(name, { language }), { waitUntil: 'networkidle' })
      await page.close()
      const own = asked.filter((url) => url.startsWith(stage.url) || url.startsWith('data:'))
      assert.deepEqual(asked, own)
      const scripts = own.filter((url) => url.endsWith('.js')).map((url) => url.slice(url.lastIndexOf('/') + 1))
      const bytes = [...new Set(scripts)].reduce((sum, file) => sum + (pages.contents.get(file)?.gzip.length ?? 0), 0)
      assert.ok(scripts.length > 0 && bytes > 10_000, 'the scripts were counted')
      assert.ok(bytes < budget, `${bytes} bytes`)
    })
  }
}
