import { sameSecret, tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { Budget } from '#model/budget.ts'
import type { TenantId } from '#model/ids.ts'
import type { Clock } from '#ports/clock.ts'
import type { Keyring } from '#ports/keyring.ts'
import { type Decision, put, row, rows, type Store, upsert, type Write } from '#ports/store.ts'
import { userCodeKey } from './adapter.ts'

/** Wrong codes one browser may enter, and one network address, before they wait (S-59). */
const perBrowser = 5
const perAddress = 20
/** How long a wrong code is counted, ms: as long as a right one lives. */
const window = 600_000

export interface DeviceEntry {
  readonly tenant: TenantId
  /** As typed. */
  readonly userCode: string
  /** The session of the browser that enters it. */
  readonly browser: string
  readonly address: string
}

export type Entered = 'enter' | 'wrong' | 'too-many'

interface Parts {
  readonly store: Store
  readonly keyring: Keyring
  readonly clock: Clock
}

/**
 * Judges a code before anything is done with it, in one change, so that guesses at the same time are counted too. A code
 * belongs to the browser that entered it first: in any other it is as wrong as one that was made up (S-60).
 */
export async function enterDeviceCode(parts: Parts, entry: DeviceEntry): Promise<Entered> {
  const { tenant } = entry
  const browser = tokenDigest(entry.browser)
  // As the library reads it.
  const typed = entry.userCode.slice(0, 100).toUpperCase().replace(/\W/g, '')
  const refs = {
    mine: row('budgets', tenant, `device-codes:browser:${browser}`),
    from: row('budgets', tenant, `device-codes:address:${entry.address}`),
    codes: rows('artifacts', 'userCode', tenant, userCodeKey({ ...parts, tenant }, typed)),
  }
  return await parts.store.change(refs, ({ mine, from, codes }): Decision<Entered> => {
    const now = parts.clock.now()
    const [wrongHere, wrongThere] = [counted(mine, now), counted(from, now)]
    if (wrongHere >= perBrowser || wrongThere >= perAddress) return { result: 'too-many' }
    const code = codes.find((it) => it.model === 'DeviceCode' && (it.expiresAt ?? 0) > now)
    const owner = code?.payload.enteredBy
    if (code !== undefined && owner === undefined) return { result: 'enter', writes: [bound(code, browser)] }
    if (code !== undefined && typeof owner === 'string' && sameSecret(owner, browser)) return { result: 'enter' }
    const writes = [
      countOne(tenant, refs.mine.id, mine, wrongHere, now),
      countOne(tenant, refs.from.id, from, wrongThere, now),
    ]
    return { result: 'wrong', writes }
  })
}

const bound = (code: Artifact, browser: string): Write =>
  put('artifacts', { ...code, payload: { ...code.payload, enteredBy: browser } })

const counted = (budget: Budget | undefined, now: number): number =>
  budget === undefined || now - budget.at >= window ? 0 : budget.used

/** Counted from the first wrong code on, so that waiting out the window is enough. */
function countOne(tenant: TenantId, id: string, before: Budget | undefined, used: number, now: number): Write {
  const at = used === 0 ? now : (before?.at ?? now)
  return upsert('budgets', { tenant, id, used: used + 1, at, expiresAt: at + window })
}
