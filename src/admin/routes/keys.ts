import * as z from 'zod'
import { type Operation, tenantOperation } from '../operation.ts'
import { moment, tenantParams, toMoment } from '../schemas/common.ts'
import { reason } from '../schemas/users.ts'

const tag = 'Keys'

const key = z
  .strictObject({
    kid: z.string(),
    alg: z.string(),
    state: z.enum(['next', 'active', 'retired']),
    created_at: moment,
    public_jwk: z.record(z.string(), z.json()).meta({ description: 'Public members only.' }),
  })
  .meta({ id: 'SigningKey' })

const list = tenantOperation({
  method: 'GET',
  path: '/tenants/:tenant/keys',
  id: 'listKeys',
  tag,
  summary: 'List the signing keys of a tenant',
  description: 'The published ones: the active key of each algorithm in use, the next one, and those retired.',
  permission: 'read:keys',
  params: tenantParams,
  responses: { 200: { description: 'The keys.', schema: z.strictObject({ items: z.array(key) }) } },
  async handle({ admin, tenant }) {
    const snapshot = await admin.keys.snapshot(tenant.id, [tenant.signingAlgorithm])
    const items = snapshot.jwks.keys.flatMap((published) => {
      const it = snapshot.byKid(String(published.kid))
      if (it === undefined) return []
      const { kid, alg, state } = it
      return [{ kid, alg, state, created_at: toMoment(it.createdAt), public_jwk: published }]
    })
    return { status: 200, body: { items } }
  },
})

const rotate = tenantOperation({
  method: 'POST',
  path: '/tenants/:tenant/keys/rotate',
  id: 'rotateKeys',
  tag,
  summary: 'Rotate the signing keys of a tenant',
  description:
    'The next key becomes the active one, the active one is retired and stays published until its last token has expired. A next key younger than a day is left alone unless `force` says that the active one is compromised, which needs a reason.',
  permission: 'write:keys',
  params: tenantParams,
  body: z
    .strictObject({ force: z.boolean().default(false), reason: reason.optional() })
    .refine((it) => !it.force || it.reason !== undefined, { error: 'is needed with force', path: ['reason'] }),
  bodyOptional: true,
  responses: {
    200: {
      description: 'What was rotated, and which keys are too young.',
      schema: z
        .strictObject({
          rotated: z.array(z.strictObject({ alg: z.string(), active: z.string(), retired: z.string() })),
          too_young: z.array(z.strictObject({ alg: z.string(), ready_at: moment })),
        })
        .meta({ id: 'KeyRotation' }),
    },
  },
  async handle(call) {
    const { admin, tenant, body } = call
    await admin.keys.snapshot(tenant.id, [tenant.signingAlgorithm])
    const { rotated, tooYoung } = await admin.keys.rotate(tenant.id, { force: body.force })
    const details = { rotated: rotated.map((it) => it.alg).join(' '), force: body.force }
    const event = call.audit(tenant.id, 'key.rotated', { reason: body.reason, details })
    if (rotated.length > 0) await admin.parts.store.change({}, () => ({ result: undefined, writes: [event] }))
    const too_young = tooYoung.map(({ alg, readyAt }) => ({ alg, ready_at: toMoment(readyAt) }))
    return { status: 200, body: { rotated, too_young } }
  },
})

export const keyRoutes: readonly Operation[] = [list, rotate]
