import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asId, type TenantId } from '#model/ids.ts'
import { row, rows } from '#ports/store.ts'
import { together } from './together.ts'

const acme = asId<TenantId>('acme')
const user = row('users', acme, 'ada')

test('the rows of several parts are asked for together', () => {
  const all = together({ user }, undefined, { code: row('challenges', acme, 'c') }, { user: row('users', acme, 'ada') })
  assert.deepEqual(Object.keys(all), ['user', 'code'])
})

test('a name that would stand for two rows is refused, whatever they differ in', () => {
  const others = [
    row('users', acme, 'bob'),
    row('users', asId<TenantId>('other'), 'ada'),
    row('budgets', acme, 'ada'),
    rows('users', 'email', acme, 'ada'),
  ]
  for (const other of others) assert.throws(() => together({ user }, { user: other }), /called "user"/)
})
