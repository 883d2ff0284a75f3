import { configSchema } from '#config/schema.ts'
import { systemAudit } from '#engine/events.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import type { AccessClaims } from '#oidc/tokens.ts'
import type { Store } from '#ports/store.ts'
import { remove, row, upsert } from '#ports/store.ts'
import type { Dialect } from '../dialect.ts'
import { inputOf, isRecord } from '../input.ts'
import { machineOf } from '../setup/machine.ts'
import { action, iso, nothing, ok, type Row } from '../wire.ts'

/** One address of a page, in one language (cidaas.md §7.2). */
export interface Page {
  readonly hosted_page_id: string
  readonly locale: string
  readonly url: string
}

/** Pages of the tenant's own under one name; applications choose a group. */
export interface PageGroup {
  readonly id: string
  readonly default_locale: string
  readonly pages: readonly Page[]
  /** Epoch ms. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** The group of applications that name none. */
export const defaultGroup = 'default'

const model = 'PageGroup'
const rowId = (id: string): string => `${model}:${id}`
const most = 200

const groupOf = (found: Artifact | undefined): PageGroup | undefined =>
  found?.payload as unknown as PageGroup | undefined

/**
 * The pages of a group in a language, by their keys: what the group has for it, else in its own language; what it has not
 * is the tenant's.
 */
export async function pagesOf(
  store: Store,
  tenant: TenantId,
  group: string | undefined,
  locale: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const found = groupOf(await store.get('artifacts', tenant, rowId(group ?? defaultGroup)))
  if (found === undefined) return undefined
  const fits = (it: Page, wanted: string) =>
    it.locale.toLowerCase().split(/[-_]/)[0] === wanted.toLowerCase().split(/[-_]/)[0]
  const by = (wanted: string) => found.pages.filter((it) => fits(it, wanted)).map((it) => [it.hosted_page_id, it.url])
  return Object.fromEntries([...by(found.default_locale), ...by(locale === '' ? found.default_locale : locale)])
}

/** The group as the wire has it. */
const view = (it: PageGroup): object => ({
  _id: it.id,
  id: it.id,
  groupOwner: 'client',
  default_locale: it.default_locale,
  hosted_pages: it.pages,
  createdTime: iso(it.createdAt),
  updatedTime: iso(it.updatedAt),
})

/** What the configuration says, as the group of everybody, where nobody has written another. */
const configured = (tenant: Tenant, now: number): PageGroup => ({
  id: defaultGroup,
  default_locale: 'en',
  pages: Object.entries(tenant.pages).map(([hosted_page_id, url]) => ({ hosted_page_id, locale: 'en', url })),
  createdAt: now,
  updatedAt: now,
})

async function find({ engine }: Dialect, { tenant }: Exchange, id: string): Promise<PageGroup | undefined> {
  const kept = groupOf(await engine.parts.store.get('artifacts', tenant.id, rowId(id)))
  return kept ?? (id === defaultGroup ? configured(tenant, engine.parts.clock.now()) : undefined)
}

const malformed: Row = [400, 'VER_0004', 'invalid_request_payload', 'The group of pages could not be read.']
const read = 'cidaas:hosted_pages_read'

/** `GET /hostedpages-srv/hpgroup`. */
export async function listGroups(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, read)
  if ('status' in claims) return claims
  const index = await names(dialect, exchange)
  const all = await Promise.all([...new Set([defaultGroup, ...index])].map((id) => find(dialect, exchange, id)))
  return ok(all.filter((it) => it !== undefined).map(view))
}

/** `GET /hostedpages-srv/hpgroup/:id`. */
export async function showGroup(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, read)
  if ('status' in claims) return claims
  const it = await find(dialect, exchange, exchange.params.id ?? '')
  return it ? ok(view(it)) : nothing
}

/** `GET /hostedpages-srv/hpgroup/:id/:page?locale=`. */
export async function showPage(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, read)
  if ('status' in claims) return claims
  const it = await find(dialect, exchange, exchange.params.id ?? '')
  const found = it?.pages.find(named(exchange))
  return found ? ok(found) : nothing
}

const named =
  ({ params, query }: Exchange) =>
  (it: Page): boolean =>
    it.hosted_page_id === params.page && (query.locale === undefined || it.locale === query.locale)

/** `POST /hostedpages-srv/hpgroup` and `/hpgroup/:id`: creates it, or replaces it as a whole (201, 200). */
export async function writeGroup(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, 'cidaas:hosted_pages_write')
  if ('status' in claims) return claims
  const input = inputOf(exchange)
  const id = exchange.params.id ?? input.text('_id') ?? input.text('id')
  const pages = pagesIn(input.raw('hosted_pages'))
  const locale = input.text('default_locale') ?? 'en'
  if (id === undefined || !/^[\w .-]{1,100}$/.test(id) || pages === undefined || !isLocale(locale))
    return action(malformed)
  const it = await save(
    dialect,
    exchange,
    claims,
    (before, now) => ({
      id,
      default_locale: locale,
      pages,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    }),
    id,
  )
  return ok(view(it.group), it.created ? 201 : 200)
}

/** `DELETE /hostedpages-srv/hpgroup/:id` and `/:page`: applications fall back to the tenant's pages. */
export async function deleteGroup(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const claims = await machineOf(dialect, exchange, 'cidaas:hosted_pages_delete')
  if ('status' in claims) return claims
  const { store } = dialect.engine.parts
  const id = exchange.params.id ?? ''
  const there = groupOf(await store.get('artifacts', exchange.tenant.id, rowId(id)))
  if (there === undefined) return nothing
  if (exchange.params.page !== undefined) {
    const left = there.pages.filter((it) => !named(exchange)(it))
    if (left.length === there.pages.length) return nothing
    await save(dialect, exchange, claims, (_before, now) => ({ ...there, pages: left, updatedAt: now }), id)
    return ok({ deleted: true })
  }
  const event = changed(dialect, exchange, claims, id, 'deleted')
  await store.change({ index: row('artifacts', exchange.tenant.id, indexId) }, ({ index }) => ({
    result: undefined,
    writes: [
      remove('artifacts', exchange.tenant.id, rowId(id)),
      upsert(
        'artifacts',
        indexOf(
          exchange.tenant.id,
          namesIn(index).filter((it) => it !== id),
        ),
      ),
      event,
    ],
  }))
  return ok({ deleted: true })
}

/** Names of the groups there are. */
const indexId = `${model}s`
const namesIn = (found: Artifact | undefined): readonly string[] => (found?.payload.names ?? []) as readonly string[]
const indexOf = (tenant: TenantId, all: readonly string[]): Artifact => ({
  tenant,
  id: indexId,
  model,
  payload: { names: [...new Set(all)].slice(0, most) },
})
const names = async ({ engine }: Dialect, { tenant }: Exchange) =>
  namesIn(await engine.parts.store.get('artifacts', tenant.id, indexId))

async function save(
  dialect: Dialect,
  exchange: Exchange,
  claims: AccessClaims,
  make: (before: PageGroup | undefined, now: number) => PageGroup,
  id: string,
): Promise<{ readonly group: PageGroup; readonly created: boolean }> {
  const { store, clock } = dialect.engine.parts
  const tenant = exchange.tenant.id
  const refs = { there: row('artifacts', tenant, rowId(id)), index: row('artifacts', tenant, indexId) }
  return await store.change(refs, ({ there, index }) => {
    const group = make(groupOf(there), clock.now())
    const kept: Artifact = { tenant, id: rowId(id), model, payload: { ...group } }
    return {
      result: { group, created: there === undefined },
      writes: [
        upsert('artifacts', kept),
        upsert('artifacts', indexOf(tenant, [...namesIn(index), id])),
        changed(dialect, exchange, claims, id, there ? 'updated' : 'created'),
      ],
    }
  })
}

function changed({ engine }: Dialect, exchange: Exchange, claims: AccessClaims, id: string, change: string) {
  const by = { actor: 'client', client: claims.client, ip: exchange.address } as const
  const details = { what: 'pages', id, change, source: 'cidaas' }
  return systemAudit(engine.parts, exchange.tenant.id, 'admin.change', { ...by, details })
}

const isLocale = (text: string): boolean => /^[a-zA-Z]{2,3}(?:[-_][a-zA-Z0-9]{2,8})*$/.test(text)

/** The configuration's own rule for addresses of pages (operating.md §3). */
const pageRule = configSchema.shape.tenants.element.in.shape.pages

/** Pages as they were sent, by the rules of the configuration; undefined: one of them breaks one. */
function pagesIn(sent: unknown): readonly Page[] | undefined {
  if (!Array.isArray(sent) || sent.length > most) return undefined
  const all = sent.map((it: unknown): Page | undefined => {
    if (!isRecord(it)) return undefined
    const { hosted_page_id: key, url, locale = 'en' } = it
    if (typeof key !== 'string' || typeof url !== 'string' || typeof locale !== 'string' || !isLocale(locale))
      return undefined
    return pageRule.safeParse({ [key]: url }).success ? { hosted_page_id: key, locale, url } : undefined
  })
  return all.every((it) => it !== undefined) ? all : undefined
}
