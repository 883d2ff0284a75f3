import { tokenDigest } from '#crypto/digest.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Challenge, ChallengePurpose } from '#model/challenge.ts'
import { asId, type ChallengeId } from '#model/ids.ts'
import type { MessageChannel } from '#model/message.ts'
import type { User } from '#model/user.ts'
import type { Alert, Dispatch, Factor, Memory } from '#ports/factor.ts'
import { insert, put, type Write } from '#ports/store.ts'
import { limits } from './limits.ts'
import { linkSaid } from './messages/compose.ts'
import { alertMessage, codeMessage, queueMessage } from './messages/queue.ts'
import { type Caller, newHandle, type Parts } from './parts.ts'

/** How long the row of a dead challenge is kept, to answer `expired` instead of `unknown`; seconds. */
const graveyard = 3_600

/** The stored name of a challenge handle. */
export const challengeId = (handle: string): ChallengeId => asId<ChallengeId>(tokenDigest(handle))

/** The context of a challenge's keyed hash: a code belongs to one challenge of one user for one purpose (S-4, S-34). */
export const macContext = (
  it: Pick<Challenge, 'tenant' | 'id' | 'user' | 'authenticator' | 'purpose'>,
): readonly string[] => ['challenge', it.tenant, it.id, it.user, it.authenticator, it.purpose]

/** The channel a factor sends codes through, if it sends any. An approval needs no message: the device may ask by itself. */
export const messageChannel = (factor: Factor): MessageChannel | undefined =>
  (['sms', 'voice', 'email'] as const).find((it) => it === factor.traits.channel)

export const codeLifetime = (caller: Caller): number => caller.tenant.limits?.codeLifetimeSeconds ?? limits.codeLifetime

export interface NewChallenge {
  readonly handle: string
  readonly id: ChallengeId
}

/** A handle for a challenge that is about to be made: factors need its id for the keyed hash. */
export function reserveChallenge(parts: Parts, caller: Caller): NewChallenge {
  const handle = newHandle(parts, caller)
  return { handle, id: challengeId(handle) }
}

/** The writes of a new challenge: its row, and the message that carries its code. */
export function challengeWrites(
  parts: Parts,
  caller: Caller,
  it: {
    readonly reserved: NewChallenge
    readonly flow: string
    readonly authenticator: Authenticator
    readonly factor: Factor
    readonly purpose: ChallengePurpose
    readonly state: Memory
    readonly dispatch?: Dispatch
    readonly alert?: Alert
    /** The link that is mailed instead of the code. */
    readonly link?: (handle: string, code: string) => string
    /** Whose it is: their language and name are in the message. */
    readonly user?: Pick<User, 'locale' | 'name'>
    /** Wrong codes carried over from the challenge it replaces (S-5). */
    readonly failures?: number
  },
): readonly Write[] {
  const { authenticator, factor } = it
  const now = parts.clock.now()
  const lifetime = codeLifetime(caller)
  const challenge: Challenge = {
    tenant: caller.tenant.id,
    id: it.reserved.id,
    user: authenticator.user,
    client: caller.application.id,
    flow: it.flow,
    authenticator: authenticator.id,
    factor: factor.kind,
    target: authenticator.target,
    purpose: it.purpose,
    state: it.state,
    failures: it.failures ?? 0,
    createdAt: now,
    codeExpiresAt: now + lifetime * 1_000,
    expiresAt: now + (lifetime + graveyard) * 1_000,
  }
  const channel = messageChannel(factor)
  if (it.alert !== undefined && parts.channels.has('push')) {
    return [insert('challenges', challenge), alertMessage(parts, caller.tenant, it.alert, challenge.id)]
  }
  if (it.dispatch === undefined || channel === undefined || authenticator.target === undefined) {
    return [insert('challenges', challenge)]
  }
  if (it.link !== undefined && channel === 'email') {
    const reader = { ...caller, user: it.user }
    const said = linkSaid(reader, 'sign-in-link', it.link(it.reserved.handle, it.dispatch.code), lifetime)
    const mail = { channel, to: authenticator.target, purpose: 'login', challenge: challenge.id, said } as const
    return [insert('challenges', challenge), queueMessage(parts, caller.tenant, mail)]
  }
  const message = codeMessage(parts, caller, {
    channel,
    to: authenticator.target,
    purpose: it.purpose === 'login' ? 'login' : 'enrolment',
    code: it.dispatch.code,
    lifetime,
    challenge: challenge.id,
    user: it.user,
  })
  return [insert('challenges', challenge), message]
}

/** Live challenges of a flow, made void: by a newer message (S-5) or by the end of the flow (S-58). */
export function voidChallenges(
  challenges: readonly Challenge[],
  now: number,
  which: (it: Challenge) => boolean = () => true,
): readonly Write[] {
  return challenges
    .filter((it) => it.wonAt === undefined && it.voidedAt === undefined && which(it))
    .map((it) => put('challenges', { ...it, voidedAt: now }))
}
