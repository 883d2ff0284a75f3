import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { docsPage, docsStyleSource } from './docs-page.ts'
import { docsStyle } from './docs-style.ts'
import { type DocumentedOperation, openApiDocument } from './openapi.ts'
import { operations } from './operations.ts'
import { testApi } from './testing/api.ts'

const document = openApiDocument(operations, '/admin/v1')
const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, one]) => ({ path, method, one: one as DocumentedOperation })),
)

/** Every value of a key, however deep. */
function valuesOf(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => [
    ...(name === key ? [member] : []),
    ...valuesOf(member, key),
  ])
}

describe('the OpenAPI document', () => {
  it('has every route, each with an operationId of its own', async () => {
    const { group } = await testApi()
    const routes = group.routes.flatMap((route) =>
      'method' in route ? [`${route.method} ${route.path.replace(/:([a-z_]+)/g, '{$1}')}`] : [],
    )
    const open = ['GET /admin/v1/openapi.json', 'GET /admin/v1/docs']
    const listed = documented.map(({ path, method }) => `${method.toUpperCase()} ${path}`)
    assert.deepEqual([...listed, ...open].sort(), routes.sort())
    const ids = documented.map(({ one }) => one.operationId)
    assert.equal(new Set(ids).size, ids.length)
  })

  it('has the members OpenAPI 3.1 demands', () => {
    assert.match(document.openapi, /^3\.1\.\d+$/)
    assert.ok(document.info.title && document.info.version)
    for (const { path, one } of documented) {
      assert.ok(Object.keys(one.responses).length > 0, one.operationId)
      const named = [...path.matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => name).sort()
      const inPath = (one.parameters ?? []).filter((it) => it.in === 'path')
      assert.deepEqual(inPath.map((it) => it.name).sort(), named, one.operationId)
      assert.ok(inPath.every((it) => it.required))
      for (const tag of one.tags) assert.ok(document.tags.some(({ name }) => name === tag))
      for (const [status, response] of Object.entries(one.responses)) {
        assert.match(status, /^[1-5]\d\d$/)
        assert.ok(response.description)
        assert.equal(response.content === undefined, status === '204', `${one.operationId} ${status}`)
      }
    }
  })

  it('resolves every reference within itself, and describes itself by no other dialect', () => {
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    const refs = valuesOf(document, '$ref')
    assert.ok(refs.length > 20)
    for (const ref of refs) assert.ok(known.includes(String(ref)), String(ref))
    assert.deepEqual([valuesOf(document, '$schema'), valuesOf(document, '$defs')], [[], []])
  })

  it('names a permission for every route, and no unknown members in any body (S-138, S-144)', () => {
    for (const { one } of documented) assert.match(one['x-permission'], /^(read|write):[a-z]+$/)
    const bodies = documented.flatMap(({ one }) =>
      one.requestBody ? [one.requestBody.content['application/json']] : [],
    )
    for (const { schema } of bodies) {
      for (const part of [schema, ...((schema.oneOf ?? []) as (typeof schema)[])]) {
        if (part.type === 'object') assert.equal(part.additionalProperties, false)
      }
    }
  })

  it('promises no secret in any answer but those that make one (S-140)', () => {
    const secretive = /secret$|^password$|hash|sealed|digest|^recovery_code$|^memory$/
    const makers = new Set([
      'createApplication',
      'rotateApplicationSecret',
      'replaceRecoveryCode',
      'createWebhook',
      'rotateWebhookSecret',
    ])
    const schemas: Readonly<Record<string, unknown>> = document.components.schemas
    const reach = (value: unknown, seen = new Set<string>()): string[] => {
      const names = valuesOf(value, 'properties').flatMap((it) => Object.keys(it as object))
      const below = valuesOf(value, '$ref').flatMap((ref) => {
        const name = String(ref).slice('#/components/schemas/'.length)
        if (seen.has(name)) return []
        seen.add(name)
        return reach(schemas[name], seen)
      })
      return [...names, ...below]
    }
    for (const { one } of documented.filter(({ one }) => !makers.has(one.operationId))) {
      const found = reach(one.responses).filter((name) => secretive.test(name))
      assert.deepEqual(found, [], one.operationId)
    }
  })
})

describe('the docs page', () => {
  it('is readable without the token, like the document', async () => {
    const { ask } = await testApi()
    const page = await ask('GET', '/docs', { token: null })
    assert.equal(page.status, 200)
    assert.match(String(page.headers['content-type']), /^text\/html/)
    assert.deepEqual((await ask('GET', '/openapi.json', { token: null })).body, JSON.parse(JSON.stringify(document)))
  })

  it('shows every call and asks nobody for anything', () => {
    const page = docsPage(document)
    for (const { one } of documented) assert.ok(page.includes(`id="${one.operationId}"`), one.operationId)
    assert.doesNotMatch(page, /<(script|link|img|iframe|form)\b|@import|url\(|\son[a-z]+=/i)
    const away = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, to]) => to ?? '')
    assert.deepEqual(
      away.filter((to) => !to.startsWith('#')),
      ['openapi.json'],
    )
    for (const to of away.filter((it) => it.startsWith('#'))) assert.ok(page.includes(`id="${to.slice(1)}"`), to)
  })

  it('is bound to its own style by its policy', async () => {
    const { ask } = await testApi()
    const policy = String((await ask('GET', '/docs', { token: null })).headers['content-security-policy'])
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; /)
    assert.ok(policy.includes(docsStyleSource))
    const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(docsStyle)))
    assert.equal(docsStyleSource, `sha256-${Buffer.from(bytes).toString('base64')}`)
    assert.doesNotMatch(policy, /unsafe/)
  })
})
