import type { Granted } from '#engine/issue.ts'
import { sessionIdFor } from '#engine/session-ends.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { LiveSession } from '#oidc/browser-sessions.ts'
import { type Dialect, issuerOf } from './dialect.ts'
import type { LoginRequest } from './requests.ts'

/**
 * A browser that is signed in here is signed in on our hosted pages too, and the other way round: one session for the
 * tenant, known by one seed (docs/decisions/0004). A login that another site made the browser send begins none.
 */
export interface Sharing {
  readonly seed: string
  /** The session the browser has already, if it is this person's or somebody else's. */
  readonly before?: LiveSession
}

/**
 * Whether the form of a login came from a page of ours or of the tenant's. Anybody's page can post a name and a password
 * of its own here, and must not sign a browser in to all there is by that.
 */
function cameFromOurPage({ headers, base, tenant }: Exchange, { pages = {} }: LoginRequest): boolean {
  if (headers['sec-fetch-site'] === 'same-origin') return true
  const ours = [base, ...Object.values(tenant.pages), ...Object.values(pages)].map((it) => URL.parse(it)?.origin)
  return headers.origin !== undefined && headers.origin !== 'null' && ours.includes(headers.origin)
}

/** Whether a login that ends now is to be shared, and by what seed. */
export async function sharingOf(
  { oidc, engine }: Dialect,
  exchange: Exchange,
  request: LoginRequest,
): Promise<Sharing | undefined> {
  if (!cameFromOurPage(exchange, request)) return undefined
  const before = await oidc.sessions.live(exchange)
  return { seed: before?.seed ?? engine.parts.random.token(), ...(before && { before }) }
}

/** Begins the shared session, or raises the one there is; answers its cookies. */
export async function share(
  { oidc }: Dialect,
  exchange: Exchange,
  application: Application,
  { user, proofs, assurance }: Granted,
  { seed, before }: Sharing,
): Promise<readonly string[]> {
  const { userAgent, address } = exchange
  const here = { user: user.id, proofs, assurance, userAgent, address }
  const known = knownTo(exchange, application, user.id)
  if (before?.user === user.id) {
    const applications = [...new Set([...before.applications, application.id])]
    return await oidc.sessions.renew(exchange, { ...before, applications, known: { ...before.known, ...known } }, here)
  }
  if (before !== undefined) await oidc.sessions.endHere(exchange, before)
  return await oidc.sessions.begin(exchange, here, { seed, applications: [application.id], known })
}

/** How an application hears of the end of the session (OpenID Connect Back-Channel Logout section 2). */
const knownTo = (exchange: Exchange, { id, backchannelLogoutUri }: Application, user: string) => ({
  [id]: {
    issuer: issuerOf(exchange.base),
    subject: user,
    ...(backchannelLogoutUri === undefined ? {} : { told: true as const }),
  },
})

/** Notes that an application was let in on a shared session. */
export const noteShared = (
  { oidc }: Dialect,
  exchange: Exchange,
  application: Application,
  { uid, user }: LiveSession,
): Promise<void> => {
  const as = knownTo(exchange, application, user)[application.id]
  return as ? oidc.sessions.noteApplication(exchange.tenant.id, uid, application.id, as) : Promise.resolve()
}

/** `sid` of what an application gets in a shared session. */
export const sharedSid = (seed: string, application: string): string => sessionIdFor({ seed }, application)
