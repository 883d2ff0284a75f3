import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId } from '#model/ids.ts'
import { row, type Store, upsert, type Write } from '#ports/store.ts'
import { artifactId } from './artifacts.ts'

/** Something that may be seen once until its end: the `jti` of an assertion or a DPoP proof (S-28). */
export interface ReplayMark {
  readonly row: Artifact
}

/**
 * The mark of a `jti` of one issuer.
 * It is the row `oidc-provider` would write for the same pair, so neither lane accepts what the other has seen.
 */
export function replayMark(tenant: TenantId, issuer: string, jti: string, expiresAt: number): ReplayMark {
  const id = artifactId('ReplayDetection', tokenDigest(`${issuer}${jti}`))
  const payload = { kind: 'ReplayDetection', iss: issuer, exp: Math.ceil(expiresAt / 1000) }
  return { row: { tenant, id, model: 'ReplayDetection', payload, expiresAt } }
}

/** The ref a change needs to spend a mark along with its other writes. */
export function markRef(mark: ReplayMark) {
  return row('artifacts', mark.row.tenant, mark.row.id)
}

/** The write that spends a mark, or undefined when it has been spent; for use inside a change that loaded `markRef`. */
export function spend(mark: ReplayMark, found: Artifact | undefined, now: number): Write | undefined {
  const seen = found !== undefined && (found.expiresAt === undefined || found.expiresAt > now)
  return seen ? undefined : upsert('artifacts', mark.row)
}

/** Spends a mark in a change of its own; false: it was spent before, or by a request at the same time. */
export function spendMark(store: Store, mark: ReplayMark, now: number): Promise<boolean> {
  return store.change({ seen: markRef(mark) }, ({ seen }) => {
    const write = spend(mark, seen, now)
    return write === undefined ? { result: false } : { result: true, writes: [write] }
  })
}
