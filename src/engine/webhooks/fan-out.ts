import type { TenantId } from '#model/ids.ts'
import type { Webhook, WebhookCall } from '#model/webhook.ts'
import { insert, type Write } from '#ports/store.ts'
import type { Parts } from '../parts.ts'

/** Webhooks of a tenant that are looked at. */
export const mostWebhooks = 100

/** Whether a webhook asks for events of this name. */
export function wants({ enabled, events }: Pick<Webhook, 'enabled' | 'events'>, type: string): boolean {
  return (
    enabled && events.some((it) => it === '*' || it === type || (it.endsWith('.*') && type.startsWith(it.slice(0, -1))))
  )
}

/**
 * The calls newly linked events cause. They commit with the link of their events, so that none is forgotten when a
 * process dies, and none is made twice.
 */
export async function callsFor(
  { store, clock }: Pick<Parts, 'store' | 'clock'>,
  tenant: TenantId,
  ids: readonly string[],
): Promise<readonly Write[]> {
  const webhooks = (await store.list('webhooks', tenant, { limit: mostWebhooks })).filter((it) => it.enabled)
  if (webhooks.length === 0) return []
  const events = await Promise.all(ids.map((id) => store.get('events', tenant, id)))
  const at = clock.now()
  return events.flatMap((event) => {
    if (event === undefined) return []
    return webhooks
      .filter((it) => wants(it, event.type))
      .map((it) => {
        const { id: webhook } = it
        const call: WebhookCall = {
          tenant,
          id: callId(event.id, webhook),
          webhook,
          event: event.id,
          type: event.type,
          at,
          state: 'queued',
          attempts: 0,
        }
        return insert('webhook_calls', call)
      })
  })
}

/** The same for the same event and webhook, however often it is sent. */
export const callId = (event: string, webhook: string): string => `${event}.${webhook}`
