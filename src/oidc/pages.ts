import type { Context } from 'oidc-provider/lib/provider.js'

/** Plain pages of the provider: no script, nothing of the request but checked words; the style of the hosted pages. */

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
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${escapeHtml(title)}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/u/pages.css"><link rel="stylesheet" href="/u/brand.css"></head>
<body><div class="plain"><main><div class="card"><h1>${escapeHtml(title)}</h1>${body}</div></main></div></body>
</html>
`
}

/** Headers every page carries: it loads nothing but our own style, and nobody frames it (S-131). */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
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
  const button =
    '<button class="button button-primary" type="submit" form="op.logoutForm" value="yes" name="logout">Sign out</button>'
  show(
    ctx,
    'Sign out?',
    `${form}${button} <button class="button button-quiet" type="submit" form="op.logoutForm">Stay signed in</button>`,
  )
}

export function renderSignedOutPage(ctx: Context): void {
  show(ctx, 'Signed out', '<p>You have been signed out.</p>')
}

interface InputError {
  readonly name: string
  readonly userCode?: string
}

/** Asks for the code a device shows (RFC 8628 section 3.3). Of the library's form we keep where it goes and its token. */
export function renderDeviceCodePage(ctx: Context, form: string, _out: unknown, error?: InputError): void {
  const wrong = error !== undefined && (error.userCode !== undefined || error.name === 'NoCodeError')
  const said = error === undefined ? undefined : wrong ? codeIsWrong : 'The request was stopped.'
  const action = /action="([^"]*)"/.exec(form)?.[1] ?? ''
  const xsrf = /name="xsrf" value="([^"]*)"/.exec(form)?.[1] ?? ''
  const alert = said === undefined ? '' : `<p class="notice notice-error" role="alert">${said}</p>`
  const box =
    '<div class="field code-field"><label for="user_code">Code</label><div class="field-box"><input id="user_code" name="user_code" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false" required></div></div>'
  const button = '<button class="button button-primary" type="submit">Continue</button>'
  show(
    ctx,
    'Connect a device',
    `${alert}<p class="lead">Enter the code your device shows.</p><form id="op.deviceInputForm" method="post" action="${action}"><input type="hidden" name="xsrf" value="${xsrf}"/>${box}${button}</form>`,
  )
}

const codeIsWrong = 'That code is not right.'

/** What whoever guesses at codes gets, and whoever enters a code that another browser has entered (S-59, S-60). */
export function renderDeviceRefusal(ctx: Context, why: 'wrong' | 'too-many'): void {
  ctx.status = why === 'wrong' ? 400 : 429
  const said = why === 'wrong' ? codeIsWrong : 'Too many wrong codes were entered. Wait ten minutes.'
  const again = `<p><a class="button button-primary" href="?">Enter another code</a></p>`
  show(ctx, 'Connect a device', `<p class="notice notice-error" role="alert">${said}</p>${again}`)
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
  const begun = ctx.oidc.entities.DeviceCode?.iat
  const since =
    begun === undefined ? '' : `, since ${new Date(begun * 1_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const from = `${escapeHtml(place.ip ?? 'an unknown address')} (${escapeHtml((place.ua ?? 'unknown device').slice(0, 100))})`
  const text = `<p><b>${name}</b> asks to be connected, from ${from}${since}, and should show <code>${escapeHtml(userCode)}</code>.</p><p>Go on only if you have started this yourself.</p>`
  const approve = '<button class="button button-primary" type="submit" form="op.deviceConfirmForm">Connect</button>'
  const stop =
    '<button class="button button-primary" type="submit" form="op.deviceConfirmForm" value="yes" name="abort">Stop</button>'
  show(ctx, 'Connect this device?', `${text}${form}${approve} ${stop}`)
}

export function renderDeviceDonePage(ctx: Context): void {
  show(ctx, 'Device connected', '<p>You may go back to your device.</p>')
}
