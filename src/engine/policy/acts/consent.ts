import type { ConsentTerms } from '#model/application.ts'
import type { User } from '#model/user.ts'
import type { Step } from './step.ts'

/** The first of the application's terms this user has not agreed to in the version that counts now. */
export const missingConsent = (
  terms: readonly ConsentTerms[] | undefined,
  user: Pick<User, 'consents'>,
): ConsentTerms | undefined => terms?.find((it) => user.consents?.[it.id] !== it.version)

export const consent: Step = ({ application, user }) =>
  missingConsent(application.consents, user) === undefined ? undefined : 'consent'
