import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHere } from './from-here.ts'

const base = 'https://id.example'
const rows: readonly (readonly [origin: string | undefined, site: string | undefined, here: boolean])[] = [
  [base, 'same-origin', true],
  [base, undefined, true],
  // A form under `no-referrer`.
  ['null', 'same-origin', true],
  // Neither is said: the token decides.
  [undefined, undefined, true],
  // Typed in, or out of a bookmark.
  [undefined, 'none', true],
  ['null', undefined, false],
  ['null', 'cross-site', false],
  ['null', 'none', false],
  [base, 'same-site', false],
  [base, 'cross-site', false],
  [undefined, 'cross-site', false],
  ['https://evil.example', 'same-origin', false],
  ['https://evil.example', undefined, false],
  ['https://id.example.evil.example', undefined, false],
  ['http://id.example', undefined, false],
  ['https://id.example:8443', undefined, false],
]

for (const [origin, site, here] of rows) {
  test(`origin ${origin}, site ${site}: ${here ? 'ours' : 'not ours'} (S-130)`, () => {
    assert.equal(fromHere({ base, headers: { origin, 'sec-fetch-site': site } }), here)
  })
}
