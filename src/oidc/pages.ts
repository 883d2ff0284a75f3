import type { Context } from 'oidc-provider/lib/provider.js'

/** Plain pages of the provider: no script, no picture, nothing of the request but checked words. */

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => escapes[char] ?? '')
}

/** A whole page; `body` is HTML. */
export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><h1>${escapeHtml(title)}</h1>${body}</html>`
}

/** Headers every page carries: it loads nothing and nobody frames it (S-133). */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

function show(ctx: Context, title: string, body: string): void {
  for (const [name, value] of Object.entries(pageHeaders)) ctx.set(name, value)
  ctx.type = 'html'
  ctx.body = page(title, body)
}

interface ErrorOut {
  readonly error: string
  readonly error_description?: string
}

/** An error that may not be sent to the redirect URI, above all one about that URI (auth0.md §6.3, AC-18). */
export function renderErrorPage(ctx: Context, out: ErrorOut): void {
  const mismatch = out.error === 'invalid_redirect_uri'
  if (mismatch) ctx.status = 403
  const text = mismatch ? 'Callback URL mismatch.' : (out.error_description ?? out.error)
  show(ctx, 'Something went wrong', `<p>${escapeHtml(text)}</p><p><small>${escapeHtml(out.error)}</small></p>`)
}

/** Asks before signing out; the form comes from the library and carries its own protection (S-123). */
export function renderLogoutPage(ctx: Context, form: string): void {
  const button = '<button type="submit" form="op.logoutForm" value="yes" name="logout">Sign out</button>'
  show(ctx, 'Sign out?', `${form}${button} <button type="submit" form="op.logoutForm">Stay signed in</button>`)
}

export function renderSignedOutPage(ctx: Context): void {
  show(ctx, 'Signed out', '<p>You have been signed out.</p>')
}
