import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { messageLanguages } from '#model/message-texts.ts'
import { site } from './testing/site.ts'
import { world } from './testing/world.ts'

let at: Awaited<ReturnType<typeof site>>
before(async () => {
  at = await site(await world())
})
after(() => at.close())

test('the plain pages speak the language of the browser, in our style and under a policy that loads nothing else', async () => {
  const titles = new Set<string>()
  for (const language of messageLanguages) {
    const shown = await at.fetch('/activate', { headers: { 'accept-language': `${language}-XX, en;q=0.5` } })
    const text = await shown.text()
    assert.match(text, new RegExp(`<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}">`))
    assert.match(text, /<link rel="stylesheet" href="\/u\/pages\.css"><link rel="stylesheet" href="\/u\/brand\.css">/)
    assert.doesNotMatch(text, /<script|style=|onfocus/)
    assert.match(text, /<label for="user_code">/)
    const policy = String(shown.headers.get('content-security-policy'))
    assert.match(policy, /default-src 'none'; style-src 'self'/)
    titles.add(/<title>([^<]+)/.exec(text)?.[1] ?? '')
  }
  assert.equal(titles.size, messageLanguages.length)
  assert.match(
    await (await at.fetch('/activate?ui_locales=fr', { headers: { 'accept-language': 'de' } })).text(),
    /lang="fr"/,
  )
})
