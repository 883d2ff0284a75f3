import * as z from 'zod'
import { chainRowId, chainState } from '#engine/audit/head.ts'
import { publishedAuditKeys, rotateAuditKey } from '#engine/audit/keys.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { moment, tenantParams, toMoment } from '../schemas/common.ts'

const tag = 'Events'

const key = z
  .strictObject({
    kid: z.string(),
    public_jwk: z.record(z.string(), z.string()),
    created_at: moment,
    retired_at: moment.optional().meta({ description: 'Signs nothing since.' }),
  })
  .meta({ id: 'AuditKey' })

const show = tenantOperation({
  method: 'GET',
  path: '/tenants/:tenant/audit',
  id: 'getAuditChain',
  tag,
  summary: 'Show where the hash chain of audit events stands, and the keys its heads are signed with',
  description:
    'Keep `head` from time to time where nobody who can write the database can write: `polyfactor audit verify --head` then tells whether rows were cut off since.',
  permission: 'read:events',
  params: tenantParams,
  responses: {
    200: {
      description: 'The chain.',
      schema: z
        .strictObject({
          seq: z.int().meta({ description: 'Number of the newest row; 0: none is linked yet.' }),
          from: z.int().meta({ description: 'Number of the oldest row that retention has left.' }),
          head: z.string().optional().meta({ description: 'The newest signed head, compact JWS.' }),
          keys: z.array(key),
        })
        .meta({ id: 'AuditChain' }),
    },
  },
  async handle({ admin, tenant }) {
    const { store } = admin.parts
    const { seq, from, head } = chainState(tenant.id, await store.get('artifacts', tenant.id, chainRowId))
    const keys = (await publishedAuditKeys({ store }, tenant.id)).map((it) => ({
      kid: it.kid,
      public_jwk: it.publicJwk as Record<string, string>,
      created_at: toMoment(it.createdAt),
      ...(it.retiredAt === undefined ? {} : { retired_at: toMoment(it.retiredAt) }),
    }))
    return { status: 200, body: { seq, from, ...(head === undefined ? {} : { head }), keys } }
  },
})

const rotate = tenantOperation({
  method: 'POST',
  path: '/tenants/:tenant/audit/rotate-key',
  id: 'rotateAuditKey',
  tag,
  summary: 'Sign the heads of the audit chain with a new key',
  description: 'Heads of the old key stay verifiable; its private half is erased.',
  permission: 'write:keys',
  params: tenantParams,
  responses: { 200: { description: 'Rotated.', schema: z.strictObject({ kid: z.string() }) } },
  async handle(call) {
    const { id } = call.tenant
    const kid = await rotateAuditKey(call.admin.parts, id, (kid) => [
      call.audit(id, 'key.rotated', { details: { what: 'audit', kid } }),
    ])
    return { status: 200, body: { kid } }
  },
})

export const auditRoutes: readonly Operation[] = [show, rotate]
