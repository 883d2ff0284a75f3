import { applyConfig } from '#admin/apply.ts'
import { fillCountries } from '#config/load.ts'
import { asProblem, type Problem } from '#config/problem.ts'
import type { Config } from '#config/schema.ts'
import { createKeyring } from '#crypto/keyring.ts'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { systemRandom } from '#crypto/random.ts'
import { factorMap } from '#factors/index.ts'
import { systemClock } from '#ops/clock.ts'
import type { HashOutcome, PasswordHasher } from '#ports/passwords.ts'
import { openStore } from '#stores/open.ts'

/**
 * Applies a configuration to an empty database in memory and says what would keep a server from it: a number of a user
 * the tenant sends nothing to, a hash nobody can check. What is stored already, no file tells.
 */
export async function rehearse(config: Config): Promise<Problem | undefined> {
  const store = await openStore('sqlite::memory:')
  const parts = {
    store,
    clock: systemClock,
    random: systemRandom,
    keyring: createKeyring([systemRandom.bytes(32)]),
    passwords: quick(createPasswordHasher()),
    factors: factorMap(),
    channels: new Set<string>(),
    nudge: () => {},
    addressExempt: () => true,
  }
  try {
    await applyConfig(parts, fillCountries(config, config.development))
    return undefined
  } catch (error) {
    const problem = asProblem(error)
    if (problem === undefined) throw error
    return problem
  } finally {
    await store.close()
  }
}

/** Nobody signs in here, so that passwords of usual length need no hash, which would take seconds for many users. */
function quick(passwords: PasswordHasher): PasswordHasher {
  const hash = async (password: string): Promise<HashOutcome> =>
    password.length <= 64 ? { kind: 'hashed', hash: '' } : await passwords.hash(password)
  return { ...passwords, hash }
}
