import type { TenantId } from '#model/ids.ts'
import type { Message, MessageChannel } from '#model/message.ts'
import type { Clock } from '#ports/clock.ts'
import {
  type Channels,
  DeliveryFailed,
  type OutgoingMessage,
  type ReceiptRequest,
  type Taken,
} from '#ports/delivery.ts'
import type { Keyring } from '#ports/keyring.ts'
import type { Log } from '#ports/log.ts'
import { type Metrics, noMetrics } from '#ports/metrics.ts'
import type { Store } from '#ports/store.ts'
import { acknowledge, claim, type Failure, finish, type Result } from './claims.ts'
import { createLanes } from './lanes.ts'

export interface DispatcherOptions {
  readonly store: Store
  readonly clock: Clock
  readonly keyring: Keyring
  readonly channels: Channels
  readonly log: Log
  /**
   * Development: texts of sent messages stay readable for the outbox, and where a channel is not configured the
   * outbox is the channel. Otherwise texts are erased once sent, and such messages fail.
   */
  readonly keepSent: boolean
  readonly metrics?: Metrics
  /** Where providers report about a message; absent: they are not asked to. */
  readonly statusUrl?: (message: Pick<Message, 'tenant' | 'id' | 'channel'>) => string
  /**
   * Asked before each call of a provider for a text or call that serves no challenge (those were counted with theirs);
   * false: it fails for good. When it rejects nothing is sent, and it is asked again (S-78).
   */
  readonly mayLeave?: (tenant: TenantId, to: string) => Promise<boolean>
  /** Told when a provider says that an address is no more. */
  readonly gone?: (message: Message, to: string) => Promise<void>
}

export interface Dispatcher {
  /** Messages were committed; looks for them soon. With a tenant only there. Never throws, costs nothing if called often. */
  readonly nudge: (tenant?: TenantId) => void
  /** Sends what is due now and resolves when nothing is under way. */
  readonly settle: () => Promise<void>
  /** Takes in a report of a provider; false: it is not genuine. */
  readonly receive: (
    of: { readonly channel: MessageChannel; readonly provider: string; readonly tenant: TenantId; readonly id: string },
    request: ReceiptRequest,
  ) => Promise<boolean>
  /** Tries for at most `timeout` ms to send what is queued; the rest stays queued, durably. */
  readonly stop: (timeout?: number) => Promise<void>
}

/** Calls in progress at once on a channel. */
const width = 8
/** How often all tenants are looked through for retries, and for what another process left behind; ms. */
const rhythm = 5_000

/**
 * Sends queued messages (S-33). Several processes may work on one store: a message is claimed by a conditional write
 * that counts the attempt and sets a lease before the provider is called, and marked as sent only after it answered.
 * A process that dies in between leaves the lease to run out; the provider then sees the same message id again.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, clock, log, metrics = noMetrics } = options
  const wanted = new Set<TenantId>()
  let everywhere = false
  let current: Promise<void> | undefined
  let stopped = false
  const lanes = createLanes<Message>(width, send)

  const timer = setInterval(() => nudge(), rhythm)
  timer.unref()

  function nudge(tenant?: TenantId): void {
    if (stopped) return
    if (tenant === undefined) everywhere = true
    else wanted.add(tenant)
    current ??= rounds().finally(() => {
      current = undefined
    })
  }

  async function rounds(): Promise<void> {
    // A turn later, so that all requests of this turn are served by one look.
    await new Promise((resolve) => setImmediate(resolve))
    while (everywhere || wanted.size > 0) {
      try {
        const tenants = everywhere ? await store.everyTenant() : [...wanted]
        everywhere = false
        wanted.clear()
        for (const tenant of tenants) await sendDue(tenant)
      } catch (error) {
        log.warn({ err: error }, 'message queue is out of reach')
        return
      }
    }
  }

  /** A provider that hangs keeps its own channel busy, and neither this look nor the others. */
  async function sendDue(tenant: TenantId): Promise<void> {
    const queued = await store.list('messages', tenant, { by: { index: 'state', value: 'queued' }, limit: 1_000 })
    if (stopped) return
    for (const message of queued) {
      if ((message.nextAttemptAt ?? 0) <= clock.now()) lanes.add(message.channel, `${tenant} ${message.id}`, message)
    }
  }

  async function send(message: Message): Promise<void> {
    try {
      const wait = await handle(message)
      if (wait !== undefined) setTimeout(nudge, wait, message.tenant).unref()
    } catch (error) {
      log.warn({ err: error }, 'message queue is out of reach')
    }
  }

  /** Milliseconds until it is due again, if it is. */
  async function handle(found: Message): Promise<number | undefined> {
    const channel = options.channels.get(found.channel)
    const claimed = await claim(store, found, { clock, hasChannel: channel !== undefined, keepSent: options.keepSent })
    if (claimed.is === 'ended') metrics.message(found.channel, claimed.state)
    if (claimed.is !== 'claimed' || channel === undefined) return undefined
    const result = await attempt(claimed.message, (message) => channel.send(message))
    const state = await finish(store, claimed.message, result, { clock, keepSent: options.keepSent })
    if (state === undefined) return undefined
    metrics.message(found.channel, state)
    if (result === 'sent' || 'by' in result) return undefined
    const fields = { tenant: found.tenant, channel: found.channel, provider: channel.provider }
    log.warn({ ...fields, attempt: claimed.message.attempts, reason: result.reason }, `message ${state}`)
    return state === 'retried' ? result.wait : undefined
  }

  async function attempt(message: Message, send: (it: OutgoingMessage) => Promise<'sent' | Taken>): Promise<Result> {
    let outgoing: OutgoingMessage
    try {
      const sealed = options.keyring.open(message.sealed, ['message', message.tenant, message.id])
      const { to, text, subject, html, language, code, keys } = JSON.parse(new TextDecoder().decode(sealed))
      const { id, tenant, channel, attempts: attempt } = message
      outgoing = { id, tenant, channel, to, text, subject, html, language, code, keys, attempt, ...statusOf(message) }
    } catch {
      return { reason: 'unreadable', retryable: false, wait: 0 }
    }
    try {
      if (!(await passes(message, outgoing.to))) return { reason: 'held back', retryable: false, wait: 0 }
      return await send(outgoing)
    } catch (error) {
      if (error instanceof DeliveryFailed && error.gone) await options.gone?.(message, outgoing.to)
      return failureOf(error, message.attempts)
    }
  }

  function statusOf(message: Message): Pick<OutgoingMessage, 'statusUrl' | 'notBy'> {
    const statusUrl = options.statusUrl?.(message)
    const { receipt } = message
    return {
      ...(statusUrl === undefined ? {} : { statusUrl }),
      ...(receipt?.status === 'failed' ? { notBy: receipt.by } : {}),
    }
  }

  async function passes({ tenant, channel, challenge }: Message, to: string): Promise<boolean> {
    if (options.mayLeave === undefined || challenge !== undefined) return true
    return channel === 'sms' || channel === 'voice' ? await options.mayLeave(tenant, to) : true
  }

  const settle = async (): Promise<void> => {
    nudge()
    do {
      while (current !== undefined) await current
      await lanes.idle()
      // What moves on to another provider is due again at once.
      await new Promise((resolve) => setTimeout(resolve, 1))
    } while (current !== undefined)
  }

  return {
    nudge,
    settle,
    async receive({ channel, provider, tenant, id }, request) {
      const receipt = options.channels.get(channel)?.receipt?.(request, provider)
      if (receipt === undefined) return false
      const became = await acknowledge(store, { tenant, id, by: provider }, receipt, clock)
      if (became !== undefined) metrics.receipt(channel, became)
      if (became === 'retried') nudge(tenant)
      if (became === 'retried' || became === 'undelivered') {
        log.warn({ tenant, channel, provider, reason: receipt.reason }, 'message did not arrive')
      }
      return true
    },
    async stop(timeout = 5_000) {
      clearInterval(timer)
      let late: NodeJS.Timeout | undefined
      await Promise.race([
        settle(),
        new Promise((resolve) => {
          late = setTimeout(resolve, timeout)
        }),
      ])
      clearTimeout(late)
      stopped = true
      lanes.stop()
      await Promise.all([...options.channels.values()].map((channel) => channel.close?.()))
    },
  }
}

/** Only our own words: what a library says may quote the address or the text (S-148). */
function failureOf(error: unknown, attempts: number): Failure {
  const wait = backoff(attempts)
  if (!(error instanceof DeliveryFailed)) return { reason: 'provider failed', retryable: true, wait }
  const { message: reason, retryable, retryAfter = 0, elsewhere, uncalled } = error
  const asked = Math.min(retryAfter, 3_600) * 1_000
  if (elsewhere || uncalled) return { reason, retryable, wait: asked, uncalled }
  return { reason, retryable, wait: Math.max(wait, asked) }
}

/** Milliseconds until the next attempt: 2 s, then 8 s. */
function backoff(attempts: number): number {
  return 2_000 * 4 ** (attempts - 1)
}
