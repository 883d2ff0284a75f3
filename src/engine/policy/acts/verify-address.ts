import type { Step } from './step.ts'

/** The application wants users whose mailbox is known to be theirs; who has no address cannot be asked to show one. */
export const verifyEmail: Step = ({ application, user }) =>
  application.needsVerifiedEmail === true && user.email !== undefined && !user.emailVerified
    ? 'verify-email'
    : undefined

/** The same for a telephone number. */
export const verifyPhone: Step = ({ application, user }) =>
  application.needsVerifiedPhone === true && user.phoneNumber !== undefined && !user.phoneVerified
    ? 'verify-phone'
    : undefined
