import * as z from 'zod'
import type { Operation } from './operation.ts'
import { statusOf } from './problems.ts'
import { problem } from './schemas/common.ts'

type Json = Readonly<Record<string, unknown>>

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly description?: string
  readonly schema: Json
}

export interface DocumentedResponse {
  readonly description: string
  readonly content?: { readonly 'application/json': { readonly schema: Json } }
}

export interface DocumentedOperation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: { 'application/json': { schema: Json } } }
  readonly responses: Readonly<Record<string, DocumentedResponse>>
  readonly 'x-permission': string
}

/** The parts of an OpenAPI 3.1 document this API uses. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly security: readonly Json[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly securitySchemes: Json }
}

const description = `Manages tenants, applications, APIs, users, authenticators and keys, and reads the audit.

Members have the names of the configuration file. Unknown members are refused. Moments are ISO 8601 in UTC.
Secrets go in and never come out: a client secret or recovery code is shown once, in the answer that made it.
Lists have pages: give \`next\` of one page as \`after\` of the following one.
Every refusal has the shape of \`Problem\`, and the same 404 whether a thing never existed or belongs to another tenant.`

/** The OpenAPI 3.1 document of these routes, from the very schemas that validate their requests. */
export function openApiDocument(operations: readonly Operation[], base: string): OpenApiDocument {
  const schemas: Record<string, Json> = {}
  const paths: Record<string, Record<string, DocumentedOperation>> = {}
  for (const it of operations) {
    const path = `${base}${it.path}`.replace(/:([a-z_]+)/g, '{$1}')
    paths[path] = { ...paths[path], [it.method.toLowerCase()]: documentOperation(it, schemas) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Polyfactor admin API', version: '1', description },
    servers: [{ url: '/' }],
    security: [{ admin_token: [] }],
    tags: [...new Set(operations.map((it) => it.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        admin_token: { type: 'http', scheme: 'bearer', description: 'The value of POLYFACTOR_ADMIN_TOKEN.' },
      },
    },
  }
}

function documentOperation(it: Operation, schemas: Record<string, Json>): DocumentedOperation {
  const parameters = [
    ...parametersOf('path', it.params, schemas),
    ...(it.query ? parametersOf('query', it.query, schemas) : []),
  ]
  return {
    operationId: it.id,
    tags: [it.tag],
    summary: it.summary,
    ...(it.description ? { description: it.description } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(it.body
      ? { requestBody: { required: !it.bodyOptional, content: jsonOf(schemaOf(it.body, 'input', schemas)) } }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(it.responses).map(([status, { description, schema }]) => [
          status,
          { description, ...(schema ? { content: jsonOf(schemaOf(schema, 'output', schemas)) } : {}) },
        ]),
      ),
      ...problemsOf(it, schemas),
    },
    'x-permission': it.permission,
  }
}

const jsonOf = (schema: Json) => ({ 'application/json': { schema } })

/** The refusals a route can answer with, by what it takes. */
function problemsOf(it: Operation, schemas: Record<string, Json>): Record<string, DocumentedResponse> {
  const content = jsonOf(schemaOf(problem, 'output', schemas))
  const words = {
    400: 'The request is not as it should be.',
    401: 'The admin token is missing or wrong.',
    ...(it.scope === 'tenant' ? { 404: 'There is nothing at this address.' } : {}),
    ...(it.problems?.includes('conflict') ? { [statusOf.conflict]: 'It contradicts what is stored.' } : {}),
    ...(it.body ? { 413: 'The body is over 64 KiB.', 415: 'The body is not JSON.' } : {}),
    503: 'The server is busy or its store does not answer; see Retry-After.',
  }
  return Object.fromEntries(Object.entries(words).map(([status, description]) => [status, { description, content }]))
}

function parametersOf(where: 'path' | 'query', schema: z.ZodObject, schemas: Record<string, Json>): Parameter[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input', schemas) as {
    readonly properties?: Readonly<Record<string, Json>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(typeof description === 'string' ? { description } : {}),
    schema: rest,
  }))
}

const definitions = '#/$defs/'

/** JSON Schema (draft 2020-12, as OpenAPI 3.1 wants it); what has an id becomes a component. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Record<string, Json>): Json {
  // Wrapped, so that a schema with an id is a reference wherever it stands.
  const wrapped = z.toJSONSchema(z.object({ it: schema }), { io, unrepresentable: 'any' }) as unknown as {
    readonly properties: { readonly it: Json }
    readonly $defs?: Readonly<Record<string, Json>>
  }
  for (const [id, definition] of Object.entries(wrapped.$defs ?? {})) schemas[nameOf(id)] ??= componentOf(definition)
  return componentOf(wrapped.properties.it)
}

/** The only schema without a name of its own that refers to itself is that of any JSON. */
const nameOf = (id: string): string => (/^__schema\d+$/.test(id) ? 'Json' : id)

/** The same with references into the components, and without members only JSON Schema files have. */
function componentOf(value: Json): Json {
  const walk = (it: unknown): unknown => {
    if (Array.isArray(it)) return it.map(walk)
    if (typeof it !== 'object' || it === null) return it
    const members = Object.entries(it).filter(([key]) => key !== '$defs')
    return Object.fromEntries(
      members.map(([key, member]) =>
        key === '$ref' && typeof member === 'string'
          ? [key, `#/components/schemas/${nameOf(member.replace(definitions, ''))}`]
          : [key, walk(member)],
      ),
    )
  }
  return walk(value) as Json
}
