import type { Challenge } from '#model/challenge.ts'
import { asId, type ChallengeId, type TenantId } from '#model/ids.ts'
import type { Message } from '#model/message.ts'
import type { Clock } from '#ports/clock.ts'
import type { Receipt, Taken } from '#ports/delivery.ts'
import { type Decision, put, row, type Store } from '#ports/store.ts'

/** At most so many calls of a provider for one message. */
const maxAttempts = 3
/** Longer than a call can take (8 s): while it runs nobody else takes the message; ms. */
const lease = 30_000

export type Claim =
  | { readonly is: 'claimed'; readonly message: Message }
  /** It needs no call: dead challenge, no attempts left, or an outbox instead of a channel. */
  | { readonly is: 'ended'; readonly state: 'sent' | 'dropped' | 'failed' }
  /** Somebody else has it. */
  | { readonly is: 'taken' }

/**
 * How a call ended. `wait`: milliseconds until the next one, if there is to be one. `uncalled`: there was none, since
 * every provider rests, and so it does not count.
 */
export type Result = 'sent' | Taken | Failure
export interface Failure {
  readonly reason: string
  readonly retryable: boolean
  readonly wait: number
  readonly uncalled?: boolean
}

/** Takes a message for one call: counts the attempt and sets the lease, or ends it where no call is due. */
export function claim(
  store: Store,
  found: Message,
  { clock, hasChannel, keepSent }: { clock: Clock; hasChannel: boolean; keepSent: boolean },
): Promise<Claim> {
  const { tenant, id } = found
  const refs = {
    message: row('messages', tenant, id),
    challenge: row('challenges', tenant, asId<ChallengeId>(found.challenge ?? '')),
  }
  return store.change(refs, ({ message, challenge }): Decision<Claim> => {
    const now = clock.now()
    if (message?.state !== 'queued' || (message.nextAttemptAt ?? 0) > now) return { result: { is: 'taken' } }
    const end = (state: 'sent' | 'dropped' | 'failed', error?: string): Decision<Claim> => {
      const ended = ending(message, state, { now, keep: keepSent && state === 'sent', error })
      return { result: { is: 'ended', state }, writes: [put('messages', ended)] }
    }
    if (message.challenge !== undefined && isDead(challenge, now)) return end('dropped', 'challenge is over')
    if ((message.expiresAt ?? now) < now) return end('dropped', 'too late')
    if (!hasChannel) return keepSent ? end('sent') : end('failed', 'no channel')
    if (message.attempts >= maxAttempts) return end('failed', 'no answer')
    const taken = { ...message, attempts: message.attempts + 1, nextAttemptAt: now + lease }
    return { result: { is: 'claimed', message: taken }, writes: [put('messages', taken)] }
  })
}

/** Writes down how a call ended; undefined when the lease had run out and another process took over. */
export function finish(
  store: Store,
  claimed: Message,
  result: Result,
  { clock, keepSent }: { clock: Clock; keepSent: boolean },
): Promise<'sent' | 'failed' | 'retried' | undefined> {
  return store.change({ message: row('messages', claimed.tenant, claimed.id) }, ({ message }) => {
    if (message?.state !== 'queued' || message.attempts !== claimed.attempts) return { result: undefined }
    const now = clock.now()
    if (result === 'sent' || 'by' in result) {
      const taken = result === 'sent' ? undefined : result
      // What may come back is needed once more, as long as its challenge lives.
      const keep = keepSent || (taken?.mayComeBack === true && message.challenge !== undefined)
      const sent = { ...ending(message, 'sent', { now, keep }), by: taken?.by }
      return { result: 'sent', writes: [put('messages', sent)] }
    }
    const attempts = result.uncalled ? message.attempts - 1 : message.attempts
    if (result.retryable && attempts < maxAttempts) {
      const later = { ...message, attempts, nextAttemptAt: now + result.wait, error: result.reason }
      return { result: 'retried', writes: [put('messages', later)] }
    }
    const failed = ending(message, 'failed', { now, keep: false, error: result.reason })
    return { result: 'failed', writes: [put('messages', failed)] }
  })
}

/**
 * Writes down what a provider has reported of a message it took (S-82): that it arrived, or that it did not. It changes
 * nothing else, with one exception: a code that did not arrive goes to the next provider while its challenge lives.
 * Answers what became of it; undefined: the report is of no message of this provider, or tells nothing new.
 */
export function acknowledge(
  store: Store,
  { tenant, id, by }: { tenant: TenantId; id: string; by: string },
  receipt: Receipt,
  clock: Clock,
): Promise<'delivered' | 'undelivered' | 'retried' | undefined> {
  return store.get('messages', tenant, id).then((found) => {
    if (found === undefined || receipt.status === 'underway') return undefined
    const refs = {
      message: row('messages', tenant, id),
      challenge: row('challenges', tenant, asId<ChallengeId>(found.challenge ?? '')),
    }
    return store.change(
      refs,
      ({ message, challenge }): Decision<'delivered' | 'undelivered' | 'retried' | undefined> => {
        // Reports of one provider about what another has taken since are out of date; what arrived does not unarrive.
        if (message?.state !== 'sent' || message.by !== by || message.receipt?.status === 'delivered') {
          return { result: undefined }
        }
        const now = clock.now()
        const { status, reason } = receipt
        if (status === 'underway' || (message.receipt?.status === status && message.receipt.by === by))
          return { result: undefined }
        const told = { ...message, receipt: { status, by, at: now, ...(reason === undefined ? {} : { reason }) } }
        const lives = message.challenge !== undefined && !isDead(challenge, now)
        if (status === 'failed' && lives && message.sealed !== '' && message.attempts < maxAttempts) {
          const again: Message = { ...told, state: 'queued', nextAttemptAt: now, sentAt: undefined }
          return { result: 'retried', writes: [put('messages', again)] }
        }
        return { result: status === 'delivered' ? 'delivered' : 'undelivered', writes: [put('messages', told)] }
      },
    )
  })
}

/** A message in its last state; its text is erased unless the outbox shows it. */
function ending(
  message: Message,
  state: 'sent' | 'dropped' | 'failed',
  { now, keep, error }: { now: number; keep: boolean; error?: string },
): Message {
  return {
    ...message,
    state,
    sealed: keep ? message.sealed : '',
    nextAttemptAt: undefined,
    error,
    sentAt: state === 'sent' ? now : undefined,
  }
}

/** Nobody can use its code any more, so nobody should get it (S-5). */
function isDead(challenge: Challenge | undefined, now: number): boolean {
  return (
    challenge === undefined ||
    challenge.wonAt !== undefined ||
    challenge.voidedAt !== undefined ||
    challenge.codeExpiresAt < now
  )
}
