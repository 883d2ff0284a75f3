import * as z from 'zod'
import type { AuditEvent } from '#model/event.ts'
import type { TenantId } from '#model/ids.ts'
import type { Store } from '#ports/store.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { moment, pageOf, paging, tenantParams, toMoment } from '../schemas/common.ts'

const event = z
  .strictObject({
    id: z.string(),
    at: moment,
    type: z.string(),
    outcome: z.enum(['success', 'failure']),
    actor: z.enum(['user', 'client', 'admin', 'system']),
    user: z.string().optional(),
    client: z.string().optional(),
    factor: z.string().optional(),
    authenticator: z.string().optional(),
    dialect: z.string().optional(),
    ip: z.string().optional(),
    reason: z.string().optional(),
    correlation: z.string().optional().meta({ description: '`request_id` of the request that caused it.' }),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .meta({ id: 'Event' })

const query = z.strictObject({
  ...paging,
  type: z.string().min(1).max(64).optional().meta({ description: 'Such as `factor.confirmed`.' }),
  user: z.string().min(1).max(1024).optional().meta({ description: 'Id of the user it is about.' }),
  outcome: z.enum(['success', 'failure']).optional(),
  from: moment.optional().meta({ description: 'Not before this moment.' }),
  to: moment.optional().meta({ description: 'Before this moment.' }),
})
type Query = z.output<typeof query>

const list = tenantOperation({
  method: 'GET',
  path: '/tenants/:tenant/events',
  id: 'listEvents',
  tag: 'Events',
  summary: 'List audit events',
  description:
    'Newest first. A page may hold fewer events than asked for, even none, and still have a `next`: the search goes on there.',
  permission: 'read:events',
  params: tenantParams,
  query,
  responses: { 200: { description: 'A page of events.', schema: pageOf(event) } },
  async handle({ admin, tenant, query: wanted }) {
    return { status: 200, body: await search(admin.parts.store, tenant.id, wanted) }
  },
})

/** Rows looked at for one page: a rare event in a long trail is found over several pages, not in one slow request. */
const mostLookedAt = 5_000
const chunk = 500

/** Ids begin with their moment, 12 hex digits of ms, so a span of time is a span of ids. */
const idAt = (ms: number): string => Math.max(0, ms).toString(16).padStart(12, '0')

async function search(store: Store, tenant: TenantId, wanted: Query) {
  const items: z.input<typeof event>[] = []
  const from = wanted.from === undefined ? '' : idAt(Date.parse(wanted.from))
  const to = wanted.to === undefined ? undefined : idAt(Date.parse(wanted.to))
  const by = wanted.user === undefined ? undefined : ({ index: 'user', value: wanted.user } as const)
  let after = [wanted.after, to].filter((it) => it !== undefined).toSorted()[0]
  for (let looked = 0; looked < mostLookedAt; looked += chunk) {
    const rows = await store.list('events', tenant, { by, after, limit: chunk, descending: true })
    for (const row of rows) {
      if (row.id < from) return { items }
      // One more than fits: there is a next page.
      if (fits(row, wanted) && items.length === wanted.limit) return { items, next: after }
      if (fits(row, wanted)) items.push(view(row))
      after = row.id
    }
    if (rows.length < chunk) return { items }
  }
  return { items, next: after }
}

const fits = (row: AuditEvent, wanted: Query): boolean =>
  (wanted.type === undefined || row.type === wanted.type) &&
  (wanted.outcome === undefined || row.outcome === wanted.outcome)

function view({ tenant: _tenant, expiresAt: _end, ...it }: AuditEvent): z.input<typeof event> {
  return { ...it, at: toMoment(it.at) }
}

export const eventRoutes: readonly Operation[] = [list]
