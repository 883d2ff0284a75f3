import type { Authenticator } from '#model/authenticator.ts'
import { asId, type UserId } from '#model/ids.ts'
import type { Factor, FactorTraits, KeyFacts } from '#ports/factor.ts'

/** `sub` as Auth0 spells it, `<provider>|<id>`; ids brought along from there have their provider already. */
export const subjectOf = (user: UserId): string => (user.includes('|') ? user : `auth0|${user}`)

/** The users a `sub` may mean, in the order to try them. */
export const usersOf = (subject: string): readonly UserId[] =>
  subject.startsWith('auth0|') ? [asId(subject.slice(6)), asId(subject)] : [asId(subject)]

/** The word for a user's key where it is asked for at a login: there a key is a key. */
export const keyWord = 'webauthn-roaming'

/** Ours, as there is none: who has such a factor sees that it is there, and can do nothing with it here. */
export const knowledgeWord = 'security-question'

/** The word of `type` and of `mfa_requirements` (auth0.md §11.4), told from a factor's traits. */
export function typeWord({ proof, reach }: FactorTraits): string {
  if (reach === 'phone') return 'phone'
  if (reach === 'email') return 'email'
  return byProof[proof]
}

const byProof: Readonly<Record<FactorTraits['proof'], string>> = {
  code: 'otp',
  lookup: 'recovery-code',
  approval: 'push-notification',
  assertion: keyWord,
  knowledge: knowledgeWord,
}

/**
 * `authenticator_type`: a code that needs no message, something out of band, or a saved code. Keys are none of them:
 * they are listed by their own word, and enrolled and asked on hosted pages only (auth0.md §2.7).
 */
export function authenticatorType({
  proof,
  channel,
}: FactorTraits): 'otp' | 'oob' | 'recovery-code' | typeof keyWord | typeof knowledgeWord {
  if (proof === 'knowledge') return knowledgeWord
  if (proof === 'lookup') return 'recovery-code'
  if (proof === 'assertion') return keyWord
  return proof === 'code' && channel === 'app' ? 'otp' : 'oob'
}

/** `oob_channel`; push is called `auth0` here. */
export const channelWord = ({ channel }: FactorTraits): string => (channel === 'push' ? 'auth0' : channel)

/** Id of an authenticator in `/mfa/*`: `<kind>|dev_<id>`; twins share what follows the bar. */
export const deviceId = (factor: Pick<Factor, 'kind'>, it: Pick<Authenticator, 'id'>): string =>
  `${factor.kind.replaceAll('_', '-')}|dev_${it.id}`

/** The authenticator an id names, with the kind it was listed under; undefined when it is not of this form. */
export function parseDeviceId(text: string): { readonly kind: string; readonly id: string } | undefined {
  const match = /^([a-z-]{1,32})\|dev_([A-Za-z0-9_-]{1,64})$/.exec(text)
  return match ? { kind: (match[1] as string).replaceAll('-', '_'), id: match[2] as string } : undefined
}

/** A number or address as lists show it (auth0.md §3.2). */
export function maskedName({ reach }: FactorTraits, target: string): string {
  return reach === 'email' ? target.split('@').map(maskedPart).join('@') : maskedNumber(target)
}

const maskedNumber = (number: string): string => 'X'.repeat(Math.max(0, number.length - 4)) + number.slice(-4)

const maskedPart = (part: string): string =>
  part.length <= 4 ? '****' : part.slice(0, 4) + '*'.repeat(part.length - 4)

const methodByProof: Readonly<Record<FactorTraits['proof'], string>> = {
  code: 'totp',
  lookup: 'recovery-code',
  approval: 'push',
  assertion: keyWord,
  knowledge: knowledgeWord,
}

/** The words for keys where users and administrators handle them: one that stands alone at a login is a passkey. */
export const keyWords = ['passkey', keyWord, 'webauthn-platform'] as const
export type KeyWord = (typeof keyWords)[number]

function keyWordOf({ discoverable, attachment }: KeyFacts): KeyWord {
  if (discoverable) return 'passkey'
  return attachment === 'platform' ? 'webauthn-platform' : keyWord
}

/**
 * `type` and id kind of a method in the Management API: a phone is one method, however it is reached (auth0.md §7.2). Of
 * keys the one at hand decides.
 */
export function methodType(factor: Factor, it?: Pick<Authenticator, 'memory'>): string {
  if (it !== undefined && factor.keyFacts !== undefined) return keyWordOf(factor.keyFacts(it.memory))
  return factor.traits.reach ?? methodByProof[factor.traits.proof]
}

/** The same in the My Account API (auth0.md §5.2). */
export const accountType = (factor: Factor, it?: Pick<Authenticator, 'memory'>): string =>
  factor.traits.proof === 'approval' ? 'push-notification' : methodType(factor, it)

/** Everything a user may call a factor there. */
export const accountTypes = (factor: Factor): readonly string[] =>
  factor.keyFacts === undefined ? [accountType(factor)] : keyWords
