import type { MessageChannel } from '#model/message.ts'
import type { Clock } from '#ports/clock.ts'
import type { Channels, Delivery } from '#ports/delivery.ts'

/** Address of a provider by channel, as the configuration has them. */
export type DeliveryUrls = { readonly [C in MessageChannel]?: string }

/** A delivery address that cannot work; fields as `config/problem.ts` reads them. Never quotes the address, which holds a secret. */
export class DeliveryProblem extends Error {
  override readonly name = 'DeliveryProblem'
  readonly key: string
  readonly mend: string

  constructor(channel: string, problem: string) {
    super(problem)
    this.key = `delivery.${channel}`
    this.mend = 'Use "console:", smtp://user:password@host:587?from=a@b or https://:secret@host/path'
  }
}

type Opener = (url: URL, clock: Clock) => Promise<Delivery>

/** By URL scheme; a new provider is a file and a line. Loaded when first used, so that nobody pays for the others. */
const openers: Readonly<Record<string, Opener>> = {
  'console:': async () => (await import('./console.ts')).consoleDelivery(),
  'smtp:': async (url) => (await import('./smtp.ts')).smtpDelivery(url),
  'smtps:': async (url) => (await import('./smtp.ts')).smtpDelivery(url),
  'https:': async (url, clock) => (await import('./webhook.ts')).webhookDelivery(url, { clock }),
  'http:': async (url, clock) => (await import('./webhook.ts')).webhookDelivery(url, { clock }),
}

/**
 * Opens the providers of a configuration; no connection is made yet.
 * @throws DeliveryProblem naming the channel
 */
export async function openChannels(urls: DeliveryUrls, clock: Clock): Promise<Channels> {
  const channels = new Map<MessageChannel, Delivery>()
  for (const [channel, address] of Object.entries(urls) as [MessageChannel, string | undefined][]) {
    if (address !== undefined) channels.set(channel, await open(channel, address, clock))
  }
  return channels
}

async function open(channel: MessageChannel, address: string, clock: Clock): Promise<Delivery> {
  const url = URL.parse(address)
  const opener = url === null ? undefined : openers[url.protocol]
  if (url === null || opener === undefined) throw new DeliveryProblem(channel, 'names no provider there is')
  if (url.protocol.startsWith('smtp') && channel !== 'email') {
    throw new DeliveryProblem(channel, 'a mail server takes e-mail only')
  }
  try {
    return await opener(url, clock)
  } catch (error) {
    throw new DeliveryProblem(channel, error instanceof Error ? error.message : 'cannot be opened')
  }
}
