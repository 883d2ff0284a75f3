import { StoreUnavailable } from '#ports/store.ts'
import { Taken } from './change.ts'

/** The SQLSTATE of a server's error (PostgreSQL appendix A). */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown }
  return typeof code === 'string' && typeof severity === 'string' && code.length === 5 ? code : undefined
}

/**
 * Nothing of a change was written, and running it again may well succeed: a key is taken, a row is not what it was
 * (which the statements tell by dividing by zero), the transaction could not be serialized, or it was a deadlock.
 */
const repeatable: ReadonlySet<string> = new Set(['23505', '22012', '40001', '40P01'])

/** The error as a change has to see it: Taken where it may run again, else StoreUnavailable. */
export function ofChange(error: unknown): Error {
  const state = sqlState(error)
  if (state !== undefined && repeatable.has(state)) {
    return new Taken(state === '23505' ? 'a key is taken' : 'a row changed meanwhile', { cause: error })
  }
  return unavailable(error)
}

/** The error in words for an operator; without address or values, which a driver's message may hold. */
export function unavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error
  const state = sqlState(error)
  const { code, message } = error as { code?: unknown; message?: unknown }
  const why = state === undefined ? (typeof code === 'string' ? code : String(message)) : `${state} ${String(message)}`
  return new StoreUnavailable(`the database does not answer: ${why.split('\n')[0]}`, { cause: error })
}

/**
 * Whether a connection serves on after this error. It does not when it is not known where in the protocol it is, when
 * it leads to a server that only reads (25006: demoted), or when it lost what it had prepared (26000, 42P05, 0A000).
 */
export function isSound(error: unknown): boolean {
  const state = sqlState(error)
  if (state === undefined) return false
  if (['25006', '26000', '42P05', '0A000'].includes(state)) return false
  return !/^(57P|08|XX|58|53)/.test(state)
}
