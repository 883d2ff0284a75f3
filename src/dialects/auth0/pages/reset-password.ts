import { readPasswordReset, resetPassword } from '#engine/accounts/reset-password.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Refusal } from '#model/outcome.ts'
import { resetPath } from '../change-password.ts'
import { type Dialect, dialectName } from '../dialect.ts'
import { stringsOf } from '../token-request.ts'
import { html, page } from './page.ts'

const over = page(
  400,
  'This link cannot be used',
  html`<p role="alert">The link has been used already, is too old, or is not whole. Ask for a new one.</p>`,
)

function form(ticket: string, status: number, problem?: string): Answer {
  const alert = problem === undefined ? html`` : html`<p role="alert" id="problem">${problem}</p>`
  const body = html`${alert}<form method="post" action="${resetPath}">
<input type="hidden" name="ticket" value="${ticket}">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required minlength="8" aria-describedby="problem">
<label for="again">New password, once more</label>
<input id="again" name="again" type="password" autocomplete="new-password" required minlength="8">
<button type="submit">Change password</button></form>`
  return page(status, 'Choose a new password', body)
}

/** `GET` of a reset link: the form. Looking at it, also by a mail scanner, uses nothing up (S-84). */
export async function showResetForm({ engine }: Dialect, exchange: Exchange): Promise<Answer> {
  const { ticket } = exchange.query
  const user = ticket && (await readPasswordReset(engine.parts, exchange.tenant.id, ticket))
  return ticket && user ? form(ticket, 200) : over
}

/** `POST` of the form: sets the password and ends all sessions. Second factors stay, and are asked for next time (S-68). */
export async function takeResetForm({ engine }: Dialect, exchange: Exchange): Promise<Answer> {
  const { ticket, password, again } = stringsOf(exchange.body)
  if (ticket === undefined || exchange.repeated.length > 0) return over
  if ((await readPasswordReset(engine.parts, exchange.tenant.id, ticket)) === undefined) return over
  if (password === undefined || password !== again) return form(ticket, 400, 'The two passwords are not the same.')
  const fields = { dialect: dialectName, ip: exchange.address, correlation: exchange.requestId, reason: 'reset' }
  const done = await resetPassword(engine.parts, exchange.tenant, { handle: ticket, password, fields })
  if (done.no !== undefined) return refused(ticket, done)
  const text = html`<p>You can sign in with your new password now. You have been signed out everywhere else.</p>`
  return page(200, 'Your password was changed', text)
}

const weak = {
  'too-short': 'Use at least 8 characters.',
  'too-long': 'Use at most 1,024 bytes.',
  'known-bad': 'This password is too easy to guess. Choose another.',
} as const

function refused(ticket: string, refusal: Refusal): Answer {
  if (refusal.no === 'weak-password') return form(ticket, 400, weak[refusal.reason])
  return refusal.no === 'busy' ? form(ticket, 503, 'The service is busy. Please try again in a few seconds.') : over
}
