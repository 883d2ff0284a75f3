import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  codeText,
  invitationText,
  type NoticeCause,
  noticeText,
  plain,
  resetText,
  type Said,
  spokenText,
} from './texts.ts'

const code = '012345'
const codes: Readonly<Record<string, Said>> = {
  login: codeText('Demo', 'login', code, 300),
  enrolment: codeText('Demo', 'enrolment', code, 300),
  'verify-address': codeText('Demo', 'verify-address', code, 300),
  'password-reset': codeText('Demo', 'password-reset', code, 300),
  spoken: spokenText('Demo', code, 300),
}
const causes: Readonly<Record<NoticeCause, true>> = {
  'factor-added': true,
  'factor-removed': true,
  'factor-changed': true,
  'factors-reset': true,
  'factor-locked': true,
  'factor-disabled': true,
  'recovery-used': true,
  'recovery-replaced': true,
  'enrolment-refused': true,
  'success-after-failures': true,
  'password-changed': true,
  'password-dropped': true,
  'email-changed': true,
  'phone-changed': true,
}
const notices = (Object.keys(causes) as NoticeCause[]).map((it) => noticeText('Demo', it, 'sms'))
const link = 'https://id.example/reset?ticket=t'

test('S-8: each message that carries a code says whose it is, what for, how long it lives, and not to share it', () => {
  const rest = 'It is valid for 5 minutes. Do not share it with anyone.'
  assert.deepEqual(Object.fromEntries(Object.entries(codes).map(([of, it]) => [of, it.text])), {
    login: `012345 is your Demo code to sign in. ${rest}`,
    enrolment: `012345 is your Demo code to add this contact as a sign-in method. ${rest}`,
    'verify-address': `012345 is your Demo code to confirm this address. ${rest}`,
    'password-reset': `012345 is your Demo code to reset your password. ${rest}`,
    spoken: `This is Demo. Your code is: 0, 1, 2, 3, 4, 5. Again, your code is: 0, 1, 2, 3, 4, 5. ${rest}`,
  })
})

test('S-8: no message that carries a code, and no notice, holds an address of the web', () => {
  for (const { subject, text } of [...Object.values(codes), ...notices]) {
    assert.doesNotMatch(`${subject} ${text}`, /:\/\/|www\.|[a-z0-9-]+\.[a-z]{2,}/i)
  }
})

test('S-8, S-84: a message with a link holds no code and no other link', () => {
  for (const it of [resetText('Demo', link, 3_600), invitationText('Demo', link, 432_000)]) {
    assert.doesNotMatch(it.text, /[0-9]{6}/)
    assert.deepEqual(it.text.match(/https?:\/\/\S+/g), [link])
  }
})

test('S-64: every notice says what happened and how to object, with no code in it', () => {
  assert.equal(new Set(notices.map((it) => it.text)).size, notices.length)
  for (const { subject, text } of notices) {
    assert.equal(subject, 'Demo: security notice')
    assert.match(text, /^[A-Z].+\. If this was not you, .* contact the support of Demo at once\.$/)
    assert.doesNotMatch(text, /[0-9]/)
  }
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
      codeText(given, 'login', code, 300),
      spokenText(given, code, 300),
      noticeText(given, 'factor-added'),
    ]) {
      assert.ok(said.text.includes(shown), said.text)
      assert.doesNotMatch(said.text + said.subject, /[\p{Cc}\p{Cs}\u202a-\u202e\u2028\u2029]|:\/\//u)
    }
  }
})
