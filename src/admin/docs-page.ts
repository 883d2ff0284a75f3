import { tokenDigest } from '#crypto/digest.ts'
import { docsStyle } from './docs-style.ts'
import type { DocumentedOperation, OpenApiDocument } from './openapi.ts'

type Json = Readonly<Record<string, unknown>>

/** What a Content-Security-Policy names so that the page's own style, and no other, is applied (CSP level 3 §6.7.3.3). */
export const docsStyleSource = `sha256-${Buffer.from(tokenDigest(docsStyle), 'base64url').toString('base64')}`

/** The admin API as one page for people, made from its OpenAPI document: no script, and nothing from elsewhere. */
export function docsPage(document: OpenApiDocument): string {
  const tags = document.tags.map(({ name }) => ({ name, entries: entriesOf(document, name) }))
  const links = tags.map(
    ({ name, entries }) =>
      `<h2>${text(name)}</h2><ul>${entries.map(([, , it]) => `<li><a href="#${it.operationId}">${text(it.summary)}</a></li>`).join('')}</ul>`,
  )
  const sections = tags.map(
    ({ name, entries }) => `<section><h2>${text(name)}</h2>${entries.map(article).join('')}</section>`,
  )
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<article id="schema-${text(name)}"><h3>${text(name)}</h3>${paragraph(schema.description)}${members(schema)}</article>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(document.info.title)}</title>
<style>${docsStyle}</style>
</head>
<body>
<div class="page">
<nav aria-label="Calls"><a href="#top"><strong>${text(document.info.title)}</strong></a>${links.join('')}<h2>More</h2><ul><li><a href="#schemas">Schemas</a></li><li><a href="openapi.json">OpenAPI document</a></li></ul></nav>
<main id="top">
<h1>${text(document.info.title)}</h1>
${document.info.description.split('\n\n').map(paragraph).join('')}
<pre><code>curl -H "Authorization: Bearer $POLYFACTOR_ADMIN_TOKEN" https://localhost:3443/admin/v1/tenants</code></pre>
${sections.join('')}
<section id="schemas"><h2>Schemas</h2>${schemas.join('')}</section>
</main>
</div>
</body>
</html>
`
}

type Entry = readonly [path: string, method: string, operation: DocumentedOperation]

function entriesOf(document: OpenApiDocument, tag: string): readonly Entry[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, it]) => it.tags.includes(tag))
      .map(([method, it]): Entry => [path, method, it]),
  )
}

function article([path, method, it]: Entry): string {
  const parameters = (it.parameters ?? []).map((one) =>
    line(one.name, typeOf(one.schema), one.required, [one.description, limits(one.schema)], one.in),
  )
  const body = it.requestBody?.content['application/json'].schema
  const [good, bad] = [
    Object.entries(it.responses).filter(([status]) => status < '400'),
    Object.entries(it.responses).filter(([status]) => status >= '400'),
  ]
  return `<article id="${it.operationId}"><h3>${text(it.summary)}</h3>
<p class="call"><span class="method ${method}">${method.toUpperCase()}</span><code>${text(path)}</code></p>
${paragraph(it.description)}<p class="note">Permission <code>${text(it['x-permission'])}</code></p>
${parameters.length > 0 ? `<h4>Parameters</h4><table>${parameters.join('')}</table>` : ''}
${body ? `<h4>Body${it.requestBody?.required ? '' : ' (optional)'}</h4>${members(body)}` : ''}
${good
  .map(([status, { description, content }]) => {
    const schema = content?.['application/json'].schema
    return `<h4>${status} ${text(description)}</h4>${schema ? members(schema) : ''}`
  })
  .join('')}
<details><summary>Refusals</summary><table>${bad.map(([status, one]) => `<tr><td>${status}</td><td>${reference('Problem')}</td><td>${text(one.description)}</td></tr>`).join('')}</table></details>
</article>`
}

const refName = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1)

const reference = (name: string): string => `<a href="#schema-${text(name)}">${text(name)}</a>`

/** The members of an object, those of objects within it indented by their path; of a union one table a variant. */
function members(schema: Json): string {
  if (typeof schema.$ref === 'string') return `<p>${reference(refName(schema.$ref))}</p>`
  const variants = (schema.oneOf ?? schema.anyOf) as readonly Json[] | undefined
  if (variants !== undefined) {
    return variants.map((it, index) => `<p class="note">Variant ${index + 1}</p>${members(it)}`).join('')
  }
  const rows = memberRows(schema, '')
  return rows === '' ? `<p class="note">${typeOf(schema)}</p>` : `<table>${rows}</table>`
}

function memberRows(schema: Json, prefix: string): string {
  const required = (schema.required ?? []) as readonly string[]
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Json>>
  return Object.entries(properties)
    .map(([name, it]) => {
      const place = `${prefix}${name}`
      const note = [it.description as string | undefined, limits(it)]
      return line(place, typeOf(it), required.includes(name) && it.default === undefined, note) + rowsBelow(it, place)
    })
    .join('')
}

/** The members of what a member holds: an object, a list of objects, or either with variants. */
function rowsBelow(schema: Json, place: string): string {
  const isList = schema.type === 'array'
  const inner = (isList ? schema.items : schema) as Json | undefined
  if (inner === undefined || typeof inner.$ref === 'string') return ''
  const variants = (inner.oneOf ?? inner.anyOf ?? [inner]) as readonly Json[]
  return variants.map((it) => memberRows(it, `${place}${isList ? '[]' : ''}.`)).join('')
}

function line(name: string, type: string, must: boolean, notes: readonly (string | undefined)[], where = ''): string {
  const mark = must ? ' <span class="must">required</span>' : ''
  const note = notes.filter((it) => it !== undefined && it !== '').join(' ')
  const place = where === '' ? '' : ` <span class="note">${where}</span>`
  return `<tr><td><code>${text(name)}</code>${place}${mark}</td><td>${type}</td><td>${prose(note)}</td></tr>`
}

/** A type in a few words; safe HTML. */
function typeOf(schema: Json): string {
  if (typeof schema.$ref === 'string') return reference(refName(schema.$ref))
  if (schema.const !== undefined) return `<code>${text(JSON.stringify(schema.const))}</code>`
  if (Array.isArray(schema.enum)) return schema.enum.map((it) => `<code>${text(String(it))}</code>`).join(' ')
  const variants = (schema.anyOf ?? schema.oneOf) as readonly Json[] | undefined
  if (variants !== undefined) return [...new Set(variants.map(typeOf))].join(' or ')
  if (schema.type === 'array') return `list of ${typeOf((schema.items ?? {}) as Json)}`
  if (schema.format === 'date-time') return 'date-time'
  return typeof schema.type === 'string' ? text(schema.type) : 'any'
}

function limits(schema: Json): string {
  const said: string[] = []
  if (schema.default !== undefined) said.push(`Default \`${JSON.stringify(schema.default)}\`.`)
  if (typeof schema.minimum === 'number' && schema.minimum > -1e9) said.push(`At least ${schema.minimum}.`)
  if (typeof schema.maximum === 'number' && schema.maximum < 1e15) said.push(`At most ${schema.maximum}.`)
  if (typeof schema.maxItems === 'number') said.push(`At most ${schema.maxItems} items.`)
  return said.join(' ')
}

const paragraph = (it: unknown): string => (typeof it === 'string' && it !== '' ? `<p>${prose(it)}</p>` : '')

/** Text with `code` in backticks. */
const prose = (it: string): string => text(it).replace(/`([^`]+)`/g, '<code>$1</code>')

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const text = (it: string): string => it.replace(/[&<>"']/g, (letter) => entities[letter] ?? '')
