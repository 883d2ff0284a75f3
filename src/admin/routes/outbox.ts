import * as z from 'zod'
import type { Message } from '#model/message.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { moment, page, pageOf, paging, tenantParams, toMoment } from '../schemas/common.ts'

const message = z
  .strictObject({
    id: z.string(),
    at: moment,
    channel: z.string(),
    purpose: z.string(),
    state: z.enum(['queued', 'sent', 'dropped', 'failed']),
    attempts: z.int().meta({ description: 'Calls of a provider, 3 at most.' }),
    sent_at: moment.optional().meta({ description: 'When a provider took it.' }),
    provider: z.string().optional().meta({ description: 'The one that took it last.' }),
    receipt: z
      .strictObject({
        status: z.enum(['delivered', 'failed']),
        provider: z.string(),
        at: moment,
        reason: z.string().optional().meta({ description: 'A code of the provider’s.' }),
      })
      .optional()
      .meta({ description: 'What a provider has reported since.' }),
    error: z.string().optional(),
  })
  .meta({ id: 'OutboxMessage' })

const view = (it: Message): z.input<typeof message> => ({
  id: it.id,
  at: toMoment(it.at),
  channel: it.channel,
  purpose: it.purpose,
  state: it.state,
  attempts: it.attempts,
  ...(it.sentAt === undefined ? {} : { sent_at: toMoment(it.sentAt) }),
  ...(it.by === undefined ? {} : { provider: it.by }),
  ...(it.receipt === undefined
    ? {}
    : {
        receipt: {
          status: it.receipt.status,
          provider: it.receipt.by,
          at: toMoment(it.receipt.at),
          ...(it.receipt.reason === undefined ? {} : { reason: it.receipt.reason }),
        },
      }),
  ...(it.error === undefined ? {} : { error: it.error }),
})

const list = tenantOperation({
  method: 'GET',
  path: '/tenants/:tenant/messages',
  id: 'listMessages',
  tag: 'Messages',
  summary: 'List messages of the last day, and what became of them',
  description:
    'Newest first. Neither to whom nor what was said. Providers report only when they are asked to: see the page about delivery.',
  permission: 'read:messages',
  params: tenantParams,
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of messages.', schema: pageOf(message) } },
  async handle({ admin, tenant, query: { limit, after } }) {
    const options = { limit: limit + 1, descending: true, ...(after !== undefined && { after }) }
    return { status: 200, body: page(await admin.parts.store.list('messages', tenant.id, options), limit, view) }
  },
})

export const outboxRoutes: readonly Operation[] = [list]
