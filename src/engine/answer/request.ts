import type { Authenticator } from '#model/authenticator.ts'
import type { Challenge } from '#model/challenge.ts'
import type { ChallengeId } from '#model/ids.ts'
import type { Requirement, Ticket } from '#model/ticket.ts'
import type { Factor } from '#ports/factor.ts'
import type { Found, Refs, row, rows } from '#ports/store.ts'
import type { Admitted, accountRefs } from '../admit.ts'
import type { Flow } from '../flow.ts'
import type { Issue } from '../issue.ts'
import type { Caller } from '../parts.ts'
import type { GuardRows } from '../phone-guard/rows.ts'

export interface AnswerRequest<R extends Refs, A> {
  readonly caller: Caller
  readonly flow: Flow
  /**
   * The challenge that is answered, by its handle, or by its row where the caller has tied it to a handle of its own; or the
   * kind whose authenticators need none.
   */
  readonly to: { readonly challenge: string } | { readonly stored: ChallengeId } | { readonly kind: string }
  /** What the user sent, unchecked. */
  readonly proof: unknown
  readonly issue: Issue<R, A>
  /** Also hold this user's bucket of wrong codes (a dialect that promises one); the ladder holds in any case. */
  readonly holdBucket?: boolean
  /**
   * Only record the proof in the ticket: another request ends the flow (`finish`). `issue` then commits what the caller
   * keeps of the proof, once for every right one, and the answer's `missing` says whether policy asks for more.
   */
  readonly recordOnly?: boolean
}

export interface Answered<A> extends Admitted<A> {
  readonly factor: string
  /** With `recordOnly`: what policy still asks for after this proof. */
  readonly missing?: Requirement
  /** Shown to the user once: the code that replaces a spent one. */
  readonly show?: { readonly codes?: readonly string[] }
}

/** What judging an answer needs to have read. */
type AccountRefs = ReturnType<typeof accountRefs> & {
  readonly ticket: ReturnType<typeof row<'tickets'>>
  readonly challenge: ReturnType<typeof row<'challenges'>>
  readonly siblings: ReturnType<typeof rows<'challenges'>>
  readonly codes: ReturnType<typeof row<'budgets'>>
  readonly address: ReturnType<typeof row<'budgets'>>
  readonly told: ReturnType<typeof row<'budgets'>>
}
export type Account = Found<AccountRefs> & {
  /** Whoever has the name the proof gives, where it gives one. */
  readonly named?: readonly Authenticator[]
} & GuardRows

/** One attempt, bound to what it may prove. */
export interface Attempt {
  readonly factor: Factor
  /** Whose proof it may be; several for a kind without challenges. */
  readonly candidates: readonly Authenticator[]
  readonly challenge?: Challenge
  readonly ticket?: Ticket
  /** The challenge, or this kind on this ticket, has seen its last wrong proof: nothing is right any more. */
  readonly dead: boolean
}

/** What was found out about a proof before its attempt is spent. */
export interface Examined {
  /** The name the proof gives of its authenticator, unproved. */
  readonly key?: string
  readonly evidence?: unknown
  /** The number the code went to, where it went to a phone. */
  readonly phone?: string
}
