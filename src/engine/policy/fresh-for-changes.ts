import { limits } from '../limits.ts'
import type { Condition } from './situation.ts'

/**
 * A token that may change authenticators needs a second factor proved just now where one exists (S-63), and not by a
 * saved code alone (S-46), nor by an e-mail code where the account has more (S-62). A user without any factor may have it on the password: that is how the first one comes in.
 */
export const freshForChanges: Condition = ({ wish }) =>
  wish.managesFactors === true
    ? { within: limits.freshProof, notByLookup: true, best: true, onlyIfEnrolled: true }
    : undefined
