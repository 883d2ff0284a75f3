import type { Factor } from '#ports/factor.ts'
import { email } from './email/email.ts'
import { push } from './push/push.ts'
import { recoveryCode } from './recovery-code/recovery-code.ts'
import { securityQuestion } from './security-question/security-question.ts'
import { sms } from './sms/sms.ts'
import { totp } from './totp/totp.ts'
import { voice } from './voice/voice.ts'
import { webauthn } from './webauthn/webauthn.ts'

/** Every factor there is, one line each. The password is not among them: it belongs to the user, not to a device. */
export const factors: readonly Factor[] = [totp, sms, voice, email, webauthn, push, recoveryCode, securityQuestion]

/** The list by kind, as the engine wants it. */
export const factorMap = (list: readonly Factor[] = factors): ReadonlyMap<string, Factor> =>
  new Map(list.map((factor) => [factor.kind, factor]))
