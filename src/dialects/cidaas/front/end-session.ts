import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, jwtVerify } from 'jose'
import { sameSecret, tokenDigest } from '#crypto/digest.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { asId, type ClientId, type TenantId, type UserId } from '#model/ids.ts'
import { artifactId } from '#oidc/artifacts.ts'
import { page, pageHeaders } from '#oidc/pages.ts'
import { remove } from '#ports/store.ts'
import { cookie, readCookie } from '../cookies.ts'
import { callerOf, type Dialect, issuerOf } from '../dialect.ts'
import { type Input, inputOf } from '../input.ts'
import { redirect, toPage, withQuery } from '../redirect.ts'
import { type Here, sessionHere } from '../session.ts'
import { sharedSid } from '../shared-session.ts'

/** What a hint says: a token of ours, however old (OpenID Connect RP-Initiated Logout section 2). */
interface Hint {
  readonly client: string
  readonly user: string
  readonly sid?: string
}

/**
 * `/session/end_session`: signs out by a hint that is really ours, else asks (S-123); then on to an address the
 * application has registered, else to the tenant's page (cidaas.md §2.11).
 */
export async function endSession(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const hint = await readHint(dialect, exchange, input.text('id_token_hint') ?? input.text('access_token_hint'))
  const session = await sessionHere(dialect, exchange, hint?.client ?? '')
  const agreed = session !== undefined && confirmed(exchange, input, session)
  const matches = hint !== undefined && (session === undefined || session.user === hint.user)
  if (session !== undefined && !matches && !agreed) return askFirst(exchange, input, session)
  if (hint !== undefined && matches && hint.sid !== undefined) {
    await endLogin(dialect, exchange.tenant.id, hint.user, hint.sid)
    await endShared(dialect, exchange, hint, hint.sid)
  }
  const taken = session === undefined ? [] : await endHere(dialect, exchange, session)
  const own = readCookie(exchange, 'cidaas_sso') === undefined ? [] : [cookie(exchange, 'cidaas_sso', '', 0)]
  const gone = [...taken, ...own]
  const target = await returnTo(dialect, exchange, input, hint)
  return target === undefined ? toPage(exchange, 'logout_success', {}, gone) : redirect(target, gone)
}

/** Ends the session of this browser with all it has given; a shared one on our hosted pages too. */
async function endHere(dialect: Dialect, exchange: Exchange, session: Here): Promise<readonly string[]> {
  const { live, user, sid } = session
  const tenant = exchange.tenant.id
  if (live === undefined) {
    await endLogin(dialect, tenant, user, sid)
    return []
  }
  for (const application of live.applications) {
    await endLogin(dialect, tenant, user, sharedSid(live.seed, application))
  }
  await dialect.engine.parts.store.change({}, () => ({
    result: undefined,
    writes: [remove('artifacts', tenant, session.id)],
  }))
  return await dialect.oidc.sessions.endHere(exchange, live)
}

/** A shared session in another browser, which the hint names to its application. */
async function endShared(dialect: Dialect, exchange: Exchange, hint: Hint, sid: string): Promise<void> {
  const { tenant } = exchange
  const user = asId<UserId>(hint.user)
  const application = await dialect.engine.parts.store.get('applications', tenant.id, asId<ClientId>(hint.client))
  const all = application ? await dialect.oidc.sessions.list(tenant.id, user) : []
  const named = all.find((it) => sharedSid(it.seed, hint.client) === sid)
  if (application === undefined || named === undefined) return
  await dialect.oidc.sessions.end(dialect.engine.parts, callerOf(exchange, application), user, named.id)
}

async function readHint(dialect: Dialect, exchange: Exchange, token: string | undefined): Promise<Hint | undefined> {
  if (token === undefined || token.length > 8192) return undefined
  try {
    const { kid } = decodeProtectedHeader(token)
    const key = typeof kid === 'string' ? (await dialect.keys.snapshot(exchange.tenant.id, [])).byKid(kid) : undefined
    const { iat } = decodeJwt(token)
    if (key === undefined || typeof iat !== 'number') return undefined
    const options = {
      algorithms: [key.alg],
      issuer: issuerOf(exchange.base),
      currentDate: new Date(iat * 1_000),
    }
    const { payload } = await jwtVerify(token, await importJWK(key.publicJwk as JWK, key.alg), options)
    const { aud, sub, sid } = payload
    if (typeof aud !== 'string' || sub === undefined) return undefined
    return { client: aud, user: sub, ...(typeof sid === 'string' ? { sid } : {}) }
  } catch {
    return undefined
  }
}

/** Ends a login everywhere: its session, and the families of tokens it gave (cidaas.md §10.7). */
export async function endLogin({ engine }: Dialect, tenant: TenantId, user: string, sid: string): Promise<void> {
  const { store } = engine.parts
  const all = await store.list('artifacts', tenant, { by: { index: 'user', value: user }, limit: 1_000 })
  const writes = all
    .filter((it) => it.payload.sid === sid)
    .flatMap((it) => [
      remove('artifacts', tenant, it.id),
      ...(it.grantId === undefined ? [] : [remove('artifacts', tenant, artifactId('Grant', it.grantId))]),
    ])
  if (writes.length > 0) await store.change({}, () => ({ result: undefined, writes }))
}

async function returnTo(dialect: Dialect, exchange: Exchange, input: Input, hint: Hint | undefined) {
  const uri = input.text('post_logout_redirect_uri')
  const client = hint?.client ?? input.text('client_id')
  if (uri === undefined || client === undefined) return undefined
  const { store } = dialect.engine.parts
  const application = await store.get('applications', exchange.tenant.id, asId<ClientId>(client))
  return application?.logoutUris.includes(uri) ? withQuery(uri, { state: input.text('state') }) : undefined
}

/** A token that only a page of ours in this browser can know (S-130). */
const confirmationOf = (exchange: Exchange, { live }: Here): string =>
  tokenDigest(`end-session ${live?.cookie ?? readCookie(exchange, 'cidaas_sso') ?? ''}`)

const confirmed = (exchange: Exchange, input: Input, session: Here): boolean =>
  exchange.method === 'POST' && sameSecret(input.text('confirm') ?? '', confirmationOf(exchange, session))

function askFirst(exchange: Exchange, input: Input, session: Here): Answer {
  const kept = ['post_logout_redirect_uri', 'client_id', 'state'].flatMap((name) => {
    const value = input.text(name)
    return value === undefined ? [] : [`<input type="hidden" name="${name}" value="${htmlText(value)}">`]
  })
  const confirm = `<input type="hidden" name="confirm" value="${confirmationOf(exchange, session)}">`
  const form = `<form method="post" action="/session/end_session">${kept.join('')}${confirm}<button type="submit">Sign out</button></form>`
  return {
    status: 200,
    headers: {
      ...pageHeaders,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; form-action 'self' https: http:; frame-ancestors 'none'; base-uri 'none'",
    },
    body: page('Sign out?', form),
  }
}

const htmlText = (text: string): string => text.replace(/[&<>"']/g, (it) => `&#${it.charCodeAt(0)};`)
