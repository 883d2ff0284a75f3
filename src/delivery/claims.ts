import type { Challenge } from '#model/challenge.ts'
import { asId, type ChallengeId } from '#model/ids.ts'
import type { Message } from '#model/message.ts'
import type { Clock } from '#ports/clock.ts'
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
export type Result = 'sent' | Failure
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
    if (result === 'sent') {
      const sent = ending(message, 'sent', { now, keep: keepSent })
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
