/** What messages say (S-8): the service, the purpose, how long the code lives, not to share it; no link beside a code. */
export type MessagePurpose = 'login' | 'enrolment' | 'verify-address' | 'notice' | 'password-reset'

export interface Said {
  readonly subject: string
  readonly text: string
}

/**
 * Text of others as it may stand in a message: one line of at most 64 characters without control or direction marks and
 * without an address of the web (S-85). Headers are built by an encoder besides.
 */
export function plain(text: string): string {
  const line = text
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\S*(?::\/\/|www\.)\S*/giu, '')
    .replace(/ {2,}/g, ' ')
    .trim()
  return [...line].slice(0, 64).join('')
}

const minutes = (seconds: number) => {
  const many = Math.max(1, Math.round(seconds / 60))
  return `${many} minute${many === 1 ? '' : 's'}`
}

/** Text that carries a code. `lifetime` in seconds. */
export function codeText(of: string, purpose: MessagePurpose, code: string, lifetime: number): Said {
  const service = plain(of)
  const what = purpose === 'enrolment' ? 'to add this contact as a sign-in method' : purposes[purpose]
  return {
    subject: `Your ${service} verification code`,
    text: `${code} is your ${service} code ${what}. It is valid for ${minutes(lifetime)}. Do not share it with anyone.`,
  }
}

const purposes: Readonly<Record<MessagePurpose, string>> = {
  login: 'to sign in',
  enrolment: 'to add this contact',
  'verify-address': 'to confirm this address',
  notice: '',
  'password-reset': 'to reset your password',
}

/** The same spoken: digits apart, said twice. */
export function spokenText(of: string, code: string, lifetime: number): Said {
  const service = plain(of)
  const digits = code.split('').join(', ')
  return {
    subject: '',
    text: `This is ${service}. Your code is: ${digits}. Again, your code is: ${digits}. It is valid for ${minutes(lifetime)}. Do not share it with anyone.`,
  }
}

/** The mail with a link that sets a new password; no code beside it. `lifetime` in seconds. */
export function resetText(of: string, link: string, lifetime: number): Said {
  const service = plain(of)
  return {
    subject: `Reset your ${service} password`,
    text: `Somebody asked to reset the password of your ${service} account. To choose a new one, open this link within ${minutes(lifetime)}: ${link}\nIf it was not you, ignore this message: your password stays as it is.`,
  }
}

/** The mail with which an administrator invites a user to enrol a second factor. `lifetime` in seconds. */
export function invitationText(of: string, link: string, lifetime: number): Said {
  const service = plain(of)
  const hours = Math.round(lifetime / 3_600)
  return {
    subject: `Set up a second sign-in step for ${service}`,
    text: `You are invited to set up a second sign-in step for your ${service} account. Open this link within ${hours} hours: ${link}`,
  }
}

export type NoticeCause =
  | 'factor-added'
  | 'factor-removed'
  | 'factor-changed'
  | 'factors-reset'
  | 'factor-locked'
  | 'factor-disabled'
  | 'recovery-used'
  | 'recovery-replaced'
  | 'enrolment-refused'
  | 'success-after-failures'
  | 'password-changed'
  | 'password-dropped'
  | 'email-changed'
  | 'phone-changed'

const notices: Readonly<Record<NoticeCause, string>> = {
  'factor-added': 'A sign-in method was added to your account',
  'factor-removed': 'A sign-in method was removed from your account',
  'factor-changed': 'A sign-in method of your account was renamed or changed',
  'factors-reset': 'All sign-in methods of your account were reset by an administrator',
  'factor-locked': 'Too many wrong codes were entered for your account, so a sign-in method is paused',
  'factor-disabled': 'A sign-in method of your account was disabled after too many wrong codes',
  'recovery-used': 'A recovery code was used to sign in to your account',
  'recovery-replaced': 'The recovery code of your account was replaced',
  'enrolment-refused': 'Somebody with your password tried to add a sign-in method without proving an existing one',
  'success-after-failures': 'Your account was signed in to after several wrong codes',
  'password-changed': 'The password of your account was changed',
  'password-dropped': 'The password of your account was removed, because it was set before this address was confirmed',
  'email-changed': 'The e-mail address of your account was changed',
  'phone-changed': 'The telephone number of your account was changed',
}

/** A notice about the account: what happened and how to object, no secret (S-64). `detail` names the kind of factor. */
export function noticeText(of: string, cause: NoticeCause, detail?: string): Said {
  const service = plain(of)
  const what = detail === undefined ? notices[cause] : `${notices[cause]} (${detail})`
  return {
    subject: `${service}: security notice`,
    text: `${what}. If this was not you, change your password and contact the support of ${service} at once.`,
  }
}
