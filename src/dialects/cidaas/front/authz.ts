import { check } from '#engine/check.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId } from '#model/ids.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { type Input, inputOf, isRecord } from '../input.ts'
import { codeIssue, type Passage } from '../login/code-issue.ts'
import { bindingOf, browserAnswer, toApplication, wishOf } from '../login/outcome.ts'
import { toErrorPage, toPage } from '../redirect.ts'
import { type Asked, groupName, type LoginRequest, openRequest, type ResponseMode, readRequest } from '../requests.ts'
import { grantable } from '../scopes.ts'
import { type Session, sessionHere } from '../session.ts'
import { noteShared } from '../shared-session.ts'

/** `PUT /authz-srv/authz` begins a change of login: the application is told to ask for an account (cidaas.md §2.3). */
export async function changeLogin(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const error = { error: 'account_selection_required', error_description: 'account_selection_required.' }
  const found = await readRequest(dialect, exchange, input.any('request'))
  if (found) return toApplication(exchange, found.request, error)
  const target = await readTarget(dialect, exchange, input)
  if ('broken' in target) return toErrorPage(exchange, ...target.broken)
  const responseMode = modeOf(input, input.text('response_type') === 'code' ? 'query' : 'fragment')
  return toApplication(exchange, { redirectUri: target.redirectUri, responseMode, state: input.text('state') }, error)
}

/** Why a request cannot even be answered at its redirect URI (cidaas.md §2.3). */
type Broken = readonly [code: string, description: string]

/** Client and redirect URI of a request; the URI is compared as it is (S-107). */
export async function readTarget(
  { engine }: Dialect,
  exchange: Exchange,
  input: Input,
): Promise<{ readonly application: Application; readonly redirectUri: string } | { readonly broken: Broken }> {
  const client = input.text('client_id')
  if (client === undefined) return { broken: ['AUTH10001', 'invalid_request: client_id is missing'] }
  const application = await engine.parts.store.get('applications', exchange.tenant.id, asId<ClientId>(client))
  if (application === undefined) return { broken: ['AUTH10001', 'invalid_request: client_id is unknown'] }
  const uris = application.redirectUris
  const redirectUri = input.text('redirect_uri') ?? (uris.length === 1 ? uris[0] : undefined)
  if (redirectUri === undefined || !uris.includes(redirectUri)) {
    const text = 'invalid_request: given url is not allowed by the application configuration.'
    return { broken: ['AUTH10003', text] }
  }
  return { application, redirectUri }
}

/** `/authz-srv/authz`: the front door for browsers (cidaas.md §2.3). */
export async function authz(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const target = await readTarget(dialect, exchange, input)
  if ('broken' in target) return toErrorPage(exchange, ...target.broken)
  const responseType = input.text('response_type')
  if (responseType === undefined) return toErrorPage(exchange, 'AUTH10002', 'invalid_request: response_type is missing')
  const { application, redirectUri } = target
  const responseMode = modeOf(input, responseType === 'code' ? 'query' : 'fragment')
  const state = input.text('state')
  const no = (error: string, description: string) =>
    toApplication(exchange, { redirectUri, responseMode, state }, { error, error_description: description })
  if (exchange.repeated.length > 0) return no('invalid_request', 'A parameter was sent more than once.')
  if (responseType !== 'code') return no('unsupported_response_type', 'Only response_type=code is supported.')
  if (!application.grantTypes.includes('authorization_code')) {
    return no('unauthorized_client', 'The client may not use the authorization code grant.')
  }
  const challenge = input.text('code_challenge')
  if (challenge === undefined || input.text('code_challenge_method') !== 'S256') {
    return no('invalid_request', 'PKCE with code_challenge_method=S256 is required.')
  }
  const asked = { ...askedOf(input, application, redirectUri, responseMode), state, challenge }
  return await withSession(dialect, { exchange, application, asked, input })
}

const modes: readonly string[] = ['query', 'fragment', 'form_post']

export function modeOf(input: Input, otherwise: ResponseMode): ResponseMode {
  const mode = input.text('response_mode')
  return mode !== undefined && modes.includes(mode) ? (mode as ResponseMode) : otherwise
}

export function askedOf(
  input: Input,
  application: Application,
  redirectUri: string,
  responseMode: ResponseMode,
): Asked {
  return {
    client: application.id,
    redirectUri,
    responseMode,
    scope: grantable(input.text('scope')),
    nonce: input.text('nonce'),
    acr: input.text('acr_values'),
    ...claimsAsked(input),
    lang: input.any('language') ?? '',
  }
}

/** Names of claims in one request, at most. */
const mostClaims = 30

/** The names in `claim`: a list, or the members of an object, or of its parts for the places claims appear in. */
function claimsAsked(input: Input): { readonly claims?: readonly string[] } {
  const text = input.text('claim')
  const asked = text === undefined ? input.raw('claim') : parsed(text)
  const isName = (it: unknown): it is string => typeof it === 'string' && /^[a-zA-Z_][\w.]{0,63}$/.test(it)
  const names = Array.isArray(asked)
    ? asked
    : isRecord(asked)
      ? Object.entries(asked).flatMap(([name, part]) =>
          ['userinfo', 'id_token'].includes(name) && isRecord(part) ? Object.keys(part) : [name],
        )
      : []
  const claims = [...new Set(names.filter(isName))].slice(0, mostClaims)
  return claims.length === 0 ? {} : { claims }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface Coming {
  readonly exchange: Exchange
  readonly application: Application
  readonly asked: Asked
  readonly input: Input
}

/** A browser that is signed in goes on without a page, as far as policy lets it at this moment (S-56). */
async function withSession(dialect: Dialect, coming: Coming): Promise<Answer> {
  const { exchange, application, asked, input } = coming
  const prompts = input.text('prompt')?.split(' ') ?? []
  const silent = prompts.includes('none')
  const session = await sessionHere(dialect, exchange, application.id)
  const fresh = session !== undefined && youngEnough(dialect, session, input.text('max_age'))
  const usable = fresh && !prompts.includes('login') && !prompts.includes('select_account')
  const no = (error: string) => toApplication(exchange, asked, { error, error_description: `${error}.` })
  if (session === undefined || !usable) {
    return silent ? no('login_required') : await toLogin(dialect, coming)
  }
  const request = await openRequest(dialect, exchange.tenant.id, asked, application.pageGroup)
  const passage: Passage = { exchange, application, request, identifier: session.identifier, session }
  const device = bindingOf(dialect, exchange)
  const wish = wishOf(passage, device?.id)
  const caller = callerOf(exchange, application)
  if (silent) {
    const checked = await check(dialect.engine.parts, { caller, user: session.user, proofs: session.proofs, wish })
    if (checked.is !== 'enough') return no(checked.is === 'more' ? 'interaction_required' : 'login_required')
  }
  const { user, proofs } = session
  const outcome = await dialect.engine.admit({ caller, user, proofs, wish, issue: await codeIssue(dialect, passage) })
  if (outcome.yes && session.live) await noteShared(dialect, exchange, application, session.live)
  if (outcome.no !== undefined && outcome.no !== 'more-proof') {
    return silent ? no('login_required') : loginAt(exchange, request, input, device?.cookies)
  }
  const hint = { iss: exchange.base, hint: 'stepup-required' }
  return await browserAnswer(dialect, { passage, user, outcome, cookies: device?.cookies, hint })
}

function youngEnough({ engine }: Dialect, session: Session, maxAge: string | undefined): boolean {
  if (maxAge === undefined || !/^\d{1,9}$/.test(maxAge)) return true
  return engine.parts.clock.now() - session.startedAt <= Number(maxAge) * 1_000
}

async function toLogin(dialect: Dialect, { exchange, application, asked, input }: Coming): Promise<Answer> {
  const request = await openRequest(dialect, exchange.tenant.id, asked, application.pageGroup)
  return loginAt(exchange, request, input, bindingOf(dialect, exchange)?.cookies)
}

function loginAt(
  exchange: Exchange,
  request: LoginRequest,
  input: Input,
  cookies: readonly string[] | undefined,
): Answer {
  const view = input.text('view_type') === 'register' ? 'register' : 'login'
  const query = { requestId: request.id, view_type: view, groupname: groupName(request), lang: request.lang }
  return toPage(exchange, view, { ...query, login_hint: input.text('login_hint') }, cookies, request.pages)
}
