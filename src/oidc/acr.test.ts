import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Assurance } from '#model/proof.ts'
import { askedLevel, levelReached, multiFactorPolicy, secondFactorFor } from './acr.ts'

const aal1 = 'urn:polyfactor:acr:aal1'
const aal2 = 'urn:polyfactor:acr:aal2'
const proved = (acr: string, mfa: boolean): Assurance => ({ acr, mfa, amr: [], authTime: 0 })

const reached: readonly (readonly [asked: string, assurance: Assurance, level: string | undefined])[] = [
  [aal1, proved(aal1, false), aal1],
  [aal2, proved(aal1, false), undefined],
  [multiFactorPolicy, proved(aal1, false), undefined],
  [multiFactorPolicy, proved(aal2, true), multiFactorPolicy],
  [`phr ${aal2}`, proved(aal2, true), aal2],
  [`phr ${aal2}`, proved('phr', true), 'phr'],
  ['phrh', proved('phr', true), undefined],
  ['phr', proved('phrh', true), 'phr'],
  [aal2, proved('phrh', true), aal2],
  ['urn:example:unknown', proved('phrh', true), undefined],
]

for (const [asked, assurance, level] of reached) {
  test(`of "${asked}" a login at ${assurance.acr} reaches ${level}`, () => {
    assert.equal(levelReached(askedLevel(asked, undefined), assurance), level)
  })
}

test('what has to be asked for is the least that reaches one of the levels', () => {
  const need = (asked: string) => secondFactorFor(askedLevel(asked, undefined))
  assert.deepEqual(
    ['', 'urn:example:unknown', aal1, `${aal2} ${aal1}`, aal2, multiFactorPolicy, `phr ${aal2}`, 'phr', 'phr phrh'].map(
      need,
    ),
    [false, false, false, false, true, true, true, 'phishing-resistant', 'phishing-resistant'],
  )
})

test('only a claim with values is essential, whatever else it holds', () => {
  const essential = (claim: object | null) => askedLevel(undefined, claim).essential
  assert.ok(essential({ essential: true, value: aal2 }))
  assert.ok(essential({ essential: true, values: ['urn:example:unknown'] }), 'known or not')
  assert.ok(!essential({ value: aal2 }))
  assert.ok(!essential({ essential: true }))
  assert.ok(!essential(null))
  assert.deepEqual(askedLevel(aal2, { values: [aal2, 7, 'phr'] }).values, [aal2, 'phr'])
})
