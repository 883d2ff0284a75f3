/**
 * The floor: a bare `node:http` handler that repeats what one request of ours does with the store (as many reads, the
 * same commits with as many rows of the same size, the same signatures, the same Argon2id) and nothing else: no rules,
 * no checks, no JSON of rows, one table without any index but its key.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { generateSigningKey, importSigningKey, signJwt, signJwtAsync } from '#crypto/signing.ts'
import type { SigningAlgorithm } from '#model/tenant.ts'
import { fixed, type Step, type Trace, type TracedWrite } from '../plan.ts'
import { wanted, wantedWord } from '../requests.ts'
import { groupCommit } from './group-commit.ts'
import { order, serve } from './talk.ts'

const trace = order.trace as Trace
const db = new DatabaseSync(join(order.folder, 'bare.db'))
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384')
db.exec('CREATE TABLE rows (id TEXT PRIMARY KEY, rev INTEGER NOT NULL, doc TEXT NOT NULL)')
const select = db.prepare('SELECT rev, doc FROM rows WHERE id = ?')
const insert = db.prepare('INSERT INTO rows (id, rev, doc) VALUES (?, 1, ?)')
const update = db.prepare('UPDATE rows SET rev = rev + 1, doc = ? WHERE id = ? AND rev = ?')
const remove = db.prepare('DELETE FROM rows WHERE id = ?')
select.setReturnArrays(true)

const puts = trace.steps.flatMap((step) => (step.do === 'change' ? step.writes.filter((it) => it.do === 'put') : []))
const reads = trace.steps.flatMap((step) => ('found' in step ? step.found.filter((size) => size > 0) : []))
/** Rows prepared for each request: one for each row it replaces. */
const sizes = puts.length > 0 ? puts.map((it) => it.size) : [reads[0] ?? 300]
const filler = (size: number): string => 'x'.repeat(size)
const id = (i: number, at: number): string => `r${i}.${at % sizes.length}`

db.exec('BEGIN')
for (let i = 0; i < order.rows; i++) sizes.forEach((size, at) => void insert.run(id(i, at), filler(size)))
db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')

const inGroup = groupCommit(db)
const hasher = createPasswordHasher()
const stored = await hasher.hash(fixed.password)
const keys = new Map(
  await Promise.all(
    [...new Set(trace.tokens.map((it) => it.alg))].map(
      async (alg: SigningAlgorithm) => [alg, importSigningKey((await generateSigningKey(alg)).privateJwk)] as const,
    ),
  ),
)

let served = 0

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const params = new URLSearchParams(await bodyOf(request))
  if (params.get('client_secret') !== fixed.secret) throw new Error('not our load')
  const i = served++
  for (const step of trace.steps) await repeat(step, i)
  const signed = await Promise.all(
    trace.tokens.map(({ alg, payload }) => {
      const key = keys.get(alg) ?? fail()
      const claims = { ...payload, jti: newToken().slice(0, 22) }
      return alg === 'RS256' ? signJwtAsync(key, { typ: 'JWT' }, claims) : signJwt(key, { typ: 'JWT' }, claims)
    }),
  )
  const body = JSON.stringify({ [wantedWord[order.case]]: newToken(), signed })
  response.writeHead(wanted[order.case], {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

function fail(): never {
  throw new Error('no key')
}

const newToken = (): string => randomBytes(32).toString('base64url')

async function repeat(step: Step, i: number): Promise<void> {
  if (step.do === 'read') readAll(step.found, i)
  if (step.do === 'hash') await hasher.verify(fixed.password, stored.kind === 'hashed' ? stored.hash : '')
  if (step.do === 'change') {
    const made = step.writes.map((it) => (it.do === 'put' ? '' : newToken()))
    await inGroup(() => {
      readAll(step.found, i)
      let at = 0
      step.writes.forEach((it, n) => void write(it, i, it.do === 'put' ? at++ : 0, made[n] ?? ''))
    })
  }
}

function readAll(found: readonly number[], i: number): void {
  found.forEach((size, at) => void select.get(size > 0 ? id(i, at) : `none${i}.${at}`))
}

function write(it: TracedWrite, i: number, at: number, fresh: string): void {
  if (it.do === 'put') {
    if (update.run(filler(it.size), id(i, at), 1).changes !== 1) throw new Error('the row was taken')
  } else if (it.do === 'remove') remove.run(fresh)
  else insert.run(fresh, filler(it.size))
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      text += chunk
    })
    request.once('end', () => resolve(text)).once('error', reject)
  })
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.writeHead(500).end(String(error))
  })
})
server.listen(0, '127.0.0.1', () => serve((server.address() as AddressInfo).port))
