import assert from 'node:assert/strict'
import { tokenDigest } from '#crypto/digest.ts'
import { createServer } from '#http/server.ts'
import { createTenantKeys } from '#oidc/keys.ts'
import { adminBase, adminGroup } from '../group.ts'
import { openApiDocument } from '../openapi.ts'
import type { Operation } from '../operation.ts'
import { operations } from '../operations.ts'
import { problem } from '../schemas/common.ts'
import { testParts } from './world.ts'

export const adminToken = 'a-token-for-tests-with-enough-letters'

export interface Told {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
  readonly headers: Readonly<Record<string, unknown>>
}

type Method = Operation['method']
export interface Ask {
  readonly body?: unknown
  /** null: no `Authorization` at all. */
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * TESTS ONLY: the admin API behind the real edge, without a socket. Every answer is held against the response its
 * route declares, so that the document cannot drift from the handlers.
 */
export async function testApi() {
  const world = await testParts()
  const { store, parts } = world
  const lines: string[] = []
  const write = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }))
  const log = { debug: write, info: write, warn: write, error: write }
  const keys = createTenantKeys({ store, keyring: parts.keyring, clock: parts.clock })
  const group = adminGroup({
    parts,
    keys,
    baseOf: () => 'https://login.example',
    development: true,
    adminTokenDigest: tokenDigest(adminToken),
    log,
  })
  const server = await createServer({
    groups: [group],
    resolveTenant: async () => undefined,
    baseOf: () => '',
    originAllowed: async () => false,
    trustedProxies: [],
    log,
  })
  /** Operations that have answered as declared, by id. */
  const seen = new Set<string>()

  async function ask(
    method: Method,
    path: string,
    { body, token = adminToken, headers = {} }: Ask = {},
  ): Promise<Told> {
    const answer = await server.app.inject({
      method,
      url: `${adminBase}${path}`,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const isJson = String(answer.headers['content-type']).startsWith('application/json')
    const told = {
      status: answer.statusCode,
      body: (isJson ? answer.json() : {}) as Told['body'],
      text: answer.body,
      headers: answer.headers,
    }
    const id = checkAnswer(method, path, told)
    if (id !== undefined) seen.add(id)
    return told
  }

  return { ...world, ask, seen, lines, group, keys }
}

export type TestApi = Awaited<ReturnType<typeof testApi>>

/** Holds an answer against what its route declares; answers the id of the route when it was a good one. */
function checkAnswer(method: Method, path: string, told: Told): string | undefined {
  const { pathname } = new URL(path, 'http://x')
  if (told.status >= 400) {
    problem.parse(told.body)
    const known = operationOf(method, pathname)
    // The edge's own refusals hold for every path; the rest a route has to name.
    if (known !== undefined && told.status !== 405) {
      const named = Object.keys(documentedResponses(known))
      assert.ok(named.includes(String(told.status)), `${known.id} answered ${told.status}, which it does not name`)
    }
    return undefined
  }
  const operation = operationOf(method, pathname)
  if (operation === undefined) return undefined
  const declared = operation.responses[told.status]
  assert.ok(declared, `${operation.id} answered ${told.status}, which it does not declare`)
  if (declared.schema === undefined) assert.equal(told.text, '')
  else declared.schema.parse(told.body)
  return operation.id
}

const document = openApiDocument(operations, '')

function documentedResponses({ method, path }: Operation): object {
  const found = document.paths[path.replace(/:([a-z_]+)/g, '{$1}')]?.[method.toLowerCase()]
  assert.ok(found)
  return found.responses
}

function operationOf(method: Method, pathname: string): Operation | undefined {
  const matching = operations.filter(
    (it) => it.method === method && new RegExp(`^${it.path.replace(/:[a-z_]+/g, '[^/]+')}$`).test(pathname),
  )
  // A fixed segment goes before a parameter.
  return matching.toSorted((a, b) => parameters(a) - parameters(b))[0]
}

const parameters = (it: Operation): number => it.path.split(':').length
