import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreUnavailable } from '#ports/store.ts'
import { openStore } from './open.ts'

test('a URL with an unknown scheme is refused with the name of the setting', async () => {
  for (const url of ['mysql://root@localhost/db', 'polyfactor.db', '', 'constructor:x', '../open:x']) {
    const named = (error: Error) => error instanceof StoreUnavailable && error.message.includes('DATABASE_URL')
    await assert.rejects(openStore(url), named, url)
  }
})

test('a directory nobody can make is told, where Node itself would try for ever', async () => {
  const told = (error: Error) => error instanceof StoreUnavailable && error.message.includes('/proc/polyfactor/data')
  await assert.rejects(openStore('sqlite:/proc/polyfactor/data/x.db'), told)
})

test('a refused URL is not repeated, since it may hold a password', async () => {
  const secret = (error: Error) => !error.message.includes('hunter2')
  await assert.rejects(openStore('mysql://root:hunter2@localhost/db'), secret)
  await assert.rejects(openStore('postgres://root:hunter2@localhost:1/db'), secret)
})
