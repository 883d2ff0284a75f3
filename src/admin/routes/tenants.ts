import * as z from 'zod'
import { asId, type TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Store } from '#ports/store.ts'
import {
  auditRule,
  brandingRule,
  cleared,
  keyRule,
  limitsRule,
  mfaRule,
  named,
  phoneRule,
  tenantFields,
} from '../apply.ts'
import { addRow, changeRow } from '../changes.ts'
import { type Operation, serverOperation, tenantOperation } from '../operation.ts'
import { conflict } from '../problems.ts'
import { riskRule } from '../risk-rule.ts'
import { noParams, page, pageOf, paging, tenantParams } from '../schemas/common.ts'
import { tenant, tenantCreate, tenantPatch, tenantView } from '../schemas/tenants.ts'

const tag = 'Tenants'

const list = serverOperation({
  method: 'GET',
  path: '/tenants',
  id: 'listTenants',
  tag,
  summary: 'List tenants',
  permission: 'read:tenants',
  params: noParams,
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of tenants, by id.', schema: pageOf(tenant) } },
  async handle({ admin, query }) {
    const { store } = admin.parts
    const ids = (await store.everyTenant()).toSorted().filter((id) => query.after === undefined || id > query.after)
    const rows = await Promise.all(ids.slice(0, query.limit + 1).map((id) => store.get('tenants', id, id)))
    const there = rows.filter((it) => it !== undefined)
    return { status: 200, body: page(there, query.limit, tenantView) }
  },
})

const create = serverOperation({
  method: 'POST',
  path: '/tenants',
  id: 'createTenant',
  tag,
  summary: 'Create a tenant',
  permission: 'write:tenants',
  params: noParams,
  body: tenantCreate,
  responses: { 201: { description: 'Created.', schema: tenant } },
  problems: ['conflict'],
  async handle(call) {
    const { body, admin } = call
    const id = asId<TenantId>(body.id)
    const fields = tenantFields({ ...body, name: body.name ?? body.id, ...nothingElse }, admin.development)
    const problem = await claimed(admin.parts.store, id, body.domains)
    if (problem !== undefined) return problem
    const it: Tenant = { tenant: id, id, ...fields }
    return (await addRow(call, 'tenants', it)) ?? { status: 201, body: tenantView(it) }
  },
})

/** What else a tenant of the configuration holds; here these have routes of their own. */
const nothingElse = { webhooks: [], apis: [], applications: [], users: [] } as const

const get = tenantOperation({
  method: 'GET',
  path: '/tenants/:tenant',
  id: 'getTenant',
  tag,
  summary: 'Show a tenant',
  permission: 'read:tenants',
  params: tenantParams,
  responses: { 200: { description: 'The tenant.', schema: tenant } },
  handle: async (call) => ({ status: 200, body: tenantView(call.tenant) }),
})

const patch = tenantOperation({
  method: 'PATCH',
  path: '/tenants/:tenant',
  id: 'updateTenant',
  tag,
  summary: 'Change a tenant',
  description: 'What is left out stays. Lists and objects are replaced as a whole.',
  permission: 'write:tenants',
  params: tenantParams,
  body: tenantPatch,
  responses: { 200: { description: 'The tenant as it is now.', schema: tenant } },
  problems: ['conflict'],
  async handle(call) {
    const { body, admin } = call
    const { id } = call.tenant
    const problem = body.domains && (await claimed(admin.parts.store, id, body.domains))
    if (problem) return problem
    const changed = await changeRow(
      call,
      'tenants',
      id,
      id,
      (before): Tenant => ({
        ...before,
        ...named({
          name: body.name,
          domains: body.domains,
          hideUnknownUsers: body.hide_unknown_users,
          factors: body.factors,
          pages: body.pages,
          defaultConnection: body.default_connection,
          signingAlgorithm: body.signing_algorithm,
          phone: body.phone && phoneRule(body.phone, admin.development),
          limits: body.limits && limitsRule(body.limits),
        }),
        ...cleared({
          securityQuestions: body.security_questions,
          mfa: body.mfa && mfaRule(body.mfa),
          risk: body.risk && riskRule(body.risk),
          discovery: body.discovery,
          signUp: body.sign_up,
          nativePreview: body.native_preview,
          audit: body.audit && auditRule(body.audit),
          keys: body.webauthn && keyRule(body.webauthn),
          branding: body.branding && brandingRule(body.branding),
          messages: body.messages as Tenant['messages'] | null,
        }),
      }),
    )
    return changed.problem ? changed : { status: 200, body: tenantView(changed.row) }
  },
})

/** Ids are told apart without regard to case, since Entra's paths are; a host belongs to one tenant. */
async function claimed(store: Store, id: TenantId, domains: readonly string[]) {
  for (const other of await store.everyTenant()) {
    if (other === id) continue
    if (other.toLowerCase() === id.toLowerCase()) return conflict('There is one of this name already', 'id')
    const taken = (await store.get('tenants', other, other))?.domains.find((domain) => domains.includes(domain))
    if (taken !== undefined) return conflict(`${taken} is claimed by another tenant`, 'domains')
  }
  return undefined
}

export const tenantRoutes: readonly Operation[] = [list, create, get, patch]
