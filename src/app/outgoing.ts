import { createDispatcher, type Dispatcher } from '#delivery/dispatcher.ts'
import { openChannels } from '#delivery/open.ts'
import { tracedChannels } from '#delivery/traced.ts'
import { forgetAlert } from '#engine/approvals/devices.ts'
import { noticeMayLeave } from '#engine/phone-guard/notice.ts'
import type { TenantId } from '#model/ids.ts'
import type { Message } from '#model/message.ts'
import { logoutDelivery } from '#oidc/back-channel.ts'
import { receiptUrlOf } from '#ops/receipts.ts'
import type { Base } from './base.ts'

/** In development the outbox stands in for every channel that is not configured. */
const messageChannels = ['sms', 'voice', 'email', 'push'] as const

/** Messages on their way, and the channels they can leave through. */
export interface Outgoing {
  readonly dispatcher: Dispatcher
  readonly channels: ReadonlySet<string>
}

export async function openOutgoing(base: Base): Promise<Outgoing> {
  const { settings, store, clock, keyring, keys, log, metrics } = base
  const outward = await openChannels(settings.config.delivery ?? {}, clock, base.pushKeys)
  const all = new Map([...outward, ['logout' as const, logoutDelivery({ store, keys, clock })]])
  const dispatcher = createDispatcher({
    store,
    clock,
    keyring,
    channels: tracedChannels(all, base.telemetry?.tracing),
    log,
    keepSent: settings.development,
    metrics,
    mayLeave: (tenant: TenantId, to: string) => noticeMayLeave({ store, clock }, tenant, to),
    statusUrl: isPublic(settings.publicUrl) ? receiptUrlOf(settings.publicUrl) : undefined,
    gone: ({ tenant, challenge = '' }: Message, to: string) => forgetAlert({ store, keyring }, tenant, challenge, to),
  })
  return { dispatcher, channels: new Set<string>(settings.development ? messageChannels : outward.keys()) }
}

/** Whether providers out there can reach an address: they refuse messages whose reports would go nowhere. */
const isPublic = (url: string): boolean => !/^(localhost|127\.|\[::1\])/.test(new URL(url).host)
