import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { durableStoreContract, storeContract } from '#test/contracts/store.contract.ts'
import { openStore } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'polyfactor-store-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0

storeContract('SQLite in memory', () => openStore('sqlite::memory:'))
storeContract('SQLite on a file', () => openStore(`sqlite:${join(folder, `deep/er/${files++}.db`)}`))
durableStoreContract('SQLite on a file', () => openStore(`sqlite:${join(folder, 'durable.db')}`))
