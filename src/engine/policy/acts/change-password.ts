import type { Step } from './step.ts'

/** An administrator wants the account to have a new password. */
export const changePassword: Step = ({ user }) =>
  user.mustChangePassword === true && user.passwordHash !== undefined ? 'change-password' : undefined
