import type { Admitted } from '#engine/admit.ts'
import { missingConsent } from '#engine/policy/acts/consent.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import type { Act, Requirement, Wish } from '#model/ticket.ts'
import { type Device, deviceFor, deviceOf, isNavigation } from '../cookies.ts'
import { approvalPath } from '../device/start.ts'
import { type Dialect, dialectName, issuerOf } from '../dialect.ts'
import { redirect, toPage, withFragment, withQuery } from '../redirect.ts'
import { groupName, type LoginRequest, maskUser } from '../requests.ts'
import { noStore, ok, rowOf } from '../wire.ts'
import type { Landed, Passage } from './code-issue.ts'

/** What a track of this dialect keeps beside what the engine knows. */
export interface TrackNotes {
  readonly request?: string
  readonly identifier: string
  /** Digest of the browser it is bound to; absent: a caller without cookies (docs/decisions/0004). */
  readonly browser?: string
  readonly [more: string]: unknown
}

/** What a login asks the engine for. */
export function wishOf({ request, identifier }: Passage, browser: string | undefined): Wish {
  const notes: TrackNotes = { request: request.id, identifier, ...(browser === undefined ? {} : { browser }) }
  return {
    dialect: dialectName,
    grantType: 'authorization_code',
    scope: request.scope,
    managesFactors: request.scope.includes('cidaas:verification_write'),
    acts,
    ...(request.claims === undefined ? {} : { claims: request.claims }),
    ...(request.acr === undefined ? {} : { secondFactor: true }),
    extra: notes,
  }
}

/**
 * The browser a login is bound to. Whoever navigates keeps cookies and is given one now; whoever shows a cookie keeps
 * them too. Only a caller that does neither gets a track without a binding.
 */
export function bindingOf(dialect: Dialect, exchange: Exchange): Device | undefined {
  if (!isNavigation(exchange) && deviceOf(exchange) === undefined) return undefined
  return deviceFor(exchange, dialect.engine.parts.random)
}

/** The conditions there are: `validation_type` in metadata, and the key of the page (cidaas.md §4.9). */
const conditions: Readonly<Record<Act | 'proof', readonly [key: string, page: string]>> = {
  proof: ['mfa_required', 'mfa_required'],
  'verify-email': ['communication_medium_verification', 'verification_init'],
  'verify-phone': ['communication_medium_verification', 'verification_init'],
  'change-password': ['password_change', 'password_set'],
  consent: ['common_consent', 'consent_preview'],
  'share-scopes': ['scope_consent', 'consent_scopes'],
  'share-claims': ['claim_consent', 'consent_scopes'],
  'choose-group': ['group_selection', 'group_selection'],
}

/** What pages of this dialect can lead a user through. */
const acts: readonly Act[] = Object.keys(conditions).filter((it): it is Act => it !== 'proof')

/** The condition a track stands at, by its key. */
export const conditionOf = ({ act }: Requirement): string => conditions[act ?? 'proof'][0]
const pageOf = ({ act }: Requirement): string => conditions[act ?? 'proof'][1]

export interface Ended {
  readonly passage: Passage
  readonly user: UserId
  readonly outcome: Outcome<Admitted<Landed>>
  readonly cookies?: readonly string[]
  /** Added to the query of a precheck's page. */
  readonly hint?: Readonly<Record<string, string>>
}

/** Where a browser goes after a login: back to the application, or on to the page of the condition that is open. */
export async function browserAnswer(dialect: Dialect, ended: Ended): Promise<Answer> {
  const { passage, outcome, hint } = ended
  const { exchange, request } = passage
  const cookies = [...(ended.cookies ?? []), ...((await outcome.yes?.issued.share?.()) ?? [])]
  if (outcome.yes && request.device !== undefined) {
    return redirect(approvalPath(request.id), [...cookies, ...outcome.yes.issued.cookies])
  }
  if (outcome.yes) {
    const { code, state } = outcome.yes.issued
    return toApplication(exchange, request, { code, session_state: state }, [...cookies, ...outcome.yes.issued.cookies])
  }
  if (outcome.no !== 'more-proof') return loginPage(exchange, request, rowOf(outcome), cookies)
  const masked = await maskUser(dialect, exchange.tenant.id, request, ended.user)
  const query = { track_id: outcome.ticket, sub: masked, q: masked, requestId: request.id, ...hint }
  const terms = await termsOf(dialect, passage, ended.user, outcome.require)
  return toPage(exchange, pageOf(outcome.require), { ...query, ...terms }, cookies, request.pages)
}

/** The terms a consent page is about (cidaas.md §4.9). */
async function termsOf({ engine }: Dialect, { exchange, application }: Passage, user: UserId, { act }: Requirement) {
  if (act !== 'consent') return {}
  const known = await engine.parts.store.get('users', exchange.tenant.id, user)
  const terms = known && missingConsent(application.consents, known)
  return terms ? { consent_name: terms.name, consent_id: terms.id, consent_version_id: terms.version } : {}
}

/** The same for a native application, as JSON (cidaas.md §3.1). */
export async function nativeAnswer(dialect: Dialect, ended: Ended): Promise<Answer> {
  const { passage, outcome } = ended
  const { exchange, request } = passage
  if (outcome.yes) return ok({ code: outcome.yes.issued.code, viewtype: 'login', grant_type: 'login' })
  const [, , error, error_description] = rowOf(outcome)
  const pending =
    outcome.no === 'more-proof'
      ? {
          track_id: outcome.ticket,
          sub: await maskUser(dialect, exchange.tenant.id, request, ended.user),
          error: conditionOf(outcome.require),
          ...(await termsOf(dialect, passage, ended.user, outcome.require)),
        }
      : {}
  return nativeRefusal(exchange, request, { error, error_description, ...pending })
}

export function nativeRefusal(exchange: Exchange, request: LoginRequest, error: Readonly<Record<string, unknown>>) {
  const fields = { view_type: 'login', requestId: request.id, client_id: request.client }
  const query = { groupname: groupName(request), lang: request.lang, view_type: 'login', error: String(error.error) }
  const suggested_url = withQuery(`${exchange.base}/user-ui/login`, { ...query, requestId: request.id })
  return {
    status: 417,
    headers: noStore,
    body: { success: false, status: 417, error: { ...error, ...fields, suggested_url } },
  }
}

/** Back to the login page with what went wrong; the same for known and unknown users (S-102). */
export function loginPage(
  exchange: Exchange,
  request: LoginRequest,
  [, , error, error_description]: ReturnType<typeof rowOf>,
  cookies: readonly string[] = [],
  more: Readonly<Record<string, string | undefined>> = {},
): Answer {
  const query = {
    requestId: request.id,
    view_type: 'login',
    groupname: groupName(request),
    lang: request.lang,
    error,
    error_description,
    ...more,
  }
  return toPage(exchange, 'login', query, cookies, request.pages)
}

/** An answer to the application in the mode it asked for, with its state and our issuer (S-113). */
export function toApplication(
  exchange: Exchange,
  asked: Pick<LoginRequest, 'redirectUri' | 'responseMode' | 'state'>,
  answer: Readonly<Record<string, string>>,
  cookies: readonly string[] = [],
): Answer {
  const params = { ...answer, state: asked.state, iss: issuerOf(exchange.base) }
  if (asked.responseMode === 'fragment') return redirect(withFragment(asked.redirectUri, params), cookies)
  if (asked.responseMode === 'form_post') return formPost(exchange, asked.redirectUri, params, cookies)
  return redirect(withQuery(asked.redirectUri, params), cookies)
}

/** `form_post`: a page whose one button posts the answer; no script is needed. */
function formPost(
  _exchange: Exchange,
  action: string,
  params: Readonly<Record<string, string | undefined>>,
  cookies: readonly string[],
): Answer {
  const htmlText = (text: string) => text.replace(/[&<>"']/g, (it) => `&#${it.charCodeAt(0)};`)
  const fields = Object.entries(params)
    .filter((it): it is [string, string] => it[1] !== undefined)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${htmlText(value)}">`)
  const origin = new URL(action).origin
  return {
    status: 200,
    cookies,
    headers: {
      ...noStore,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; form-action ${origin}; frame-ancestors 'none'; base-uri 'none'`,
    },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>Signed in</title><h1>Signed in</h1><form method="post" action="${htmlText(action)}">${fields.join('')}<button type="submit">Continue</button></form></html>`,
  }
}
