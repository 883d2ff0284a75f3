import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import type { AxeResults } from 'axe-core'
import { contrast } from '#model/colours.ts'
import { openPlace, type Place } from './support/place.ts'
import { soon } from './support/soon.ts'

/** A tenant's own face, configured as operators do it, in a real browser; and what they or their users might hide in it (S-134). */

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const hostile = '<img src=x onerror="globalThis.harmed=1">'
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3" onload="parent.harmed=1"><script>parent.harmed=1</script><rect width="9" height="3" fill="#8a6a00"/></svg>`

let place: Place
before(async () => {
  place = await openPlace(['ada'], {
    name: `Northwind ${hostile}`,
    branding: {
      logo: `data:image/svg+xml;base64,${Buffer.from(drawing).toString('base64')}`,
      accent: '#f2b705',
      background: '#f3efe4',
      background_dark: '#12100a',
      radius: 4,
      font: 'Georgia, serif',
      texts: { en: { 'identify.title': `Welcome aboard ${hostile}` } },
    },
  })
})
after(() => place.close())

test('S-134: colours, corners, font, logo and words are the tenant’s; axe finds nothing, nothing runs, nobody else is asked', async () => {
  await using ada = await place.person({ clientId: 'relaxed' })
  const { page } = ada
  const strangers: string[] = []
  const own = new URL(place.server.publicUrl).origin
  page.on('request', (it) => {
    const { origin, protocol } = new URL(it.url())
    if (protocol !== 'data:' && origin !== own && origin !== new URL(place.spa.url).origin) strangers.push(it.url())
  })
  const complaints: string[] = []
  page.on('console', (it) => /Content.Security.Policy|Refused to/i.test(it.text()) && complaints.push(it.text()))
  await page.context().addInitScript(axe)
  await ada.signIn()
  await page.getByRole('heading', { name: /^Welcome aboard <img/ }).waitFor()
  const login = page.url()
  const look = () =>
    page.evaluate(() => {
      const button = document.querySelector('.button-primary')
      const of = (it: Element | null) => getComputedStyle(it ?? document.body)
      const hex = (text: string) =>
        `#${(text.match(/\d+/g) ?? [])
          .slice(0, 3)
          .map((it) => Number(it).toString(16).padStart(2, '0'))
          .join('')}`
      const logo = document.querySelector('img')
      return {
        ground: hex(of(document.body).backgroundColor),
        button: hex(of(button).backgroundColor),
        words: hex(of(button).color),
        font: of(document.body).fontFamily,
        logo: logo?.complete === true && logo.naturalWidth > 0,
      }
    })
  for (const [colorScheme, ground] of [
    ['light', '#f3efe4'],
    ['dark', '#12100a'],
  ] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const seen = await soon(look, (it) => it.ground === ground && it.logo)
    assert.deepEqual([seen.ground, seen.logo], [ground, true])
    assert.ok(contrast(seen.button, seen.words) >= 4.5, JSON.stringify(seen))
    assert.match(seen.font, /^Georgia/)
    for (const path of [login, '/activate', '/oidc/logout', '/u/new-password?ticket=x', '/enrollment?ticket_id=x']) {
      await page.goto(new URL(path, place.server.publicUrl).href)
      await page.locator('h1').first().waitFor()
      const { violations } = await page.evaluate(async () => {
        const { axe: run } = globalThis as unknown as { axe: { run: (root: unknown) => Promise<AxeResults> } }
        return await run.run(document)
      })
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map((it) => `${id}: ${it.html.slice(0, 200)} ${it.failureSummary}`),
      )
      assert.deepEqual(found, [], `${colorScheme} ${path}`)
      assert.equal(await page.evaluate(() => 'harmed' in globalThis), false, path)
    }
    await page.goto(login)
    await page.locator('.button-primary').first().waitFor()
  }
  assert.deepEqual([strangers, complaints], [[], []])
})
