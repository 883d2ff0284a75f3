import { createContext, Script } from 'node:vm'

/** A value of a sign-up, and the regular expression of the tenant's that the whole of it has to match. */
export interface Patterned {
  readonly name: string
  readonly pattern: string
  readonly value: string
}

/** For all values of one sign-up together, in ms: a pattern of one way through takes thousandths of that. */
const limit = 50

/** In a context of its own, since only such a run can be ended from outside in the middle of a match. */
const judge = new Script(
  "JSON.stringify(asked.filter((it) => !new RegExp(it.whole, 'u').test(it.value)).map((it) => it.name))",
)

/**
 * Names of the values that do not match. Patterns are the operator's and values are anybody's: `(a+)+` and thirty letters
 * would keep the process for minutes, so when time is up none of the values counts as matching (S-157).
 */
export function unmatched(asked: readonly Patterned[]): readonly string[] {
  if (asked.length === 0) return []
  const all = asked.map((it) => ({ ...it, whole: `^(?:${it.pattern})$` }))
  try {
    return JSON.parse(judge.runInContext(createContext({ asked: all }), { timeout: limit }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    return asked.map(({ name }) => name)
  }
}
