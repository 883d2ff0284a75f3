/**
 * A configuration that passed its own checks but cannot be applied to what is stored. `key` names the place in the
 * file and `mend` what to do; the start of the server shows both and no stack (operating.md §1). Holds no secret.
 */
export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused'
  readonly key: string
  readonly mend: string

  constructor(key: string, problem: string, mend: string) {
    super(problem)
    this.key = key
    this.mend = mend
  }
}
