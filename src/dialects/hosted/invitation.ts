import { isEnrolmentTicket, redeemEnrolmentTicket } from '#engine/enrolment-tickets.ts'
import type { Answer, Exchange, Route } from '#http/route.ts'
import type { FlowOrder } from '#oidc/flows.ts'
import { fromHere } from '#oidc/from-here.ts'
import { hostedCaller } from '#oidc/sign-in-policy.ts'
import { applicationOf, type Hosted, invitationId, pagePaths } from './hosted.ts'
import type { BuiltPages } from './static-files.ts'
import { html } from './static-html.ts'
import { type Shown, serverPage } from './static-plain.ts'
import { noStore } from './wire.ts'

/** Where mails of administrators lead, and what their API calls a ticket's address. */
export const invitationPath = '/enrollment'

/**
 * An administrator's invitation to set up a second factor. Its link shows a page and uses nothing up, since mail scanners
 * look too (S-84); the page's button spends it, once, and opens the enrolment (S-69).
 */
export const invitationRoutes = (hosted: Hosted, pages: BuiltPages): readonly Route[] => [
  { method: 'GET', path: invitationPath, handle: (exchange) => show(hosted, pages, exchange) },
  { method: 'POST', path: invitationPath, accepts: ['form'], handle: (exchange) => take(hosted, pages, exchange) },
]

const ticketIn = (found: unknown): string => {
  const { ticket_id } = (found ?? {}) as { readonly ticket_id?: unknown }
  return typeof ticket_id === 'string' ? ticket_id.slice(0, 128) : ''
}

const over: Shown = ({ say }) => ({
  title: say('reset.invalid-title'),
  body: html`<p class="lead" role="alert">${say('error.lost')}</p>`,
})

async function show({ engine }: Hosted, pages: BuiltPages, exchange: Exchange): Promise<Answer> {
  const ticket = ticketIn(exchange.query)
  if (ticket === '' || !(await isEnrolmentTicket(engine.parts, exchange.tenant.id, ticket))) {
    return serverPage(pages, exchange, 404, over)
  }
  return serverPage(pages, exchange, 200, ({ say }) => ({
    title: say('enrol.title'),
    body: html`<p class="lead">${say('enrol.lead')}</p><form method="post" action="${invitationPath}"><input type="hidden" name="ticket_id" value="${ticket}"><button class="button button-primary" type="submit">${say('common.continue')}</button></form>`,
  }))
}

async function take(hosted: Hosted, pages: BuiltPages, exchange: Exchange): Promise<Answer> {
  const { engine, oidc } = hosted
  const application = await applicationOf(hosted, exchange, invitationId)
  if (!fromHere(exchange) || application === undefined || exchange.repeated.length > 0) {
    return serverPage(pages, exchange, 403, over)
  }
  const to = (location: string, cookies: readonly string[] = []): Answer => ({
    status: 303,
    headers: { ...noStore, location },
    cookies,
  })
  const caller = hostedCaller(exchange, application)
  const opened = await redeemEnrolmentTicket(engine.parts, caller, ticketIn(exchange.body))
  // Whoever has a factor proves it first; "Manage security" is the place for that.
  if (opened.no === 'already-enrolled') return to(pagePaths.account)
  if (opened.no !== undefined) return serverPage(pages, exchange, 404, over)
  const uid = engine.parts.random.token()
  const order: FlowOrder = { client: invitationId, returnTo: pagePaths.account, scope: [], enrolment: true }
  const cookie = await oidc.flows.begin(exchange, uid, order, { begun: true, ticket: opened.yes })
  return to(`${pagePaths.login}/${uid}`, [cookie])
}
