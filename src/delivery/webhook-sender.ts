import { webhookSignature } from '#crypto/webhook-signature.ts'
import type { AuditEvent } from '#model/event.ts'
import type { TenantId } from '#model/ids.ts'
import type { Webhook, WebhookCall } from '#model/webhook.ts'
import type { Clock } from '#ports/clock.ts'
import { DeliveryFailed } from '#ports/delivery.ts'
import type { Log } from '#ports/log.ts'
import { type Decision, put, row, type Store } from '#ports/store.ts'
import { post, refusal } from './http.ts'
import { createLanes } from './lanes.ts'
import type { TargetRule } from './private-targets.ts'

export interface WebhookSenderOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly target: TargetRule
  /** The secrets a webhook's calls are signed with now. */
  readonly secretsOf: (webhook: Webhook, now: number) => readonly string[]
  /** Plain http is taken for addresses on this machine: development, tests. */
  readonly plainLoopback?: boolean
}

export interface WebhookSender {
  /** Calls may be due; looks soon. */
  readonly nudge: () => void
  /** Makes the calls that are due now and resolves when none is under way. */
  readonly settle: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** A call has 3 s to connect and 5 s in all (S-141). */
const times = { connect: 3_000, total: 5_000 }
/** Longer than a call can take: while it runs nobody else makes it; ms. */
const lease = 20_000
/** Calls of one webhook at once: a slow receiver holds up nobody else's. */
const width = 4
/** How often all tenants are looked through, ms. */
const rhythm = 5_000
/** Seconds after each failed attempt; after the last one the call is dead. A day and a half in all. */
const waits = [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200, 43_200]
const longestPause = 86_400
const gone = 'provider answered 410'
/** Pages of a thousand waiting calls that are looked through at a time. */
const mostPages = 20
/** Rows of calls are kept so long after their end, ms. */
const keepDelivered = 7 * 86_400_000
const keepDead = 30 * 86_400_000

/**
 * Sends events to webhooks, each as Standard Webhooks 1.0 describes: `webhook-id`, `webhook-timestamp` and a signature
 * by every secret that counts. Claimed by a conditional write with a lease, as messages are, so that a process that dies
 * loses nothing; the receiver may then see the same id twice. The order in which events arrive is not promised.
 */
export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { store, clock, log } = options
  const lanes = createLanes<WebhookCall>(width, attempt)
  let looking: Promise<void> | undefined
  let again = false
  let stopped = false
  const timer = setInterval(() => nudge(), rhythm)
  timer.unref()

  function nudge(): void {
    if (stopped) return
    again = true
    looking ??= look().finally(() => {
      looking = undefined
    })
  }

  async function look(): Promise<void> {
    while (again) {
      again = false
      try {
        for (const tenant of await store.everyTenant()) await queue(tenant)
      } catch (error) {
        log.warn({ err: error }, 'webhook queue is out of reach')
        return
      }
    }
  }

  async function queue(tenant: TenantId): Promise<void> {
    const by = { index: 'state', value: 'queued' } as const
    // Page after page: what a receiver that is away has piled up must not hide the calls of another.
    for (let after: string | undefined, pages = 0; pages < mostPages; pages++) {
      const calls = await store.list('webhook_calls', tenant, {
        by,
        limit: 1_000,
        ...(after !== undefined && { after }),
      })
      for (const call of calls) {
        if (stopped) return
        if ((call.nextAttemptAt ?? 0) > clock.now()) continue
        lanes.add(`${tenant} ${call.webhook}`, `${tenant} ${call.id}`, call)
      }
      after = calls.at(-1)?.id
      if (calls.length < 1_000) return
    }
  }

  async function attempt(found: WebhookCall): Promise<void> {
    try {
      const [webhook, event] = await Promise.all([
        store.get('webhooks', found.tenant, found.webhook),
        store.get('events', found.tenant, found.event),
      ])
      const claimed = await claim(found, webhook?.enabled === true && event !== undefined)
      if (claimed === undefined || webhook === undefined || event === undefined) return
      const failure = await send(webhook, claimed, event)
      await finish(claimed, failure)
    } catch (error) {
      log.warn({ err: error }, 'webhook queue is out of reach')
    }
  }

  /** Counts the attempt and sets the lease; ends a call that nobody waits for any more. */
  function claim({ tenant, id }: WebhookCall, wanted: boolean): Promise<WebhookCall | undefined> {
    return store.change({ call: row('webhook_calls', tenant, id) }, ({ call }) => {
      const now = clock.now()
      if (call?.state !== 'queued' || (call.nextAttemptAt ?? 0) > now) return { result: undefined }
      if (!wanted) {
        const dead = { ...ended(call, 'dead', now), error: 'webhook is off or gone' }
        return { result: undefined, writes: [put('webhook_calls', dead)] }
      }
      const taken = { ...call, attempts: call.attempts + 1, nextAttemptAt: now + lease }
      return { result: taken, writes: [put('webhook_calls', taken)] }
    })
  }

  async function send(webhook: Webhook, call: WebhookCall, event: AuditEvent): Promise<DeliveryFailed | undefined> {
    const url = URL.parse(webhook.url)
    const now = clock.now()
    try {
      const plain = options.plainLoopback === true && url?.protocol === 'http:'
      if (url === null || (url.protocol !== 'https:' && !plain))
        throw new DeliveryFailed('no https', { retryable: false })
      const body = JSON.stringify(bodyOf(event))
      const timestamp = String(Math.floor(now / 1_000))
      const signed = `${call.id}.${timestamp}.${body}`
      const signatures = options.secretsOf(webhook, now).map((secret) => `v1,${webhookSignature(secret, signed)}`)
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'polyfactor',
        'webhook-id': call.id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatures.join(' '),
      }
      const reply = await post(url, headers, body, { ...times, read: false, target: options.target })
      if (reply.status >= 200 && reply.status < 300) return undefined
      return refusal(reply, now)
    } catch (error) {
      return error instanceof DeliveryFailed ? error : new DeliveryFailed('cannot be sent', { retryable: true })
    }
  }

  async function finish(claimed: WebhookCall, failure: DeliveryFailed | undefined): Promise<void> {
    const { tenant, id, attempts } = claimed
    const wait = waits[attempts - 1]
    const refs = { call: row('webhook_calls', tenant, id), webhook: row('webhooks', tenant, claimed.webhook) }
    const state = await store.change(
      refs,
      ({ call, webhook }): Decision<'delivered' | 'dead' | 'retried' | undefined> => {
        if (call?.state !== 'queued' || call.attempts !== attempts) return { result: undefined }
        const now = clock.now()
        if (failure === undefined) {
          return {
            result: 'delivered',
            writes: [put('webhook_calls', { ...ended(call, 'delivered', now), deliveredAt: now })],
          }
        }
        const error = failure.message.replace('provider', 'receiver')
        if (failure.message === gone && webhook !== undefined) {
          // Standard Webhooks: who answers 410 wants no more.
          const off = put('webhooks', { ...webhook, enabled: false, stopped: 'the receiver answered 410 Gone' })
          return { result: 'dead', writes: [put('webhook_calls', { ...ended(call, 'dead', now), error }), off] }
        }
        if (wait === undefined) {
          return { result: 'dead', writes: [put('webhook_calls', { ...ended(call, 'dead', now), error })] }
        }
        const seconds = Math.max(wait, Math.min(failure.retryAfter ?? 0, longestPause))
        return {
          result: 'retried',
          writes: [put('webhook_calls', { ...call, nextAttemptAt: now + seconds * 1_000, error })],
        }
      },
    )
    if (failure === undefined || state === undefined) return
    log.warn({ tenant, event: claimed.type, attempt: attempts, reason: failure.message }, `webhook call ${state}`)
    if (state === 'retried' && wait !== undefined) setTimeout(nudge, wait * 1_000).unref()
  }

  const settle = async (): Promise<void> => {
    nudge()
    while (looking !== undefined) {
      await looking
      await lanes.idle()
    }
  }

  return {
    nudge,
    settle,
    async stop() {
      stopped = true
      clearInterval(timer)
      lanes.stop()
      await looking
      // What is under way ends within its own bounds; what it has not written down is sent again.
      await lanes.idle()
    },
  }
}

function ended(call: WebhookCall, state: 'delivered' | 'dead', now: number): WebhookCall {
  const expiresAt = now + (state === 'dead' ? keepDead : keepDelivered)
  return { ...call, state, nextAttemptAt: undefined, error: undefined, expiresAt }
}

/** Member by member: what an event may tell outside is a list, so nothing slips out because it was added (S-148). */
function bodyOf(event: AuditEvent) {
  const { id, tenant, outcome, actor, user, client, factor, authenticator, dialect, ip, reason, correlation, details } =
    event
  const data = {
    id,
    tenant,
    outcome,
    actor,
    user,
    client,
    factor,
    authenticator,
    dialect,
    ip,
    reason,
    correlation,
    details,
  }
  return { type: event.type, timestamp: new Date(event.at).toISOString(), data }
}
