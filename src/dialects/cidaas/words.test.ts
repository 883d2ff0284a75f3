import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factorMap } from '#factors/index.ts'
import type { Factor, FactorTraits } from '#ports/factor.ts'
import { withFragment, withQuery } from './redirect.ts'
import { amrNumbers, factorOf, identifierKind, maskedTarget, methodWord, wordOf } from './words.ts'

const at = 0
const password = { factor: 'password', channel: 'password', at }
const by = (factor: string) => ({ factor, channel: factor, at })

test('cidaas.md §5.4: the numbers of every method here, by the kind of name that was signed in with', () => {
  const factors = factorMap()
  for (const [factor, email, mobile, username] of [
    ['password', '10', '11', '12'],
    ['recovery_code', '50', '51', '52'],
    ['totp', '60', '61', '62'],
    ['email', '103', '103', '103'],
    ['sms', '104', '104', '104'],
    ['voice', '109', '109', '109'],
  ] as const) {
    const numbers = (['email', 'mobile', 'username'] as const).map((it) => amrNumbers([by(factor)], it, factors))
    assert.deepEqual(numbers.flat(), [email, mobile, username], factor)
  }
  assert.deepEqual(amrNumbers([password, by('totp'), by('totp')], 'email', factors), ['10', '60'])
})

test('a factor that is not here yet has its word and number by its traits alone', () => {
  const made = (kind: string, traits: Partial<FactorTraits>): Factor => {
    const totp = factorMap().get('totp') as Factor
    return { ...totp, kind, traits: { ...totp.traits, ...traits } }
  }
  const push = made('made-up-push', { proof: 'approval', channel: 'push' })
  const key = made('made-up-key', { proof: 'assertion', channel: 'device' })
  const factors = new Map([push, key].map((it) => [it.kind, it]))
  assert.deepEqual([wordOf(push.traits), wordOf(key.traits)], ['PUSH', 'FIDO2'])
  assert.deepEqual([factorOf('PUSH', factors), factorOf('FIDO2', factors)], [push, key])
  assert.deepEqual(amrNumbers([by('made-up-push'), by('made-up-key')], 'username', factors), ['82', '106'])
})

test('cidaas.md §1.4, §5.1: names of methods in any case and by their other names; others are none', () => {
  const read = ['sms', 'FINGERPRINT', 'smartPush', 'fido', 'FIDOU2F', 'VIDEO_IDENT', '', undefined, 'constructor']
  const expected = ['SMS', 'TOUCHID', 'PUSH', 'FIDO2', 'FIDOU2F', undefined, undefined, undefined, undefined]
  assert.deepEqual(read.map(methodWord), expected)
})

test('S-83: no more than a letter of a mailbox and two digits of a number is shown', () => {
  for (const [target, shown] of [
    ['ganeshkumar@widas.in', 'g******@w***s.in'],
    ['a@b.co', 'a******@***.co'],
    ['ada@mail.example.com', 'a******@m***l.example.com'],
    ['+15555550100', '+*********00'],
  ] as const) {
    assert.equal(maskedTarget(target), shown)
  }
})

test('what a name is: what the client says, else what it looks like', () => {
  for (const [said, name, kind] of [
    [undefined, 'ada@example.com', 'email'],
    [undefined, '+15555550100', 'mobile'],
    [undefined, 'ada', 'username'],
    ['user_name', 'ada@home', 'username'],
    ['user_name', '+1', 'username'],
    ['mobile', '015555', 'mobile'],
    ['email', 'ada@example.com', 'email'],
  ] as const) {
    assert.equal(identifierKind(said, name), kind, `${said} ${name}`)
  }
})

test('cidaas.md §4.2: parameters join a query that is there, before the fragment; undefined ones are left out', () => {
  const params = { a: '1 2', b: undefined, c: 'é&' }
  const more = 'a=1+2&c=%C3%A9%26'
  for (const [url, expected] of [
    ['https://x.example/p', `https://x.example/p?${more}`],
    ['https://x.example/p?', `https://x.example/p?${more}`],
    ['https://x.example/p?q=1', `https://x.example/p?q=1&${more}`],
    ['https://x.example/#/mfa', `https://x.example/?${more}#/mfa`],
    ['com.example.app:/back', `com.example.app:/back?${more}`],
  ] as const) {
    assert.equal(withQuery(url, params), expected)
  }
  assert.equal(withQuery('https://x.example/', {}), 'https://x.example/')
  assert.equal(withFragment('https://x.example/p', params), `https://x.example/p#${more}`)
})
