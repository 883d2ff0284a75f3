import { isEnrolmentTicket } from '#engine/enrolment-tickets.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { html, page } from './page.ts'

const unknown = page(
  404,
  'This invitation cannot be used',
  html`<p role="alert">It has been used already, is too old, or is not whole. Ask your administrator for a new one.</p>`,
)

/** 501: the invitation is good, the page to use it is not part of this server yet. It is not used up by looking. */
const noPageYet = page(
  501,
  'Not available yet',
  html`<p>Your invitation is valid and was not used up. This server cannot show the page for it yet; set up your second sign-in step where you sign in.</p>`,
)

/** `GET` of an enrolment ticket. */
export async function showEnrollment({ engine }: Dialect, exchange: Exchange): Promise<Answer> {
  const { ticket_id } = exchange.query
  const good = ticket_id !== undefined && (await isEnrolmentTicket(engine.parts, exchange.tenant.id, ticket_id))
  return good ? noPageYet : unknown
}
