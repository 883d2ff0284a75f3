import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import {
  codeKinds,
  linkKinds,
  type MessageLanguage,
  type MessageTexts,
  messageLanguages,
  segmentsOf,
} from '#model/message-texts.ts'
import { someTenant } from '#test/support/world.ts'
import { codeSaid, linkSaid, noticeSaid } from './compose.ts'
import { languageFor, type Reader, timeIn } from './language.ts'
import { type NoticeCause, plain, type Said } from './texts.ts'
import { words } from './words/index.ts'

const code = '012345'
const link = 'https://id.example/reset?ticket=t'
const channels = ['sms', 'voice', 'email'] as const
const causes = Object.keys(words.en.notices) as NoticeCause[]

const reader = (language: MessageLanguage, name = 'Demo', messages?: MessageTexts): Reader => ({
  tenant: someTenant({ name, ...(messages && { messages }) }),
  locales: [language],
})

/** Every message there is in one language, by a name of its own. */
function everything(language: MessageLanguage, name = 'Demo'): Readonly<Record<string, Said>> {
  const to = reader(language, name)
  return Object.fromEntries([
    ...codeKinds.flatMap((kind) => channels.map((it) => [`${kind} ${it}`, codeSaid(to, it, kind, code, 300)])),
    ...linkKinds.map((kind) => [kind, linkSaid(to, kind, link, kind === 'invitation' ? 432_000 : 3_600)]),
    ...causes.flatMap((it) => [
      [`notice ${it} sms`, noticeSaid(to, 'sms', it)],
      [`notice ${it} email`, noticeSaid(to, 'email', it, 'sms')],
    ]),
  ])
}

const carriesCode = (name: string) => codeKinds.some((kind) => name.startsWith(`${kind} `))

describe('messages as they are built in', () => {
  for (const language of messageLanguages) {
    test(`S-8: every kind in ${language} says what the golden file says`, () => {
      const file = new URL(`./golden/${language}.json`, import.meta.url)
      const shown = Object.fromEntries(
        Object.entries(everything(language)).map(([name, { subject, text, html }]) => [
          name,
          // The frame is one for all; what stands in it is what differs.
          { subject, text, ...(html && { html: /<h1[\s\S]*<\/h1>\n([\s\S]*)\n<\/div>/.exec(html)?.[1] }) },
        ]),
      )
      const written = `${JSON.stringify(shown, undefined, 2)}\n`
      if (process.env.POLYFACTOR_GOLDEN === 'write') writeFileSync(file, written)
      assert.equal(written, readFileSync(file, 'utf8'))
    })
  }

  test('S-8: each message that carries a code says whose it is, what for, how long it lives, and not to share it', () => {
    const rest = 'It is valid for 5 minutes. Do not share it with anyone.'
    const texts = Object.entries(everything('en')).filter(([name]) => carriesCode(name) && !name.endsWith('email'))
    const spoken = `This is Demo. Your code is: 0, 1, 2, 3, 4, 5. Again, your code is: 0, 1, 2, 3, 4, 5. ${rest}`
    assert.deepEqual(Object.fromEntries(texts.map(([name, it]) => [name, it.text])), {
      'login sms': `012345 is your Demo code to sign in. ${rest}`,
      'enrolment sms': `012345 is your Demo code to add this contact as a sign-in method. ${rest}`,
      'verify-address sms': `012345 is your Demo code to confirm this address. ${rest}`,
      'password-reset sms': `012345 is your Demo code to reset your password. ${rest}`,
      ...Object.fromEntries(codeKinds.map((kind) => [`${kind} voice`, spoken])),
    })
  })

  test('S-8: no message that carries a code, and no notice, holds an address of the web', () => {
    for (const language of messageLanguages) {
      for (const [name, { subject, text, html = '' }] of Object.entries(everything(language))) {
        if ((linkKinds as readonly string[]).includes(name)) continue
        assert.doesNotMatch(`${subject} ${text}`, /:\/\/|www\.|[a-z0-9-]+\.[a-z]{2,}/i, `${language} ${name}`)
        assert.doesNotMatch(html, /:\/\/|href|<img|src=|url\(/i, `${language} ${name}`)
      }
    }
  })

  test('S-8, S-84: a message with a link holds no code and no other link', () => {
    for (const language of messageLanguages) {
      for (const kind of linkKinds) {
        const { text, html = '' } = everything(language)[kind] ?? assert.fail()
        assert.doesNotMatch(text, /[0-9]{6}/)
        assert.deepEqual(text.match(/https?:\/\/\S+/g), [link])
        assert.deepEqual(
          [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map((it) => it[1]),
          [link],
        )
      }
    }
  })

  test('S-64: every notice says what happened and how to object, with no code in it', () => {
    for (const language of messageLanguages) {
      const notices = causes.map((it) => noticeSaid(reader(language), 'sms', it))
      assert.equal(new Set(notices.map((it) => it.text)).size, causes.length)
      for (const { text } of notices) {
        assert.doesNotMatch(text, /[0-9]/)
        assert.ok(text.includes('Demo'), text)
      }
    }
    const { subject, text } = noticeSaid(reader('en'), 'sms', 'factor-added', 'sms')
    assert.equal(subject, 'Demo: security notice')
    assert.equal(
      text,
      'A sign-in method was added to your account (sms). If this was not you, change your password and contact the support of Demo at once.',
    )
  })

  test('texts are short: codes take two short messages at most, notices four', () => {
    for (const language of messageLanguages) {
      for (const [name, { text }] of Object.entries(everything(language, 'A service of ours'))) {
        if (!name.endsWith('sms')) continue
        assert.ok(segmentsOf(text) <= (carriesCode(name) ? 2 : 4), `${language} ${name}: ${segmentsOf(text)}`)
      }
    }
  })

  test('a mail in Arabic runs from right to left, and its code from left to right', () => {
    const { html = '', language } = codeSaid(reader('ar'), 'email', 'login', code, 300)
    assert.equal(language, 'ar')
    assert.match(html, /<html lang="ar" dir="rtl">/)
    assert.match(html, /text-align:right/)
    assert.match(html, /<span dir="ltr">012345<\/span>/)
  })
})

describe('the short message', () => {
  test('holds 160 characters of its alphabet or 70 others, and less in each of several', () => {
    const rows: readonly [text: string, segments: number][] = [
      ['a'.repeat(160), 1],
      ['a'.repeat(161), 2],
      ['ü'.repeat(160), 1],
      ['€'.repeat(80), 1],
      ['€'.repeat(81), 2],
      ['ç'.repeat(70), 1],
      ['ç'.repeat(71), 2],
      ['ç'.repeat(135), 3],
      ['😀'.repeat(35), 1],
    ]
    for (const [text, segments] of rows) assert.equal(segmentsOf(text), segments, `${text.length} of ${text[0]}`)
  })
})

describe('the language of a message', () => {
  const of = (over: Omit<Reader, 'tenant'>, messages?: MessageTexts) =>
    languageFor({ tenant: someTenant(messages && { messages }), ...over })

  test('is what the application asked for, else the user’s, else the browser’s, else the tenant’s, else English', () => {
    const all = { locales: ['nl', 'fr-CA'], user: { locale: 'de-AT' }, speaks: 'ja' }
    assert.equal(of(all, { language: 'es' }), 'fr')
    assert.equal(of({ ...all, locales: ['nl'] }, { language: 'es' }), 'de')
    assert.equal(of({ user: { locale: 'nl' }, speaks: 'nl, pt-BR;q=0.8, ja;q=0.9' }, { language: 'es' }), 'ja')
    assert.equal(of({ speaks: '*' }, { language: 'es' }), 'es')
    assert.equal(of({}), 'en')
  })

  test('says spans of time with plain blanks and the digits of codes', () => {
    const said = messageLanguages.map((it) => [timeIn(it, 60), timeIn(it, 300), timeIn(it, 432_000)])
    assert.deepEqual(said[0], ['1 minute', '5 minutes', '120 hours'])
    for (const span of said.flat()) assert.doesNotMatch(span, /[\u00a0\u202f\u0660-\u0669]/)
  })
})

describe('a tenant’s own words', () => {
  const hostile = '<script>alert(1)</script>'
  const own: MessageTexts = {
    texts: {
      en: {
        login: { sms: '{service}: {code}', voice: '{code}', subject: 'Hello {name}', text: 'Hello {name},\n\n{code}' },
        'reset-link': { html: '<p>Hello {name}, <a href="{link}">go</a></p>' },
        notice: { text: 'Hello {name}: {what}' },
      },
    },
  }
  const to: Reader = { tenant: someTenant({ name: hostile, messages: own }), user: { name: `${hostile} "&'` } }

  test('stand in place of ours, form by form', () => {
    assert.equal(
      codeSaid({ ...to, tenant: someTenant({ messages: own }) }, 'sms', 'login', code, 300).text,
      'Demo: 012345',
    )
    assert.equal(codeSaid(to, 'voice', 'login', code, 300).text, '0, 1, 2, 3, 4, 5')
    assert.match(codeSaid(to, 'sms', 'enrolment', code, 300).text, /^012345 is your .* code to add/)
    assert.match(codeSaid(to, 'email', 'login', code, 300).html ?? '', /<p [^>]*>012345<\/p>/)
    assert.equal(codeSaid({ ...to, locales: ['de'] }, 'sms', 'login', code, 300).text.startsWith('012345 ist'), true)
  })

  test('S-134: markup in a name or in the service’s is text in every mail, built in or not', () => {
    const mails = [
      codeSaid(to, 'email', 'login', code, 300),
      codeSaid(to, 'email', 'enrolment', code, 300),
      linkSaid(to, 'reset-link', link, 3_600),
      linkSaid(to, 'invitation', `${link}&x="><script>`, 3_600),
      noticeSaid(to, 'email', 'factor-added', hostile),
      noticeSaid({ ...to, locales: ['ar'] }, 'email', 'factor-added', hostile),
    ]
    for (const { html = '' } of mails) {
      assert.doesNotMatch(html, /<script/i)
      assert.match(html, /&lt;script&gt;/)
    }
  })

  test('a value that looks like a placeholder is not filled again', () => {
    const odd: Reader = { tenant: someTenant({ name: '{code}{link}', messages: own }), user: { name: '{code}' } }
    assert.equal(codeSaid(odd, 'sms', 'login', code, 300).text, '{code}{link}: 012345')
    assert.match(codeSaid(odd, 'email', 'login', code, 300).text, /^Hello \{code\},/)
  })
})

test('S-85: text of others stands in a message as one plain line of 64 characters at most', () => {
  const rows: readonly [given: string, shown: string][] = [
    ['Demo', 'Demo'],
    ['De\r\nBcc: eve@example.org\nmo', 'De Bcc: eve@example.org mo'],
    ['\u202egro.elpmaxe\u202c Demo\u200f', 'gro.elpmaxe Demo'],
    ['Demo\u2028\u2029\u0000\u001b[31m', 'Demo [31m'],
    ['Demo https://evil.example/login now', 'Demo now'],
    ['WWW.evil.example Demo', 'Demo'],
    ['javascript://x Demo', 'Demo'],
    ['\ud800Demo', 'Demo'],
    ['ü'.repeat(100), 'ü'.repeat(64)],
    ['👩'.repeat(70), '👩'.repeat(64)],
  ]
  for (const [given, shown] of rows) {
    assert.equal(plain(given), shown)
    for (const said of [
      codeSaid(reader('en', given), 'sms', 'login', code, 300),
      codeSaid(reader('en', given), 'voice', 'login', code, 300),
      noticeSaid(reader('en', given), 'email', 'factor-added'),
    ]) {
      assert.ok(said.text.includes(shown), said.text)
      assert.doesNotMatch(said.text + said.subject, /[\p{Cc}\p{Cs}\u202a-\u202e\u2028\u2029]|:\/\//u)
    }
  }
})
