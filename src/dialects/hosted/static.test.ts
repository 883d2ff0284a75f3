import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brandCss, contrast, logoOf, readable } from './static-brand.ts'
import { type BuiltFile, encoded } from './static-files.ts'
import { dataBlock, html } from './static-html.ts'
import { contentPolicy } from './static-page.ts'

test('an accent is made readable on light and dark cards, and left alone where it is', () => {
  for (const card of ['#ffffff', '#171a21']) {
    for (const accent of ['#f2b705', '#000000', '#ffffff', '#4338ca', '#00ff00']) {
      assert.ok(contrast(readable(accent, card), card) >= 5.5, `${accent} on ${card}`)
    }
  }
  assert.equal(readable('#4338ca', '#ffffff'), '#4338ca')
})

test('S-134: what a tenant configures becomes custom properties or nothing', () => {
  const evil = '#000000;}body{background:url(//evil)'
  assert.equal(brandCss({ accent: evil, background: evil, font: 'x;}*{}', radius: 1_000 }), '')
  assert.match(brandCss({ accent: '#f2b705' }), /^:root\{--accent:#[0-9a-f]{6};/)
  assert.equal(logoOf({ logo: 'https://elsewhere.example/logo.png' }), undefined)
  assert.equal(logoOf({ logo: 'data:text/html;base64,AAAA' }), undefined)
  assert.equal(logoOf({ logo: 'data:image/png;base64,AAAA' }), 'data:image/png;base64,AAAA')
})

test('S-134: text in a page is text, in markup and in its data', () => {
  assert.equal(html`<p>${'<b>"&\''}</p>`.html, '<p>&lt;b&gt;&quot;&amp;&#39;</p>')
  assert.ok(!dataBlock('x', { name: '</script><script>alert(1)' }).html.slice(10, -9).includes('<'))
})

test('S-131: the policy of a page allows our script by its nonce and nothing inline', () => {
  const policy = contentPolicy('n', ['https://app.example'])
  assert.match(policy, /default-src 'none'.*script-src 'nonce-n' 'strict-dynamic'.*frame-ancestors 'none'/)
  assert.match(policy, /form-action 'self' https:\/\/app\.example;/)
  assert.ok(!policy.includes('unsafe'))
})

test('a file goes out in the smallest form the browser takes', () => {
  const bytes = (n: number) => new Uint8Array(n)
  const file: BuiltFile = { type: 'text/css', plain: bytes(3), gzip: bytes(2), brotli: bytes(1) }
  const forms = ['gzip, deflate, br', 'gzip', 'br;q=0, gzip;q=0.5', '', undefined].map(
    (it) => encoded(file, it).encoding,
  )
  assert.deepEqual(forms, ['br', 'gzip', 'gzip', undefined, undefined])
})
