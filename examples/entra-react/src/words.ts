/** An error of any result of the SDK, with whichever helpers its class has. */
export interface FlowError {
  readonly errorData: {
    readonly error: string
    readonly errorDescription?: string
    readonly subError?: string
    readonly continuationToken?: string
    readonly attributes?: readonly { readonly name: string }[]
  }
}

/** What went wrong, and whether the hosted pages know a way on. */
export interface Said {
  readonly text: string
  readonly pages?: boolean
}

/** The helpers of the SDK that are worth a sentence of their own, in the order they are asked. */
const helpers: readonly (readonly [string, string])[] = [
  ['isUserNotFound', 'There is no account with this e-mail address.'],
  ['isInvalidUsername', 'This is not an e-mail address.'],
  ['isUserAlreadyExists', 'There is an account with this e-mail address already. Sign in instead.'],
  ['isPasswordResetRequired', 'This password has to be replaced. Choose “Forgot your password?”.'],
  ['isPasswordIncorrect', 'The e-mail address and the password do not belong together.'],
  ['isIncorrectChallenge', 'This is not the code we sent. Check it, or ask for a new one.'],
  ['isInvalidCode', 'This is not the code we sent. Check it, or ask for a new one.'],
  ['isInvalidInput', 'This address or number cannot be used, or one of its kind is registered already.'],
  ['isAttributesValidationFailed', 'Some of what you entered is not accepted.'],
  ['isMissingRequiredAttributes', 'Please fill in every field.'],
  ['isTokenExpired', 'That took too long. Please start again.'],
]

/** Words for password rules; the helper says only that one of them was broken. */
const passwords: Readonly<Record<string, string>> = {
  password_too_short: 'This password is too short.',
  password_too_long: 'This password is too long.',
  password_too_weak: 'This password is too easy to guess.',
  password_banned: 'This password is too easy to guess.',
  password_recently_used: 'You have used this password before.',
  password_is_invalid: 'This password cannot be used.',
}

/** A contact that gets no messages. The SDK has a helper for the first of the two only, so the sub-error is asked. */
const blocked: Readonly<Record<string, string>> = {
  provider_blocked_by_rep:
    'We cannot send a code to this number because of its reputation. Please use another number, or an e-mail address.',
  provider_blocked_by_admin:
    'Your organisation does not send codes to this country. Please use another number, or an e-mail address.',
}

const byError: Readonly<Record<string, string>> = {
  interaction_required: 'You signed in some time ago. Please sign in again first.',
  http_request_failed: 'The server cannot be reached.',
  temporarily_unavailable: 'The server is busy. Please try again in a minute.',
}

export function say(error: FlowError | undefined): Said {
  const { errorData } = error ?? {}
  const is = (helper: string) => (error as unknown as Record<string, (() => boolean) | undefined>)?.[helper]?.()
  if (is('isRedirectRequired')) {
    return { text: 'This needs a step that only the sign-in page has.', pages: true }
  }
  const own = blocked[errorData?.subError ?? ''] ?? passwords[errorData?.subError ?? '']
  const helped = helpers.find(([helper]) => is(helper))?.[1]
  // 701014 and 50053: no helper, and nothing but waiting helps.
  const numbered = /AADSTS(701014|50053):/.test(errorData?.errorDescription ?? '')
    ? 'That was tried too often. Please wait some minutes.'
    : undefined
  return {
    text: own ?? helped ?? numbered ?? byError[errorData?.error ?? ''] ?? 'That did not work. Please try again.',
  }
}
