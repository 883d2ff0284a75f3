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

interface InputError {
  readonly name: string
  readonly userCode?: string
}

/** Asks for the code a device shows (RFC 8628 section 3.3). */
export function renderDeviceCodePage(ctx: Context, form: string, _out: unknown, error?: InputError): void {
  const wrong = error !== undefined && (error.userCode !== undefined || error.name === 'NoCodeError')
  const said =
    error === undefined
      ? 'Enter the code your device shows.'
      : wrong
        ? 'That code is not right.'
        : 'The request was stopped.'
  show(
    ctx,
    'Connect a device',
    `<p>${said}</p>${form}<button type="submit" form="op.deviceInputForm">Continue</button>`,
  )
}

/** Names application and place before anyone approves, against codes sent by strangers (S-59). */
export function renderDeviceConfirmPage(
  ctx: Context,
  form: string,
  client: { readonly clientId: string; readonly clientName?: string },
  place: { readonly ip?: string; readonly ua?: string },
  userCode: string,
): void {
  const name = escapeHtml(client.clientName ?? client.clientId)
  const from = `${escapeHtml(place.ip ?? 'an unknown address')} (${escapeHtml((place.ua ?? 'unknown device').slice(0, 100))})`
  const text = `<p><b>${name}</b> asks to be connected, from ${from}, and should show <code>${escapeHtml(userCode)}</code>.</p><p>Go on only if you have started this yourself.</p>`
  const approve = '<button type="submit" form="op.deviceConfirmForm">Connect</button>'
  const stop = '<button type="submit" form="op.deviceConfirmForm" value="yes" name="abort">Stop</button>'
  show(ctx, 'Connect this device?', `${text}${form}${approve} ${stop}`)
}

export function renderDeviceDonePage(ctx: Context): void {
  show(ctx, 'Device connected', '<p>You may go back to your device.</p>')
}
