import type { AnswerRequest } from '#engine/answer.ts'
import type { Answer } from '#http/route.ts'
import type { Refs } from '#ports/store.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { type Issued, tokenIssue } from '../issue-tokens.ts'
import { readMfaToken } from '../mfa/bearer.ts'
import { challengeIn } from '../mfa/oob-code.ts'
import type { Grant, TokenRequest } from '../token-request.ts'
import { missing, noStore, recoveryTable, refuse, tokenTable } from '../wire.ts'
import { authenticatorType } from '../words.ts'

type To = AnswerRequest<Refs, Issued>['to']

/** `mfa-otp`: a code of an authenticator app; confirms a pending one too (auth0.md §1.6). */
export const mfaOtp: Grant = async (dialect, request) => {
  if (request.params.mfa_token === undefined) return missing('mfa_token')
  if (request.params.otp === undefined) return missing('otp')
  return await answerWith(dialect, request, { kind: kindOf(dialect, 'otp') }, request.params.otp)
}

/** `mfa-oob`: what a message brought, or the answer given on another device. */
export const mfaOob: Grant = async (dialect, request) => {
  if (request.params.mfa_token === undefined) return missing('mfa_token')
  const { oob_code: code, binding_code: proof } = request.params
  if (code === undefined) return missing('oob_code')
  return await answerWith(dialect, request, { challenge: challengeIn(code) }, proof)
}

/** `mfa-recovery-code`: a saved code, replaced by the one the answer carries. */
export const mfaRecoveryCode: Grant = async (dialect, request) => {
  if (request.params.mfa_token === undefined) return missing('mfa_token')
  if (request.params.recovery_code === undefined) return missing('recovery_code')
  return await answerWith(dialect, request, { kind: kindOf(dialect, 'recovery-code') }, request.params.recovery_code)
}

/** The kind a word of this dialect stands for, told from traits. */
function kindOf({ engine }: Dialect, type: 'otp' | 'recovery-code'): string {
  return [...engine.parts.factors.values()].find((it) => authenticatorType(it.traits) === type)?.kind ?? type
}

async function answerWith(dialect: Dialect, request: TokenRequest, to: To, proof: unknown): Promise<Answer> {
  const { exchange, application } = request
  const { parts } = dialect.engine
  const table = 'kind' in to && parts.factors.get(to.kind)?.traits.proof === 'lookup' ? recoveryTable : tokenTable
  const { mfa_token: handle = '' } = request.params
  const bearer = await readMfaToken(dialect, exchange, handle, request.dpopJkt, application)
  if (bearer.no !== undefined) return refuse(table, bearer, parts)
  const { flow } = bearer.yes
  // A ticket's client is compared by the engine, which also writes down who tried (AC-3).
  if (flow.by === 'token' && flow.client !== application.id) {
    return refuse(table, { no: 'ticket-of-other-client' }, parts)
  }
  const whole = flow.by === 'ticket' ? flow.ticket.wish : flow.wish
  const wish = { ...whole, scope: narrowed(whole.scope, request.params.scope) }
  const issue = await tokenIssue(dialect, { exchange, application, wish, dpopJkt: request.dpopJkt })
  if ('no' in issue) return refuse(table, issue, parts)
  const caller = callerOf(exchange, application)
  const answered = await dialect.engine.answer({ caller, flow, to, proof, issue, holdBucket: true })
  if (answered.no !== undefined) return refuse(table, answered, parts)
  const { issued, show } = answered.yes
  const recovery = show?.codes?.[0]
  const body = await issued.respond()
  return { status: 200, body: recovery === undefined ? body : { ...body, recovery_code: recovery }, headers: noStore }
}

/** A scope named again at the last step can take away, never add (S-49). */
function narrowed(granted: readonly string[], asked: string | undefined): readonly string[] {
  if (asked === undefined) return granted
  const words = asked.split(/\s+/)
  return granted.filter((word) => words.includes(word))
}
