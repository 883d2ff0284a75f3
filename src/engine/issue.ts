import type { Refusal } from '#model/outcome.ts'
import type { Assurance, Proof } from '#model/proof.ts'
import type { Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import type { Found, Refs, Write } from '#ports/store.ts'

/** All conditions are met: what tokens may now say. */
export interface Granted {
  readonly user: User
  readonly proofs: readonly Proof[]
  readonly assurance: Assurance
  readonly wish: Wish
}

/**
 * What the caller does with a grant, in the same commit in which it was earned: the refresh token, the session, the
 * code. It may still refuse (a refresh token was revoked meanwhile), and then nothing is spent.
 */
export interface Issue<R extends Refs, A> {
  readonly refs: R
  readonly decide: (granted: Granted, found: Found<R>) => Made<A>
}

/** What issuing made; or why not, with what its refusal leaves behind (a family of tokens that has to end). */
export type Made<A> =
  | {
      readonly issued: A
      readonly writes: readonly Write[]
      readonly refuse?: undefined
      /** As in `Decision`: to be done while the writes are under way. */
      readonly meanwhile?: (() => void) | undefined
    }
  | { readonly refuse: Refusal; readonly writes: readonly Write[] }

/** For callers that need nothing committed beside the grant. */
export const nothingToIssue: Issue<Record<never, never>, undefined> = {
  refs: {},
  decide: () => ({ issued: undefined, writes: [] }),
}
