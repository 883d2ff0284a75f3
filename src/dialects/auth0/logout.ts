import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { LiveSession } from '#oidc/browser-sessions.ts'
import { fromHere } from '#oidc/from-here.ts'
import type { Dialect } from './dialect.ts'
import { html, page } from './pages/page.ts'
import { stringsOf } from './token-request.ts'

export const logoutPath = '/v2/logout'

interface Question {
  readonly application?: Application
  /** Registered, to the letter (S-133). */
  readonly returnTo?: string
}

/**
 * `GET /v2/logout` (auth0.md §6.5): ends the session of the browser and goes back to a registered address.
 *
 * SDKs expect it to work without a question. S-123 asks for one, against pages that sign people out behind their back:
 * so it goes without only for a whole navigation on behalf of an application this session has been used for; an image
 * or frame of a foreign page, and an application nobody here has signed in to, get the question.
 */
export async function logout(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const { client_id, returnTo } = exchange.query
  const asked = await questionOf(dialect, exchange, client_id, returnTo)
  if (asked === undefined) return refusedAddress
  const session = await dialect.oidc.sessions.live(exchange)
  if (session !== undefined && !mayGoAtOnce(exchange, session, asked)) return question(exchange, client_id, returnTo)
  return await end(dialect, exchange, session, asked)
}

/** `POST` of the question. */
export async function confirmLogout(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const { client_id, returnTo } = stringsOf(exchange.body)
  const asked = await questionOf(dialect, exchange, client_id, returnTo)
  if (asked === undefined) return refusedAddress
  const { origin, 'sec-fetch-site': site } = exchange.headers
  const said = origin !== undefined || site !== undefined
  const session = await dialect.oidc.sessions.live(exchange)
  if (!said || !fromHere(exchange)) return question(exchange, client_id, returnTo)
  return await end(dialect, exchange, session, asked)
}

const refusedAddress = page(
  400,
  'Something went wrong',
  html`<p role="alert">The address to return to is not one of this application.</p>`,
)

/** Undefined: the address is not registered. Without an application any of the tenant's will do, as vendors have it. */
async function questionOf(
  dialect: Dialect,
  exchange: Exchange,
  client: string | undefined,
  returnTo: string | undefined,
): Promise<Question | undefined> {
  const { store } = dialect.engine.parts
  const tenant = exchange.tenant.id
  const application = client === undefined ? undefined : await store.get('applications', tenant, asId<ClientId>(client))
  if (returnTo === undefined || returnTo === '') return application === undefined ? {} : { application }
  const among = application === undefined ? await store.list('applications', tenant, { limit: 1_000 }) : [application]
  if (!among.some((it) => it.logoutUris.includes(returnTo))) return undefined
  return { ...(application === undefined ? {} : { application }), returnTo }
}

function mayGoAtOnce({ headers }: Exchange, session: LiveSession, { application }: Question): boolean {
  const navigation = (headers['sec-fetch-mode'] ?? 'navigate') === 'navigate'
  const whole = (headers['sec-fetch-dest'] ?? 'document') === 'document'
  return navigation && whole && application !== undefined && session.applications.includes(application.id)
}

async function end(
  dialect: Dialect,
  exchange: Exchange,
  session: LiveSession | undefined,
  { returnTo }: Question,
): Promise<Answer> {
  const cookies = await dialect.oidc.sessions.endHere(exchange, session)
  if (returnTo !== undefined) {
    return { status: 302, headers: { location: returnTo, 'cache-control': 'no-store' }, cookies }
  }
  return { ...page(200, 'Signed out', html`<p>You have been signed out.</p>`), cookies }
}

function question(_exchange: Exchange, client: string | undefined, returnTo: string | undefined): Answer {
  const fields = html`<input type="hidden" name="client_id" value="${client ?? ''}"><input type="hidden" name="returnTo" value="${returnTo ?? ''}">`
  const body = html`<form method="post" action="${logoutPath}">${fields}<button class="button button-primary" type="submit">Sign out</button></form>`
  return page(200, 'Sign out?', body)
}
