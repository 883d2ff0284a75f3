/**
 * The floor on PostgreSQL: a bare `node:http` handler that spends a row by one prepared conditional statement, signs as
 * many tokens as one request of ours, and does nothing else.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { generateSigningKey, importSigningKey, signJwt, signJwtAsync } from '#crypto/signing.ts'
import { fixed, type Trace, ticket } from '../plan.ts'
import { wanted, wantedWord } from '../requests.ts'
import { order, serve } from './talk.ts'

const { tokens } = order.trace as Trace
const pool = new pg.Pool({ connectionString: order.database, max: 10 })
await pool.query('CREATE TABLE rows (id TEXT PRIMARY KEY, used BIGINT, doc TEXT NOT NULL)')
for (let from = 0; from < order.rows; from += 1000) {
  const ids = Array.from({ length: 1000 }, (_, n) => ticket(from + n))
  await pool.query("INSERT INTO rows (id, doc) SELECT id, repeat('x', 400) FROM unnest($1::text[]) AS id", [ids])
}
await pool.query('VACUUM ANALYZE rows')

const algorithms = [...new Set(tokens.map(({ alg }) => alg))]
const keys = new Map(
  await Promise.all(
    algorithms.map(async (alg) => [alg, importSigningKey((await generateSigningKey(alg)).privateJwk)] as const),
  ),
)
const spend = {
  name: 'spend',
  text: 'UPDATE rows SET used = $2 WHERE id = $1 AND used IS NULL RETURNING doc',
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const params = new URLSearchParams(await bodyOf(request))
  if (params.get('client_secret') !== fixed.secret) throw new Error('not our load')
  const { rowCount } = await pool.query({ ...spend, values: [params.get('mfa_token'), Date.now()] })
  if (rowCount !== 1) throw new Error('the row was taken')
  const signed = await Promise.all(
    tokens.map(({ alg, payload }) => {
      const key = keys.get(alg)
      if (!key) throw new Error('no key')
      const claims = { ...payload, jti: randomBytes(16).toString('base64url') }
      return alg === 'RS256' ? signJwtAsync(key, { typ: 'JWT' }, claims) : signJwt(key, { typ: 'JWT' }, claims)
    }),
  )
  const body = JSON.stringify({ [wantedWord[order.case]]: randomBytes(32).toString('base64url'), signed })
  response.writeHead(wanted[order.case], {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
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
