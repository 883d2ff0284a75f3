import type { Outcome } from '#model/outcome.ts'
import type { Refs } from '#ports/store.ts'
import { type AdmitRequest, type Admitted, admit } from './admit.ts'
import { type Answered, type AnswerRequest, answer } from './answer.ts'
import { type Challenged, type ChallengeRequest, challenge } from './challenge.ts'
import { type Checked, type CheckRequest, check } from './check.ts'
import { type Enrolment, type EnrolRequest, enrol } from './enrol.ts'
import { type FinishRequest, finish } from './finish.ts'
import type { Parts } from './parts.ts'
import { type SignedIn, type SignInRequest, signIn } from './sign-in.ts'

/**
 * The rules, spoken as a few verbs. No HTTP, no SQL, no vendor: dialects translate what callers say into these and
 * what these answer back.
 */
export interface Engine {
  readonly parts: Parts
  /** Proves the password. */
  signIn(request: SignInRequest): Promise<Outcome<SignedIn>>
  /** Asks policy whether tokens may be issued; opens a ticket when more is to be proved. */
  admit<R extends Refs, A>(request: AdmitRequest<R, A>): Promise<Outcome<Admitted<A>>>
  /** Asks policy what a standing session is worth; writes nothing but how it was rated. */
  check(request: CheckRequest): Promise<Checked>
  /** Starts the enrolment of an authenticator. */
  enrol(request: EnrolRequest): Promise<Outcome<Enrolment>>
  /** Asks a confirmed authenticator for a proof. */
  challenge(request: ChallengeRequest): Promise<Outcome<Challenged>>
  /** Judges a proof and issues when nothing is missing. */
  answer<R extends Refs, A>(request: AnswerRequest<R, A>): Promise<Outcome<Answered<A>>>
  /** Ends a flow whose proofs were recorded one by one. */
  finish<R extends Refs, A>(request: FinishRequest<R, A>): Promise<Outcome<Admitted<A>>>
}

/** Binds the verbs to their parts. */
export function createEngine(parts: Parts): Engine {
  return {
    parts,
    signIn: (request) => signIn(parts, request),
    admit: (request) => admit(parts, request),
    check: (request) => check(parts, request),
    enrol: (request) => enrol(parts, request),
    challenge: (request) => challenge(parts, request),
    answer: (request) => answer(parts, request),
    finish: (request) => finish(parts, request),
  }
}
