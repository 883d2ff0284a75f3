import type { Outcome } from '#model/outcome.ts'
import type { LoginOutcome, Metrics, ProofOutcome } from '#ports/metrics.ts'
import type { Engine } from './engine.ts'

/** How a login went, in the words of the figures; a second factor that is wanted is no failure. */
const loginOutcome = (outcome: Outcome<unknown>): LoginOutcome =>
  outcome.no === undefined ? 'success' : outcome.no === 'more-proof' ? 'mfa_required' : 'failure'

/** How a proof went; more to prove means that this one was right. */
function proofOutcome(outcome: Outcome<unknown>): ProofOutcome {
  if (outcome.no === undefined || outcome.no === 'more-proof') return 'right'
  if (outcome.no === 'wrong-proof') return 'wrong'
  return outcome.no === 'waiting' || outcome.no === 'slow-down' ? 'waiting' : 'refused'
}

/** The engine, counting what its verbs answer; labels are kinds of ours and never what a client chose (S-148). */
export function counted(engine: Engine, metrics: Metrics): Engine {
  return {
    ...engine,
    async signIn(request) {
      const outcome = await engine.signIn(request)
      if (outcome.no !== undefined) metrics.login('failure')
      return outcome
    },
    async admit(request) {
      const outcome = await engine.admit(request)
      metrics.login(loginOutcome(outcome))
      return outcome
    },
    async challenge(request) {
      const outcome = await engine.challenge(request)
      if (outcome.yes) metrics.challenge(outcome.yes.factor.kind)
      return outcome
    },
    async answer(request) {
      const outcome = await engine.answer(request)
      const kind = outcome.yes?.factor ?? (outcome.no === 'wrong-proof' ? outcome.factor : 'unknown')
      metrics.proof(kind, proofOutcome(outcome))
      if (outcome.yes && request.recordOnly !== true) metrics.login('success')
      return outcome
    },
    async finish(request) {
      const outcome = await engine.finish(request)
      metrics.login(loginOutcome(outcome))
      return outcome
    },
  }
}
