/** Characters a new password may have by this wire, which is less than the server could keep (entra.md §5.1). */
const longest = 256

/** The engine's own refusal, so that it has one coding. */
export const tooLong = { no: 'weak-password', reason: 'too-long' } as const

export const isTooLong = (password: string | undefined): password is string =>
  password !== undefined && [...password].length > longest
