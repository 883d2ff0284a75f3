import type { MessageChannel } from '#model/message.ts'
import type { Clock } from '#ports/clock.ts'
import type { Channels, Delivery } from '#ports/delivery.ts'
import { withFailover } from './failover.ts'
import type { PushKeys } from './push-keys.ts'

/** Addresses of providers by channel, as the configuration has them: one, several with commas between, or a list. */
export type DeliveryUrls = { readonly [C in MessageChannel]?: string | readonly string[] }

/** A delivery address that cannot work; fields as `config/problem.ts` reads them. Never quotes the address, which holds a secret. */
export class DeliveryProblem extends Error {
  override readonly name = 'DeliveryProblem'
  readonly key: string
  readonly mend: string

  constructor(channel: string, problem: string) {
    super(problem)
    this.key = `delivery.${channel}`
    this.mend =
      'Use "console:", smtp://user:password@host:587?from=a@b, twilio://, sns://, vonage://, webpush:?subject=mailto:a@b or https://:secret@host/path'
  }
}

interface Provider {
  readonly open: (url: URL, clock: Clock, keys?: PushKeys) => Promise<Delivery>
  /** What it can carry; anything where it is absent. */
  readonly carries?: readonly MessageChannel[]
}

const smtp: Provider = { open: async (url) => (await import('./smtp.ts')).smtpDelivery(url), carries: ['email'] }
const webhook: Provider = { open: async (url, clock) => (await import('./webhook.ts')).webhookDelivery(url, { clock }) }

/** By URL scheme; a new provider is a file and a line. Loaded when first used, so that nobody pays for the others. */
const providers: Readonly<Record<string, Provider>> = {
  'console:': { open: async () => (await import('./console.ts')).consoleDelivery() },
  'smtp:': smtp,
  'smtps:': smtp,
  'https:': webhook,
  'http:': webhook,
  'twilio:': {
    open: async (url, clock) => (await import('./twilio.ts')).twilioDelivery(url, { clock }),
    carries: ['sms', 'voice'],
  },
  'sns:': { open: async (url, clock) => (await import('./sns.ts')).snsDelivery(url, { clock }), carries: ['sms'] },
  'vonage:': {
    open: async (url, clock) => (await import('./vonage.ts')).vonageDelivery(url, { clock }),
    carries: ['sms'],
  },
  'webpush:': {
    open: async (url, clock, keys) => (await import('./web-push.ts')).webPushDelivery(url, { clock, keys }),
    carries: ['push'],
  },
}

/**
 * Opens the providers of a configuration; no connection is made yet. A channel with several turns to the next when one
 * fails, and each has its breaker.
 * @throws DeliveryProblem naming the channel
 */
export async function openChannels(urls: DeliveryUrls, clock: Clock, keys?: PushKeys): Promise<Channels> {
  const channels = new Map<MessageChannel, Delivery>()
  for (const [channel, addresses] of Object.entries(urls) as [
    MessageChannel,
    string | readonly string[] | undefined,
  ][]) {
    if (addresses === undefined) continue
    const deliveries: Delivery[] = []
    for (const address of addressesIn(addresses)) deliveries.push(await open(channel, address, clock, keys))
    channels.set(channel, withFailover(deliveries, clock))
  }
  return channels
}

/** A comma parts two addresses where another scheme follows; any other belongs to a sender's name. */
function addressesIn(addresses: string | readonly string[]): readonly string[] {
  const list = typeof addresses === 'string' ? [addresses] : addresses
  return list.flatMap((it) => it.split(/,\s*(?=[a-z][a-z0-9+.-]*:\/\/|console:)/i)).map((it) => it.trim())
}

async function open(channel: MessageChannel, address: string, clock: Clock, keys?: PushKeys): Promise<Delivery> {
  const url = URL.parse(address)
  const provider = url === null ? undefined : providers[url.protocol]
  if (url === null || provider === undefined) throw new DeliveryProblem(channel, 'names no provider there is')
  const { carries } = provider
  if (carries?.includes(channel) === false) {
    const name = carries.includes('email')
      ? 'a mail server takes e-mail'
      : `${url.protocol} takes ${carries.join(', ')}`
    throw new DeliveryProblem(channel, `${name} only`)
  }
  try {
    return await provider.open(url, clock, keys)
  } catch (error) {
    throw new DeliveryProblem(channel, error instanceof Error ? error.message : 'cannot be opened')
  }
}
