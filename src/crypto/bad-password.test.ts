import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKnownBadPassword } from './bad-password.ts'
import { knownBadPasswords } from './known-bad-passwords.ts'

test('S-39: common passwords are known, in any case, decorated or spelled with look-alikes', () => {
  assert.ok(knownBadPasswords.size > 400)
  for (const password of [
    'password',
    'Password123',
    'PASSWORD1!',
    'p@ssw0rd',
    'P@$$w0rd2024!',
    '123456789',
    '1q2w3e4r',
    'iloveyou',
    'Summer2024!',
    'qwertyuiop',
    '!!dragon!!',
    'aaaaaaaaaaaaaaaa',
    '················',
    'ｐａｓｓｗｏｒｄ',
    '11111111111111111111',
    'Letmein!!',
  ]) {
    assert.equal(isKnownBadPassword(password), true, password)
  }
})

test('S-39: names of the service and the user do not make a password', () => {
  const words = ['Acme Shop', 'jane.doe@example.com', 'Jane Doe']
  for (const password of [
    'acmeshop',
    'Acme-Shop!',
    'jane.doe@example.com',
    'JaneDoe1990',
    'j4n3d03!',
    'doe.jane99',
    'janejanejane',
  ]) {
    assert.equal(isKnownBadPassword(password, words), true, password)
    assert.equal(isKnownBadPassword(password, []), false, password)
  }
})

test('S-39: a long password is good although a known word is in it, and there are no composition rules', () => {
  const words = ['Acme', 'jane.doe@example.com', 'de', '']
  for (const password of [
    'correct password for my bicycle',
    'jane likes walking at night',
    'dragon flies over the castle',
    'wovnkrtzeuqp',
    '8397461520394857',
    'ÄpfelUndBirnenKompott',
    '夜明けの前がいちばん暗い',
    'x7#',
    'dragon-5820-9174',
  ]) {
    assert.equal(isKnownBadPassword(password, words), false, password)
  }
})

test('an empty password is nothing the list knows, and odd text does not throw', () => {
  assert.equal(isKnownBadPassword('', ['']), false)
  assert.equal(isKnownBadPassword('\ud800\udfff\u0000', ['\ud800', '((', '\\']), false)
})
