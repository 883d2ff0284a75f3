import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { configJsonSchema } from './schema.ts'

test('the published JSON Schema is the one that validates', () => {
  const published: unknown = JSON.parse(
    readFileSync(new URL('../../docs/configuration.schema.json', import.meta.url), 'utf8'),
  )
  assert.deepEqual(
    published,
    JSON.parse(JSON.stringify(configJsonSchema())),
    'run: npx polyfactor config schema > docs/configuration.schema.json',
  )
})
