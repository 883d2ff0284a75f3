import type { Context } from 'oidc-provider/lib/provider.js'
import type { Checked, CheckRequest } from '#engine/check.ts'
import type { Caller } from '#engine/parts.ts'
import type { Exchange } from '#http/route.ts'
import { asId, type ClientId, type UserId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { Wish } from '#model/ticket.ts'
import type { Clock } from '#ports/clock.ts'
import type { Store } from '#ports/store.ts'
import { type AskedLevel, askedLevel, levelReached, secondFactorFor } from './acr.ts'
import { offlineScope, toAudience } from './audiences.ts'
import type { BrowserSessions } from './browser-sessions.ts'
import type { FlowOrder } from './flows.ts'
import type { Spelling } from './spelling.ts'

/** The name under which hosted sign-ins keep their tickets. */
export const hostedDialect = 'hosted'

export interface PolicyParts {
  readonly store: Store
  readonly clock: Clock
  readonly sessions: BrowserSessions
  /** The engine's word on a standing session (S-56). */
  readonly check: (request: CheckRequest) => Promise<Checked>
  readonly spelling: Spelling
}

/** What an authorization request wants of the person, in our terms. */
export interface Wanted {
  readonly order: FlowOrder
  readonly wish: Wish
  readonly level: AskedLevel
}

/** The form of a request, as the library is given it. */
export const formOf = (ctx: Context): URLSearchParams =>
  new URLSearchParams((ctx.req as unknown as { readonly form?: string }).form ?? '')

export const exchangeOf = (ctx: Context): Exchange => (ctx.req as unknown as { exchange: Exchange }).exchange

/** The caller of a hosted sign-in, in the engine's terms. */
export function hostedCaller(exchange: Exchange, application: Caller['application'], trustedDevice?: string): Caller {
  return {
    tenant: exchange.tenant,
    application,
    dialect: hostedDialect,
    base: exchange.base,
    home: exchange.base,
    address: exchange.address,
    userAgent: exchange.userAgent,
    speaks: exchange.headers['accept-language'],
    correlation: exchange.requestId,
    ...(trustedDevice === undefined ? {} : { trustedDevice }),
  }
}

/** What the flow of an order asks the engine for. */
export function wishOf(order: FlowOrder): Wish {
  return {
    dialect: hostedDialect,
    grantType: 'authorization_code',
    audience: order.audience,
    scope: order.scope,
    managesFactors: order.managesFactors === true,
    secondFactor: order.secondFactor ?? false,
  }
}

/** Reads an authorization request; `returnTo`: where the flow it may need leads back to. */
export async function wantedOf(parts: PolicyParts, ctx: Context, returnTo: string): Promise<Wanted> {
  const { params, client, session, claims } = ctx.oidc
  const exchange = exchangeOf(ctx)
  const resource = typeof params.resource === 'string' ? params.resource : undefined
  const audience = resource === undefined ? undefined : toAudience(resource)
  const known =
    audience === undefined ? undefined : await parts.spelling.findAudience(exchange.tenant.id, exchange.base, audience)
  const scope = wordsOf(params.scope).map((name) => (name === offlineScope ? 'offline_access' : name))
  const level = askedLevel(params.acr_values, claims?.id_token?.acr)
  const prompts = wordsOf(params.prompt)
  const hint = ctx.oidc.entities.IdTokenHint?.payload.sub
  const order: FlowOrder = {
    client: client.clientId,
    returnTo,
    scope,
    managesFactors: known?.managesFactors?.(scope) === true,
    secondFactor: secondFactorFor(level),
    anew: prompts.includes('login'),
    consent: prompts.includes('consent'),
    popup: params.response_mode === 'web_message',
    locales: wordsOf(params.ui_locales).slice(0, 10),
    ...(audience === undefined ? {} : { audience }),
    ...(params.max_age === undefined ? {} : { maxAge: Number(params.max_age) }),
    ...(params.login_hint === undefined ? {} : { login: params.login_hint.slice(0, 320) }),
    ...(params.screen_hint === undefined ? {} : { screen: params.screen_hint.slice(0, 50) }),
    ...(params.connection === undefined ? {} : { connection: params.connection.slice(0, 100) }),
    ...(session.accountId === undefined || (hint !== undefined && !sameSubject(parts.spelling, hint, session.accountId))
      ? {}
      : { session: session.uid }),
  }
  return { order, wish: wishOf(order), level }
}

/** Compared as it is spelled in tokens, since one user may be spelled in several ways on the way in. */
export const sameSubject = ({ subject }: Spelling, named: string, user: string): boolean =>
  subject({ id: asId<UserId>(user) }) === named

/** Proofs that count for a request: none when it wants a new login, else those young enough. The first stays first. */
export function usableProofs(proofs: readonly Proof[], { anew, maxAge }: FlowOrder, now: number): readonly Proof[] {
  if (anew === true) return []
  const young = proofs.filter((it) => maxAge === undefined || now - it.at <= maxAge * 1_000)
  return young.length > 0 && young[0] === proofs[0] ? young : []
}

export type Verdict =
  | { readonly is: 'enough'; readonly acr: string; readonly amr: readonly string[] }
  | { readonly is: 'login' | 'more' }
  /** An essential level that nobody can reach here. */
  | { readonly is: 'unmet' }

const judged = new WeakMap<object, Promise<Verdict>>()

/** What the session of this request is worth for it; asked once a request. */
export function verdictOf(parts: PolicyParts, ctx: Context): Promise<Verdict> {
  const known = judged.get(ctx.oidc)
  if (known !== undefined) return known
  const asked = judgeSession(parts, ctx)
  judged.set(ctx.oidc, asked)
  return asked
}

async function judgeSession(parts: PolicyParts, ctx: Context): Promise<Verdict> {
  const exchange = exchangeOf(ctx)
  const { order, wish, level } = await wantedOf(parts, ctx, '')
  if (level.essential && level.values.length === 0) return { is: 'unmet' }
  const session = await parts.sessions.read(exchange.tenant.id, ctx.oidc.session.uid)
  if (session === undefined || session.user !== ctx.oidc.session.accountId) return { is: 'login' }
  // A flow that has just ended was begun with what was young enough then; its own age is no reason to begin again.
  const done = ctx.oidc.result?.login !== undefined
  const proofs = done ? session.proofs : usableProofs(session.proofs, order, parts.clock.now())
  if (proofs.length === 0) return { is: 'login' }
  const application = await parts.store.get('applications', exchange.tenant.id, asId<ClientId>(order.client))
  if (application === undefined) return { is: 'login' }
  const caller = hostedCaller(exchange, application, session.device)
  const checked = await parts.check({ caller, user: session.user, proofs, wish })
  if (checked.is === 'first-again') return { is: 'login' }
  if (checked.is === 'refused' && level.essential) return { is: 'unmet' }
  if (checked.is !== 'enough') return { is: 'more' }
  const reached = levelReached(level, checked.assurance)
  if (reached === undefined && level.essential) return { is: 'unmet' }
  return { is: 'enough', acr: reached ?? checked.assurance.acr, amr: checked.assurance.amr }
}

const wordsOf = (text: string | undefined): readonly string[] => (text ?? '').split(' ').filter((it) => it !== '')

type Library = typeof import('./library.ts')

/**
 * The library's policy, without asking people about their own tenant's native applications, in the words SDKs compare
 * (auth0.md §6.3), and with the engine's judgement of the session at the moment of issuing.
 */
export function signInPolicy({ interactionPolicy, errors }: Library, parts: PolicyParts) {
  const policy = interactionPolicy.base()
  policy.get('consent').checks.remove('native_client_prompt')
  const { checks } = policy.get('login')
  const noSession = checks.get('no_session')
  if (noSession !== undefined) noSession.description = 'Login required'
  const tooOld = checks.get('max_age')
  if (tooOld !== undefined) tooOld.description = 'Login required'
  // Ours say the same of every level and not only of the one the session names.
  checks.remove('essential_acr')
  checks.remove('essential_acrs')
  // The library compares subjects with account ids, which dialects spell differently.
  checks.remove('id_token_hint')
  checks.remove('claims_id_token_sub_value')
  const { Check } = interactionPolicy
  const when = (is: Verdict['is']) => async (ctx: Context) => {
    if (ctx.oidc.session.accountId === undefined) return false
    const verdict = await verdictOf(parts, ctx)
    if (verdict.is === 'unmet') {
      throw new errors.CustomOIDCProviderError(
        'unmet_authentication_requirements',
        'The requested authentication requirements could not be met',
      )
    }
    return verdict.is === is
  }
  const somebodyElse = (ctx: Context): boolean => {
    const { session, entities, claims } = ctx.oidc
    const named = [entities.IdTokenHint?.payload.sub, claims?.id_token?.sub?.value].filter((it) => it !== undefined)
    const { accountId } = session
    return accountId !== undefined && named.some((it) => !sameSubject(parts.spelling, String(it), accountId))
  }
  checks.add(new Check('other_subject', 'Login required', 'login_required', somebodyElse))
  checks.add(new Check('session_stale', 'Login required', 'login_required', when('login')))
  checks.add(new Check('second_factor', 'Multifactor authentication required', 'login_required', when('more')))
  return policy
}
