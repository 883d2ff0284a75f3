/** One thing that keeps the server from starting: where it is, what is wrong, how to mend it. Never holds a secret. */
export type Problem = {
  /** Key path in the configuration file, environment variable, file or port. */
  readonly key: string
  readonly problem: string
  readonly mend: string
}

/** One readable line a problem, for a terminal: `key: problem. mend.` */
export function formatProblem({ key, problem, mend }: Problem): string {
  return oneLine(`${key}: ${sentence(problem)} ${sentence(mend)}`)
}

/**
 * A start that cannot succeed, for code that has no result to return it in. Other rooms need not import this class:
 * any error with string fields `key` and `mend` is reported the same way (see `asProblem`).
 */
export class StartError extends Error {
  readonly key: string
  readonly mend: string

  constructor({ key, problem, mend }: Problem) {
    super(problem)
    this.name = 'StartError'
    this.key = key
    this.mend = mend
  }
}

/** Reads the problem out of a thrown value that carries one: `{ message, key, mend }`, all text. */
export function asProblem(thrown: unknown): Problem | undefined {
  if (!(thrown instanceof Error)) return undefined
  const { key, mend } = thrown as Error & { key?: unknown; mend?: unknown }
  if (typeof key !== 'string' || typeof mend !== 'string') return undefined
  return { key, problem: thrown.message, mend }
}

function sentence(text: string): string {
  const first = text.trim()
  return /[.!?]$/.test(first) ? first : `${first}.`
}

function oneLine(text: string): string {
  // Names in a configuration are a stranger's text: no control or line-breaking character reaches the terminal (S-149).
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
