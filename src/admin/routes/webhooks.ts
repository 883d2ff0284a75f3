import * as z from 'zod'
import { newWebhookSecret, sealWebhookSecret, withSecret } from '#engine/webhooks/secrets.ts'
import type { Webhook, WebhookCall } from '#model/webhook.ts'
import { type Decision, put, row } from '#ports/store.ts'
import { named } from '../apply.ts'
import { addRow, changeRow, removeRow } from '../changes.ts'
import { type Operation, type Reply, tenantOperation } from '../operation.ts'
import { conflict, notFound } from '../problems.ts'
import { moment, page, pageOf, paging, tenantParams, toMoment } from '../schemas/common.ts'
import { webhookWords } from '../schemas/words.ts'

const tag = 'Webhooks'
const all = '/tenants/:tenant/webhooks'
const one = `${all}/:webhook`

const webhook = z
  .strictObject({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    enabled: z.boolean(),
    created_at: moment,
    stopped: z.string().optional().meta({ description: 'Why the server itself has switched it off.' }),
  })
  .meta({ id: 'Webhook' })

const withItsSecret = webhook
  .extend({ secret: z.string().meta({ description: 'Shown now and never again: `whsec_…` (Standard Webhooks).' }) })
  .meta({ id: 'WebhookWithSecret' })

const call = z
  .strictObject({
    id: z.string().meta({ description: 'The `webhook-id` of every attempt.' }),
    event: z.string(),
    type: z.string(),
    at: moment,
    state: z.enum(['queued', 'delivered', 'dead']),
    attempts: z.int(),
    next_attempt_at: moment.optional(),
    delivered_at: moment.optional(),
    error: z.string().optional().meta({ description: 'Of the last attempt that failed.' }),
  })
  .meta({ id: 'WebhookCall' })

const params = tenantParams.extend({ webhook: z.string().min(1).max(64) })

const view = (it: Webhook): z.input<typeof webhook> => ({
  id: it.id,
  url: it.url,
  events: [...it.events],
  enabled: it.enabled,
  created_at: toMoment(it.createdAt),
  ...(it.stopped === undefined ? {} : { stopped: it.stopped }),
})

const callView = (it: WebhookCall): z.input<typeof call> => ({
  id: it.id,
  event: it.event,
  type: it.type,
  at: toMoment(it.at),
  state: it.state,
  attempts: it.attempts,
  ...(it.nextAttemptAt === undefined ? {} : { next_attempt_at: toMoment(it.nextAttemptAt) }),
  ...(it.deliveredAt === undefined ? {} : { delivered_at: toMoment(it.deliveredAt) }),
  ...(it.error === undefined ? {} : { error: it.error }),
})

const list = tenantOperation({
  method: 'GET',
  path: all,
  id: 'listWebhooks',
  tag,
  summary: 'List webhooks',
  permission: 'read:webhooks',
  params: tenantParams,
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of webhooks.', schema: pageOf(webhook) } },
  async handle({ admin, tenant, query: { limit, after } }) {
    const rows = await admin.parts.store.list('webhooks', tenant.id, { limit: limit + 1, after })
    return { status: 200, body: page(rows, limit, view) }
  },
})

const create = tenantOperation({
  method: 'POST',
  path: all,
  id: 'createWebhook',
  tag,
  summary: 'Have events of a tenant sent to an address',
  description:
    'Each event is a POST of `{type, timestamp, data}`, signed as Standard Webhooks 1.0 says (`webhook-id`, `webhook-timestamp`, `webhook-signature`). It is repeated over a day and a half until it is answered with 2xx. Private addresses are refused when it is called.',
  permission: 'write:webhooks',
  params: tenantParams,
  body: z.strictObject({
    id: webhookWords.id.optional(),
    url: webhookWords.url,
    events: webhookWords.events,
    enabled: webhookWords.enabled,
  }),
  responses: { 201: { description: 'Created.', schema: withItsSecret } },
  problems: ['conflict'],
  async handle(it) {
    const { parts } = it.admin
    const { body, tenant } = it
    const id = body.id ?? parts.random.id()
    const secret = newWebhookSecret(parts)
    const made: Webhook = {
      tenant: tenant.id,
      id,
      url: body.url,
      events: body.events,
      enabled: body.enabled,
      secrets: [sealWebhookSecret(parts, tenant.id, id, secret)],
      createdAt: parts.clock.now(),
    }
    return (await addRow(it, 'webhooks', made)) ?? { status: 201, body: { ...view(made), secret } }
  },
})

const get = tenantOperation({
  method: 'GET',
  path: one,
  id: 'getWebhook',
  tag,
  summary: 'Show a webhook',
  permission: 'read:webhooks',
  params,
  responses: { 200: { description: 'The webhook.', schema: webhook } },
  async handle({ admin, tenant, params }) {
    const it = await admin.parts.store.get('webhooks', tenant.id, params.webhook)
    return it === undefined ? notFound : { status: 200, body: view(it) }
  },
})

const patch = tenantOperation({
  method: 'PATCH',
  path: one,
  id: 'updateWebhook',
  tag,
  summary: 'Change a webhook',
  description: 'What is left out stays.',
  permission: 'write:webhooks',
  params,
  body: z.strictObject({
    url: webhookWords.url.optional(),
    events: webhookWords.events.unwrap().optional(),
    enabled: webhookWords.enabled.unwrap().optional(),
  }),
  responses: { 200: { description: 'The webhook as it is now.', schema: webhook } },
  async handle(it) {
    const changed = await changeRow(it, 'webhooks', it.tenant.id, it.params.webhook, (before): Webhook => {
      const { stopped, ...rest } = before
      return {
        ...rest,
        ...(it.body.enabled === undefined && stopped !== undefined ? { stopped } : {}),
        ...named({ url: it.body.url, events: it.body.events, enabled: it.body.enabled }),
      }
    })
    return changed.problem ? changed : { status: 200, body: view(changed.row) }
  },
})

const remove = tenantOperation({
  method: 'DELETE',
  path: one,
  id: 'deleteWebhook',
  tag,
  summary: 'Delete a webhook',
  description: 'Calls that wait are given up.',
  permission: 'write:webhooks',
  params,
  responses: { 204: { description: 'Gone.' } },
  async handle(it) {
    return (await removeRow(it, 'webhooks', it.tenant.id, it.params.webhook)) ? { status: 204 } : notFound
  },
})

const rotate = tenantOperation({
  method: 'POST',
  path: `${one}/rotate-secret`,
  id: 'rotateWebhookSecret',
  tag,
  summary: 'Give a webhook a new secret',
  description: 'For a day, calls carry a signature by the old one too.',
  permission: 'write:webhooks',
  params,
  responses: { 200: { description: 'The webhook with its new secret.', schema: withItsSecret } },
  async handle(it) {
    const { parts } = it.admin
    const secret = newWebhookSecret(parts)
    const now = parts.clock.now()
    const sealed = sealWebhookSecret(parts, it.tenant.id, it.params.webhook, secret)
    const changed = await changeRow(it, 'webhooks', it.tenant.id, it.params.webhook, (before) =>
      withSecret(before, sealed, now),
    )
    return changed.problem ? changed : { status: 200, body: { ...view(changed.row), secret } }
  },
})

const calls = tenantOperation({
  method: 'GET',
  path: `${one}/calls`,
  id: 'listWebhookCalls',
  tag,
  summary: 'List the calls of a webhook',
  description:
    'Newest first. Delivered ones are kept for a week, dead ones for thirty days. A page may hold fewer than asked for and still have a `next`.',
  permission: 'read:webhooks',
  params,
  query: z.strictObject({ ...paging, state: z.enum(['queued', 'delivered', 'dead']).optional() }),
  responses: { 200: { description: 'A page of calls.', schema: pageOf(call) } },
  async handle({ admin, tenant, params, query: { limit, after, state } }) {
    if ((await admin.parts.store.get('webhooks', tenant.id, params.webhook)) === undefined) return notFound
    const by = { index: 'webhook', value: params.webhook } as const
    const options = { by, limit: limit + 1, descending: true, ...(after !== undefined && { after }) }
    const found = page(await admin.parts.store.list('webhook_calls', tenant.id, options), limit, callView)
    const items = found.items.filter((it) => state === undefined || it.state === state)
    return { status: 200, body: { ...found, items } }
  },
})

const redeliver = tenantOperation({
  method: 'POST',
  path: `${one}/calls/:call/redeliver`,
  id: 'redeliverWebhookCall',
  tag,
  summary: 'Send a call again',
  description: 'Under the same `webhook-id`, and from the first attempt on.',
  permission: 'write:webhooks',
  params: params.extend({ call: z.string().min(1).max(256) }),
  responses: { 200: { description: 'The call, which waits again.', schema: call } },
  problems: ['conflict'],
  async handle(it) {
    const { store } = it.admin.parts
    const { tenant, params } = it
    const event = it.audit(tenant.id, 'admin.change', {
      details: { what: 'webhook_calls', id: params.call, change: 'redelivered' },
    })
    return store.change({ call: row('webhook_calls', tenant.id, params.call) }, ({ call: found }): Decision<Reply> => {
      if (found === undefined || found.webhook !== params.webhook) return { result: notFound }
      if (found.state === 'queued') return { result: conflict('It waits to be sent already') }
      const { expiresAt, error, deliveredAt, ...rest } = found
      const again: WebhookCall = { ...rest, state: 'queued', attempts: 0 }
      return { result: { status: 200, body: callView(again) }, writes: [put('webhook_calls', again), event] }
    })
  },
})

export const webhookRoutes: readonly Operation[] = [list, create, get, patch, remove, rotate, calls, redeliver]
