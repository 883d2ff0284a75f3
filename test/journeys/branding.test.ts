import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Branding } from '#model/branding.ts'
import { openAuth0World } from '../support/auth0.ts'
import { openBrowser } from '../support/browser.ts'

/** What a tenant says of its look, as browsers get it. */

const branding: Branding = {
  logo: 'data:image/png;base64,iVBORw0KGgo=',
  accent: '#f2b705',
  accentDark: '#a5b4fc',
  background: '#f3efe4',
  backgroundDark: '#12100a',
  radius: 4,
  font: 'Georgia, serif',
  texts: { de: { 'identify.title': 'Willkommen <an Bord>' } },
}

test('the style sheet of a tenant holds its colours, readable ones, and nothing else', async () => {
  const at = await openAuth0World({ tenant: { branding } })
  const sheet = await at.get('/u/brand.css')
  assert.equal(sheet.status, 200)
  assert.match(String(sheet.headers['content-type']), /^text\/css/)
  assert.match(sheet.text, /--radius:4px;--font:Georgia, serif, system-ui, sans-serif;--accent:#[0-9a-f]{6};/)
  assert.match(sheet.text, /--ground:#f3efe4;/)
  assert.match(sheet.text, /prefers-color-scheme:dark\)\{:root\{--accent:#a5b4fc;.*--ground:#12100a;/)
  assert.doesNotMatch(sheet.text, /url|@import|expression/)
  await at.setTenant({ branding: undefined })
  assert.equal((await at.get('/u/brand.css')).text, '')
})

test('S-134: pages carry logo and words in their language, as text, under the same policy', async () => {
  const at = await openAuth0World({ tenant: { branding, mfa: undefined } })
  const person = openBrowser(at)
  await person.authorize()
  const page = await person.get(`/u/login/${person.flow}`, { 'accept-language': 'de-AT, en;q=0.5' })
  assert.match(page.text, /<html lang="de"/)
  assert.match(page.text, /<title>Willkommen &lt;an Bord&gt;<\/title>/)
  assert.match(page.text, /"logo":"data:image\/png;base64,iVBORw0KGgo="/)
  assert.doesNotMatch(page.text, /<an Bord>/)
  assert.match(String(page.headers['content-security-policy']), /img-src 'self' data:;.*frame-ancestors 'none'/)
  const english = await person.get(`/u/login/${person.flow}`, { 'accept-language': 'en' })
  assert.doesNotMatch(english.text, /Willkommen/)
})

test('codes come in the language of the page, mails with an HTML part, and to a user in their own', async () => {
  const at = await openAuth0World({ tenant: { mfa: undefined, branding } })
  const ada = await at.addUser('ada', { email: 'ada@example.com', emailVerified: true })
  await at.enrolAddress(ada, 'sms', '+15551234567')
  const ask = async (headers: Record<string, string>, params: Record<string, string> = {}) => {
    const person = openBrowser(at)
    const state = await person.signIn('ada', params)
    await person.act('challenge', { option: state.body.options[0].id }, headers)
    at.clock.advance(60)
    return (await at.outbox()).filter((it) => it.channel === 'sms' && it.purpose === 'login').at(-1)?.text ?? ''
  }
  assert.match(await ask({ 'accept-language': 'de' }), /ist Ihr Code/)
  assert.match(await ask({ 'accept-language': 'de' }, { ui_locales: 'fr-CA en' }), /votre code/)
  await at.put('users', { ...(await at.user(ada.id)), locale: 'es' })
  assert.match(await ask({ 'accept-language': 'de' }), /su código/)
  const notices = (await at.outbox()).filter((it) => it.purpose === 'notice' && it.channel === 'email')
  const html = String((notices.at(-1) as { html?: string } | undefined)?.html)
  assert.match(html, /^<!doctype html>\n<html lang="en" dir="ltr">/)
  assert.match(html, /border-radius:4px/)
})
