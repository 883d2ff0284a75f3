import * as z from 'zod'
import type { Api } from '#model/application.ts'
import { named } from '../apply.ts'
import { addRow, changeRow, removeRow } from '../changes.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { notFound } from '../problems.ts'
import { page, pageOf, paging, tenantParams } from '../schemas/common.ts'
import { api, apiCreate, apiParams, apiPatch, apiView } from '../schemas/tenants.ts'

const tag = 'APIs'
const one = '/tenants/:tenant/apis/:audience'

const list = tenantOperation({
  method: 'GET',
  path: '/tenants/:tenant/apis',
  id: 'listApis',
  tag,
  summary: 'List APIs',
  permission: 'read:apis',
  params: tenantParams,
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of APIs, by audience.', schema: pageOf(api) } },
  async handle({ admin, tenant, query: { limit, after } }) {
    const rows = await admin.parts.store.list('apis', tenant.id, { limit: limit + 1, after })
    return { status: 200, body: page(rows, limit, apiView) }
  },
})

const create = tenantOperation({
  method: 'POST',
  path: '/tenants/:tenant/apis',
  id: 'createApi',
  tag,
  summary: 'Create an API',
  permission: 'write:apis',
  params: tenantParams,
  body: apiCreate,
  responses: { 201: { description: 'Created.', schema: api } },
  problems: ['conflict'],
  async handle(call) {
    const { body } = call
    const it: Api = {
      tenant: call.tenant.id,
      id: body.audience,
      name: body.name ?? body.audience,
      scopes: body.scopes,
      accessTokenLifetime: body.access_token_lifetime,
      allowOfflineAccess: body.allow_offline_access,
      ...named({ signingAlgorithm: body.signing_algorithm }),
    }
    return (await addRow(call, 'apis', it)) ?? { status: 201, body: apiView(it) }
  },
})

const get = tenantOperation({
  method: 'GET',
  path: one,
  id: 'getApi',
  tag,
  summary: 'Show an API',
  permission: 'read:apis',
  params: apiParams,
  responses: { 200: { description: 'The API.', schema: api } },
  async handle({ admin, tenant, params }) {
    const it = await admin.parts.store.get('apis', tenant.id, params.audience)
    return it === undefined ? notFound : { status: 200, body: apiView(it) }
  },
})

const patch = tenantOperation({
  method: 'PATCH',
  path: one,
  id: 'updateApi',
  tag,
  summary: 'Change an API',
  description: 'What is left out stays.',
  permission: 'write:apis',
  params: apiParams,
  body: apiPatch,
  responses: { 200: { description: 'The API as it is now.', schema: api } },
  async handle(call) {
    const { body, tenant, params } = call
    const changed = await changeRow(
      call,
      'apis',
      tenant.id,
      params.audience,
      (before): Api => ({
        ...before,
        ...named({
          name: body.name,
          scopes: body.scopes,
          accessTokenLifetime: body.access_token_lifetime,
          allowOfflineAccess: body.allow_offline_access,
        }),
        ...(body.signing_algorithm === undefined ? {} : { signingAlgorithm: body.signing_algorithm ?? undefined }),
      }),
    )
    return changed.problem ? changed : { status: 200, body: apiView(changed.row) }
  },
})

const remove = tenantOperation({
  method: 'DELETE',
  path: one,
  id: 'deleteApi',
  tag,
  summary: 'Delete an API',
  permission: 'write:apis',
  params: apiParams,
  responses: { 204: { description: 'Gone.' } },
  async handle(call) {
    const gone = await removeRow(call, 'apis', call.tenant.id, call.params.audience)
    return gone ? { status: 204 } : notFound
  },
})

export const apiRoutes: readonly Operation[] = [list, create, get, patch, remove]
