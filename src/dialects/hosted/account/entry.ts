import type { Answer, Exchange } from '#http/route.ts'
import type { FlowOrder } from '#oidc/flows.ts'
import { fromHere } from '#oidc/from-here.ts'
import { type Hosted, pagePaths, portalId } from '../hosted.ts'
import { accountActions } from '../schemas.ts'
import { noStore, refused } from '../wire.ts'

/** Where a finished sign-in of the portal becomes a session. */
export const enterPath = `${pagePaths.account}/enter`

/** `POST /u/api/account/sign-in`: begins a flow that ends in the portal. */
export async function signIn(hosted: Hosted, exchange: Exchange): Promise<Answer> {
  const { origin, 'sec-fetch-site': site } = exchange.headers
  if (!fromHere(exchange) || (origin === undefined && site === undefined)) return refused({ own: 'cross-site' })
  const parsed = accountActions.signIn.safeParse(exchange.body ?? {})
  if (!parsed.success) return refused({ own: 'malformed' })
  const session = await hosted.oidc.sessions.live(exchange)
  const uid = hosted.engine.parts.random.token()
  const order: FlowOrder = {
    client: portalId,
    returnTo: `${enterPath}/${uid}`,
    scope: [],
    managesFactors: parsed.data.fresh === true,
    ...(session === undefined ? {} : { session: session.uid }),
  }
  const cookie = await hosted.oidc.flows.begin(exchange, uid, order)
  return { status: 200, headers: noStore, body: { location: `${pagePaths.login}/${uid}` }, cookies: [cookie] }
}

/** `GET /u/account/enter/<flow>`: what the flow has earned becomes the session of this browser, once (AC-19). */
export async function enter(hosted: Hosted, exchange: Exchange): Promise<Answer> {
  const { flows, sessions } = hosted.oidc
  const to = (location: string, cookies: readonly string[] = []): Answer => ({
    status: 303,
    headers: { ...noStore, location },
    cookies,
  })
  const uid = exchange.params.flow ?? ''
  const flow = await flows.read(exchange, uid)
  if (flow === undefined || flow.data.order.client !== portalId) return to(pagePaths.account)
  const { granted, finished, error } = flow.data
  const gone = flows.cookieLine(exchange, uid, '')
  if (error !== undefined) return (await flows.spend(flow)) ? to(pagePaths.account, [gone]) : to(pagePaths.account)
  if (finished !== true || granted === undefined) return to(`${pagePaths.login}/${uid}`)
  if (!(await flows.spend(flow))) return to(pagePaths.account)
  const before = await sessions.live(exchange)
  const here = { ...granted, userAgent: exchange.userAgent, address: exchange.address }
  if (before?.user === granted.user)
    return to(pagePaths.account, [gone, ...(await sessions.renew(exchange, before, here))])
  await sessions.endHere(exchange, before)
  return to(pagePaths.account, [gone, ...(await sessions.begin(exchange, here))])
}
