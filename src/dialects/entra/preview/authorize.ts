import { maySignUp } from '#engine/accounts/may-sign-up.ts'
import { openJourney, readJourney } from '#engine/journeys/journey.ts'
import { finishRecorded } from '#engine/journeys/recorded.ts'
import { offersPasskeys } from '#engine/passkey.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { RefusalWord } from '#model/outcome.ts'
import { type Call, idsOf } from '../call.ts'
import type { Dialect } from '../dialect.ts'
import { readScope } from '../scopes.ts'
import { addsMethod, contextsOf } from '../steer.ts'
import { errors, fail, refuse, type WireError } from '../wire.ts'
import { wordsOf } from '../words.ts'
import { type Ask, applicationOf, at, previewCaller, type Step, tokenOf, unfit } from './call.ts'
import { codeIssue } from './code.ts'
import { hrefOf } from './paths.ts'
import { next } from './render.ts'
import { done } from './wire.ts'

/** Error of a session that is over, in the draft's word (draft-ietf-oauth-first-party-apps section 5.2.2.1). */
const invalidSession: WireError = {
  error: 'invalid_session',
  codes: [55200],
  text: 'The auth_session is invalid or has expired.',
}
const noChallenge: WireError = {
  error: 'invalid_request',
  codes: [9002325],
  text: 'Proof Key for Code Exchange is required: code_challenge with code_challenge_method=S256.',
}
const badResponseType: WireError = {
  error: 'unsupported_response_type',
  codes: [700054],
  text: 'The response_type must be code.',
}

/** The refusals that mean that a session cannot go on. */
const sessionRefusals: readonly RefusalWord[] = ['ticket-unknown', 'ticket-expired', 'ticket-of-other-client']

/**
 * `POST /oauth2/v2.0/authorize-challenge`: without a token the beginning, which answers with the ways on; with the token of
 * a journey at its end, its authorization code; with any other, where that journey stands. Who sends the draft's
 * parameters (`response_type`, `auth_session`) is answered in its words, others in Microsoft's.
 */
export const authorize =
  (dialect: Dialect) =>
  async (exchange: Exchange): Promise<Answer> => {
    const { parts } = dialect.engine
    const ids = idsOf(exchange, parts)
    if (exchange.repeated.length > 0) return fail(ids, errors.repeated)
    const params = Object.fromEntries(
      Object.entries((exchange.body ?? {}) as Record<string, unknown>).filter(
        (it): it is [string, string] => typeof it[1] === 'string' && it[1] !== '',
      ),
    )
    const token = params.auth_session ?? params.continuation_token
    const { client_id: clientId } = params
    if (clientId === undefined && token === undefined) return fail(ids, errors.missing('client_id'))
    const application = await applicationOf(dialect, exchange, {
      ...(clientId && { clientId }),
      ...(token && { token }),
    })
    if (application === undefined && clientId === undefined) {
      return fail(ids, params.auth_session === undefined ? errors.badToken : invalidSession)
    }
    const no = unfit(ids, application)
    if (no !== undefined || application === undefined) return no ?? fail(ids, errors.unknownClient)
    const caller = previewCaller(exchange, application, ids.correlation)
    const call: Call = { dialect, exchange, caller, ids, params, adds: addsMethod(exchange.query) }
    return token === undefined ? await enter(call) : await resume(call, token)
  }

/** What the first request asks for; or why it cannot be had. */
async function askIn(call: Call): Promise<{ readonly ask: Ask; readonly adds: boolean } | Answer> {
  const { params, ids, exchange, dialect } = call
  const { scope: asked, claims, code_challenge: challenge, response_type = 'code' } = params
  if (response_type !== 'code') return fail(ids, badResponseType)
  const contexts = contextsOf(claims)
  if (contexts === undefined) return fail(ids, errors.badClaims)
  if (contexts.unmet) return fail(ids, errors.unmetContext)
  const scope = await readScope(dialect.engine.parts.store, exchange.tenant.id, asked)
  if (scope === undefined) return fail(ids, errors.badScope)
  const method = params.code_challenge_method
  const fit = challenge !== undefined && method === 'S256' && /^[A-Za-z0-9_-]{43}$/.test(challenge)
  const left = challenge === undefined && method === undefined && exchange.tenant.nativePreview === 'sdk'
  if (!fit && !left) return fail(ids, noChallenge)
  const ask: Ask = {
    scope: scope.names,
    acrs: contexts.acrs,
    capabilities: wordsOf(params.capabilities),
    ...(scope.api === undefined ? {} : { audience: scope.api.id }),
    ...(asked === undefined ? {} : { asked }),
    ...(challenge === undefined ? {} : { challenge }),
  }
  return { ask, adds: call.adds || contexts.adds }
}

async function enter(call: Call): Promise<Answer> {
  const { caller, exchange } = call
  const { parts } = call.dialect.engine
  const asked = await askIn(call)
  if ('status' in asked) return asked
  const { ask, adds } = asked
  const state = { adds, extra: ask as unknown as Readonly<Record<string, unknown>> }
  const journey = await openJourney(parts, caller, { kind: 'entry', phase: 'first', state })
  const token = tokenOf(call, journey)
  const { id } = exchange.tenant
  const passkey = ask.capabilities.includes('ext_webauthn') && offersPasskeys(parts, caller)
  return insufficient(call, {
    continuation_token: token,
    auth_session: token,
    expires_in: Math.floor((journey.endsAt - call.ids.now) / 1_000),
    sign_in: hrefOf(id, 'signIn'),
    ...(maySignUp(caller) ? { sign_up: hrefOf(id, 'signUp') } : {}),
    reset_password: hrefOf(id, 'reset'),
    ...(passkey ? { ext_passkey: hrefOf(id, 'passkey') } : {}),
  })
}

/** Nothing was done wrong: there is more to prove. 401 as Microsoft documents it; 403 in the draft's words. */
function insufficient(call: Call, more: Readonly<Record<string, unknown>>): Answer {
  const { response_type, auth_session } = call.params
  const drafted = response_type !== undefined || auth_session !== undefined
  return fail(
    call.ids,
    {
      error: drafted ? 'insufficient_authorization' : 'InsufficientAuthorization',
      codes: [],
      text: 'The user has to be authenticated first.',
      status: drafted ? 403 : 401,
    },
    more,
  )
}

async function resume(call: Call, token: string): Promise<Answer> {
  const { caller, dialect, exchange, ids, params } = call
  const { parts } = dialect.engine
  const found = await readJourney(parts, caller, token)
  if (found.no !== undefined) return overOf(call, found)
  const journey = found.yes
  const step: Step = { call, body: { continuationToken: token }, journey }
  if (journey.kind === 'entry') return fail(ids, params.auth_session === undefined ? errors.badToken : invalidSession)
  if (journey.phase !== 'finish' || journey.state.ticket === undefined) return await standing(step)
  const issue = codeIssue(dialect, exchange, journey)
  const ended = await finishRecorded(parts, { caller, journey, issue })
  if (ended.no !== undefined) return overOf(call, ended)
  const { admitted, journey: further } = ended.yes
  if (admitted === undefined) return await standing(at(step, further))
  return done(ids, { code: admitted.issued, authorization_code: admitted.issued })
}

function overOf(call: Call, refusal: Parameters<typeof refuse>[1]): Answer {
  const drafted = call.params.auth_session !== undefined && sessionRefusals.includes(refusal.no)
  return drafted ? fail(call.ids, invalidSession) : refuse(call.ids, refusal)
}

/** Where a journey stands, beside the word that it is not at its end. */
async function standing(step: Step): Promise<Answer> {
  const { call } = step
  const answer = await next(step)
  if (answer.status !== 200) {
    const web = (answer.body as { readonly suberror?: string }).suberror === 'web_redirect_required'
    if (!web || call.params.auth_session === undefined) return answer
    return fail(call.ids, { error: 'redirect_to_web', codes: [], text: 'Go on in a browser.', status: 403 })
  }
  const body = answer.body as { readonly continuationToken: string }
  return insufficient(call, { ...body, auth_session: body.continuationToken })
}
