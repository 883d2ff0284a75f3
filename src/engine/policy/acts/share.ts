import type { Application } from '#model/application.ts'
import type { User } from '#model/user.ts'
import type { Step } from './step.ts'

/** What an application may be told about a person: the words of scopes, or the names of claims. */
export type Shared = 'scopes' | 'claims'

/** Under which name an account keeps what it agreed to share with an application. */
export const sharedKey = (what: Shared, { id }: Pick<Application, 'id'>): string => `${what}:${id}`

/** What a user has agreed to share with an application, before. */
export const sharedWith = (what: Shared, application: Pick<Application, 'id'>, user: Pick<User, 'consents'>) =>
  (user.consents?.[sharedKey(what, application)] ?? '').split(' ').filter((it) => it !== '')

/** Signing in at all is no consent to give away: the scope that only says so is never asked about. */
const always: ReadonlySet<string> = new Set(['openid'])

/** Of what a request asks for, what the user has not agreed to yet. */
export function missingShares(
  what: Shared,
  asked: readonly string[],
  application: Pick<Application, 'id'>,
  user: Pick<User, 'consents'>,
): readonly string[] {
  const given = new Set(sharedWith(what, application, user))
  return asked.filter((it) => !given.has(it) && !(what === 'scopes' && always.has(it)))
}

/** The application asks people before it is told what its scopes say. */
export const scopeConsent: Step = ({ application, user, wish }) =>
  application.asksForScopes === true && missingShares('scopes', wish.scope, application, user).length > 0
    ? 'share-scopes'
    : undefined

/** A request that names claims one by one is always asked about. */
export const claimConsent: Step = ({ application, user, wish }) =>
  missingShares('claims', wish.claims ?? [], application, user).length > 0 ? 'share-claims' : undefined
