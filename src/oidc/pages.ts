import type { Context } from 'oidc-provider/lib/provider.js'
import { languageFor } from '#engine/messages/language.ts'
import type { Exchange } from '#http/route.ts'
import { filled, type MessageLanguage } from '#model/message-texts.ts'
import { type PageWords, pageWords } from './page-words.ts'
import { exchangeOf } from './sign-in-policy.ts'

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
export function page(title: string, body: string, language: MessageLanguage = 'en'): string {
  return `<!doctype html>
<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}">
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

/** The language of a request: what the application asked for, else what the browser speaks, else the tenant's. */
export const languageOfPage = ({
  tenant,
  headers,
  query,
}: Pick<Exchange, 'tenant' | 'headers' | 'query'>): MessageLanguage =>
  languageFor({ tenant, locales: (query.ui_locales ?? '').split(' '), speaks: headers['accept-language'] })

const wordsFor = (ctx: Context): PageWords => pageWords[languageOfPage(exchangeOf(ctx))]

function show(ctx: Context, title: string, body: string): void {
  for (const [name, value] of Object.entries(pageHeaders)) ctx.set(name, value)
  ctx.type = 'html'
  ctx.body = page(title, body, languageOfPage(exchangeOf(ctx)))
}

/** A sign-in that cannot go on. */
export function overPage(exchange: Exchange): string {
  const language = languageOfPage(exchange)
  const { title, text } = pageWords[language].over
  return page(title, `<p class="lead">${escapeHtml(text)}</p>`, language)
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
  const body = `<p dir="auto">${escapeHtml(text)}</p><p><small dir="auto">${escapeHtml(out.error)}</small></p>`
  show(ctx, wordsFor(ctx).wrong, body)
}

/** A button of a form that stands elsewhere in the page. */
const button = (form: string, words: string, kind: 'primary' | 'quiet', attributes = ''): string =>
  `<button class="button button-${kind}" type="submit" form="${form}"${attributes}>${escapeHtml(words)}</button>`

/** Asks before signing out; the form comes from the library and carries its own protection (S-123). */
export function renderLogoutPage(ctx: Context, form: string): void {
  const { title, yes, no } = wordsFor(ctx).signOut
  const out = button('op.logoutForm', yes, 'primary', ' value="yes" name="logout"')
  show(ctx, title, `${form}${out} ${button('op.logoutForm', no, 'quiet')}`)
}

export function renderSignedOutPage(ctx: Context): void {
  const { title, text } = wordsFor(ctx).signedOut
  show(ctx, title, `<p>${escapeHtml(text)}</p>`)
}

interface InputError {
  readonly name: string
  readonly userCode?: string
}

const alertOf = (said: string): string => `<p class="notice notice-error" role="alert">${escapeHtml(said)}</p>`

/** Asks for the code a device shows (RFC 8628 section 3.3). Of the library's form we keep where it goes and its token. */
export function renderDeviceCodePage(ctx: Context, form: string, _out: unknown, error?: InputError): void {
  const { device } = wordsFor(ctx)
  const wrong = error !== undefined && (error.userCode !== undefined || error.name === 'NoCodeError')
  const alert = error === undefined ? '' : alertOf(wrong ? device.bad : device.stopped)
  const action = /action="([^"]*)"/.exec(form)?.[1] ?? ''
  const xsrf = /name="xsrf" value="([^"]*)"/.exec(form)?.[1] ?? ''
  const box = `<div class="field code-field"><label for="user_code">${escapeHtml(device.code)}</label><div class="field-box"><input id="user_code" name="user_code" type="text" dir="ltr" autocomplete="off" autocapitalize="characters" spellcheck="false" required></div></div>`
  const go = `<button class="button button-primary" type="submit">${escapeHtml(device.go)}</button>`
  const fields = `<input type="hidden" name="xsrf" value="${xsrf}"/>${box}${go}`
  const own = `<form id="op.deviceInputForm" method="post" action="${action}">${fields}</form>`
  show(ctx, device.title, `${alert}<p class="lead">${escapeHtml(device.lead)}</p>${own}`)
}

/** What whoever guesses at codes gets, and whoever enters a code that another browser has entered (S-59, S-60). */
export function renderDeviceRefusal(ctx: Context, why: 'wrong' | 'too-many'): void {
  ctx.status = why === 'wrong' ? 400 : 429
  const { device } = wordsFor(ctx)
  const again = `<p><a class="button button-primary" href="?">${escapeHtml(device.again)}</a></p>`
  show(ctx, device.title, `${alertOf(why === 'wrong' ? device.bad : device.tooMany)}${again}`)
}

/** Names application, place and time before anyone approves, against codes sent by strangers (S-60). */
export function renderDeviceConfirmPage(
  ctx: Context,
  form: string,
  client: { readonly clientId: string; readonly clientName?: string },
  place: { readonly ip?: string; readonly ua?: string },
  userCode: string,
): void {
  const { confirm } = wordsFor(ctx)
  const begun = ctx.oidc.entities.DeviceCode?.iat
  const time = begun === undefined ? undefined : new Date(begun * 1_000).toISOString().slice(0, 16).replace('T', ' ')
  const since = time === undefined ? '' : `, ${confirm.since} ${time} UTC`
  const from = `${place.ip ?? '?'} (${(place.ua ?? '?').slice(0, 100)})${since}`
  const asks = filled(escapeHtml(confirm.asks), {
    name: `<b><bdi>${escapeHtml(client.clientName ?? client.clientId)}</bdi></b>`,
    place: `<bdi>${escapeHtml(from)}</bdi>`,
    code: `<code dir="ltr">${escapeHtml(userCode)}</code>`,
  })
  const yes = button('op.deviceConfirmForm', confirm.yes, 'primary')
  const no = button('op.deviceConfirmForm', confirm.no, 'quiet', ' value="yes" name="abort"')
  show(ctx, confirm.title, `<p>${asks}</p><p>${escapeHtml(confirm.warning)}</p>${form}${yes} ${no}`)
}

export function renderDeviceDonePage(ctx: Context): void {
  const { title, text } = wordsFor(ctx).connected
  show(ctx, title, `<p>${escapeHtml(text)}</p>`)
}
