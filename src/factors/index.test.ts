import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { factorMap, factors } from './index.ts'

test('every folder holds one listed factor, and its test runs the contract', () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((it) => it.isDirectory())
  const names = folders.map((it) => it.name)
  const kinds = names.map((it) => it.replaceAll('-', '_'))
  assert.deepEqual(factors.map((it) => it.kind).sort(), kinds.sort())
  for (const name of names) assert(existsSync(`${import.meta.dirname}/${name}/${name}.test.ts`), `${name} has no test`)
})

test('no two factors share a kind, and ranks give one order', () => {
  assert.equal(factorMap().size, factors.length)
  assert.equal(new Set(factors.map((it) => it.traits.rank)).size, factors.length)
})
