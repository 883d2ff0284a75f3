import { changePassword } from './change-password.ts'
import { chooseGroup } from './choose-group.ts'
import { consent } from './consent.ts'
import { claimConsent, scopeConsent } from './share.ts'
import type { Step } from './step.ts'
import { verifyEmail, verifyPhone } from './verify-address.ts'

/**
 * What users may owe besides proofs, in the order they are asked. All of it comes after the proofs: whoever knows only a
 * password must not be able to change it, or agree to anything, in the name of somebody who has a second factor.
 */
export const steps: readonly Step[] = [
  verifyEmail,
  verifyPhone,
  changePassword,
  consent,
  scopeConsent,
  claimConsent,
  chooseGroup,
]
