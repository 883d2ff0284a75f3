import { finishEnrolled } from '#engine/journeys/enrol.ts'
import {
  type FirstFactor,
  finishWithProofs,
  firstFactorOf,
  names,
  proveMailbox,
  provePassword,
  type Step,
} from '#engine/journeys/first-factor.ts'
import { type Journey, journeyUser, saveJourney } from '#engine/journeys/journey.ts'
import { answerInJourney, ticketOf } from '#engine/journeys/more.ts'
import type { Answer } from '#http/route.ts'
import type { Outcome, RefusalWord } from '#model/outcome.ts'
import type { Wish } from '#model/ticket.ts'
import { type Call, type Handler, journeyOf } from './call.ts'
import { codeGrant } from './code.ts'
import { type Issued, type TokenIssue, tokenIssue, wishOf } from './issue-tokens.ts'
import { refreshGrant } from './refresh.ts'
import { readScope } from './scopes.ts'
import { contextsOf } from './steer.ts'
import { answerStep } from './steps.ts'
import { errors, fail, refuse, type WireError } from './wire.ts'

/** The grants of the token endpoint, a row each (entra.md §1.3). */
const grants: Readonly<Record<string, Handler>> = {
  password: passwordGrant,
  oob: oobGrant,
  mfa_oob: mfaGrant,
  continuation_token: continuationGrant,
  refresh_token: refreshGrant,
  authorization_code: codeGrant,
}

/** `POST /oauth2/v2.0/token` */
export async function token(call: Call): Promise<Answer> {
  const grantType = call.params.grant_type
  if (grantType === undefined) return fail(call.ids, errors.missing('grant_type'))
  const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined
  return grant === undefined ? fail(call.ids, errors.badGrant) : await grant(call)
}

/** What a first proof asks for, and the issue that gives it. */
interface Order {
  readonly journey: Journey
  readonly wish: Wish
  readonly issue: TokenIssue
}

/** Reads scope and claims of a call that proves first; whether a method is to be added is remembered in the journey. */
async function orderOf(call: Call, journey: Journey): Promise<Order | Answer> {
  const { parts } = call.dialect.engine
  const { scope: asked, claims, grant_type = '' } = call.params
  const contexts = contextsOf(claims)
  if (contexts === undefined) return fail(call.ids, errors.badClaims)
  if (contexts.unmet) return fail(call.ids, errors.unmetContext)
  const scope = await readScope(parts.store, call.exchange.tenant.id, asked)
  if (scope === undefined) return fail(call.ids, errors.badScope)
  const wish = wishOf(grant_type, scope, asked, contexts.acrs)
  const issue = await tokenIssue(call, wish)
  if (issue.no !== undefined) return refuse(call.ids, issue)
  if (journey.state.adds === true || !(call.adds || contexts.adds)) return { journey, wish, issue: issue.yes }
  const steered = await saveJourney(parts, journey, (it) => ({ ...it, state: { ...it.state, adds: true } }))
  return steered.no === undefined ? { journey: steered.yes, wish, issue: issue.yes } : refuse(call.ids, steered)
}

async function passwordGrant(call: Call): Promise<Answer> {
  const { password } = call.params
  const found = await journeyOf(call, 'sign-in')
  if ('status' in found) return found
  if (password === undefined) return fail(call.ids, errors.missing('password'))
  if (found.journey.phase !== 'first') return fail(call.ids, errors.badToken)
  const order = await orderOf(call, found.journey)
  if ('status' in order) return order
  const step = await provePassword(call.dialect.engine.parts, { caller: call.caller, ...order, password })
  return await answerFirst(call, order.journey, 'password', step)
}

async function oobGrant(call: Call): Promise<Answer> {
  const { oob } = call.params
  const found = await journeyOf(call, 'sign-in')
  if ('status' in found) return found
  if (oob === undefined) return fail(call.ids, errors.missing('oob'))
  if (found.journey.phase !== 'first') return fail(call.ids, errors.badToken)
  const order = await orderOf(call, found.journey)
  if ('status' in order) return order
  const step = await proveMailbox(call.dialect.engine.parts, { caller: call.caller, ...order, code: oob })
  return await answerFirst(call, order.journey, 'email', step)
}

/**
 * A first proof that was not right is told apart from one that could not be: the account has gone meanwhile, or is
 * signed in to by the other kind (entra.md §1.3). Where the tenant hides who is known, nothing is told apart.
 */
async function answerFirst(
  call: Call,
  journey: Journey,
  proved: FirstFactor,
  step: Outcome<Step<Issued>>,
): Promise<Answer> {
  if (step.no === undefined || call.exchange.tenant.hideUnknownUsers === true) return await answerStep(call, step)
  const { parts } = call.dialect.engine
  const user = await parts.store.get('users', call.exchange.tenant.id, journeyUser(journey))
  if (user === undefined) return fail(call.ids, errors.goneUser)
  const misfit = firstFactorOf(parts, user) === proved ? undefined : wrongKind[proved][step.no]
  return misfit === undefined ? await answerStep(call, step) : fail(call.ids, misfit)
}

/** What a refused proof is answered with where the account asks for the other kind. */
const wrongKind: Readonly<Record<FirstFactor, Partial<Record<RefusalWord, WireError>>>> = {
  password: { 'wrong-password': errors.noPasswordHere },
  email: { 'wrong-proof': errors.badToken, 'challenge-expired': errors.badToken },
}

/** The second factor: what was asked for first still holds, whatever this call says (S-49). */
async function mfaGrant(call: Call): Promise<Answer> {
  const { parts } = call.dialect.engine
  const found = await journeyOf(call)
  if ('status' in found) return found
  const { journey } = found
  if (call.params.oob === undefined) return fail(call.ids, errors.missing('oob'))
  if (journey.phase !== 'more') return fail(call.ids, errors.badToken)
  const issue = await issueOfTicket(call, journey)
  if ('status' in issue) return issue
  // After a Bearer start the step-up gives tokens, with which that start then succeeds; unless the query says otherwise.
  const opens = journey.kind !== 'add-method' || call.adds
  const { caller, params } = call
  return await answerStep(
    call,
    await answerInJourney(parts, { caller, journey, proof: params.oob, issue: issue.issue, opens }),
  )
}

async function issueOfTicket(call: Call, journey: Journey): Promise<{ readonly issue: TokenIssue } | Answer> {
  const ticket = await ticketOf(call.dialect.engine.parts, call.caller, journey)
  if (ticket.no !== undefined) return refuse(call.ids, ticket)
  const issue = await tokenIssue(call, ticket.yes.wish)
  return issue.no === undefined ? { issue: issue.yes } : refuse(call.ids, issue)
}

/** The end of an enrolment, a sign-up or a reset (entra.md §2.4, §3.4, §3.5). */
async function continuationGrant(call: Call): Promise<Answer> {
  const { parts } = call.dialect.engine
  const found = await journeyOf(call)
  if ('status' in found) return found
  const { journey } = found
  const { username } = call.params
  if (journey.phase !== 'finish') return fail(call.ids, errors.badToken)
  if (journey.state.ticket === undefined) {
    const order = await orderOf(call, journey)
    if ('status' in order) return order
    return await answerStep(call, await finishWithProofs(parts, { caller: call.caller, ...order, login: username }))
  }
  const user = await parts.store.get('users', call.exchange.tenant.id, journeyUser(journey))
  if (username !== undefined && (user === undefined || !names(username, user))) return fail(call.ids, errors.badToken)
  const issue = await issueOfTicket(call, journey)
  if ('status' in issue) return issue
  return await answerStep(call, await finishEnrolled(parts, { caller: call.caller, journey, issue: issue.issue }))
}
