import type { Account, State } from './schemas.ts'
import { type Branding, logoOf } from './static-brand.ts'
import type { BuiltPages } from './static-files.ts'
import { plainStep, type Say } from './static-forms.ts'
import { dataBlock, type Html, html } from './static-html.ts'

/** Where the parts of pages are served. */
export const paths = {
  assets: '/u/assets',
  brand: '/u/brand.css',
  pages: '/u/pages.css',
  manifest: '/u/authenticator.webmanifest',
} as const

export interface PageContent {
  readonly page: 'login' | 'account' | 'reset-password' | 'signed-out' | 'error' | 'authenticator'
  readonly language: string
  readonly tenant: string
  readonly branding: Branding
  readonly flow?: string
  readonly ticket?: string
  /** What a reset link is good for. */
  readonly stage?: 'open' | 'over' | 'done'
  readonly state?: State
  readonly account?: Account
  /** What a form post was refused with, where a browser without script cannot see the answer. */
  readonly problem?: { readonly error: string; readonly retryAfter?: number; readonly reason?: string }
}

/**
 * One page, whole: the state it shows is in it, so that it draws without a second round trip and nothing moves; and the same
 * step as plain forms for browsers without script. `nonce` lets our one script run and what it loads (S-131).
 */
export function renderPage(pages: BuiltPages, content: PageContent, nonce: string): string {
  const { language, branding, tenant } = content
  const spoken = pages.languages[language] ?? pages.languages.en
  const own = { ...branding.texts?.en, ...branding.texts?.[language] }
  const texts = { ...spoken?.texts, ...own }
  const say: Say = (key, values = {}) =>
    (texts[key] ?? '').replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  const logo = logoOf(branding)
  const { entry, preload } = content.page === 'authenticator' ? pages.authenticator : pages
  const scripts = [...preload, ...(spoken === undefined ? [] : [spoken.script])]
  const data = {
    page: content.page,
    language,
    tenant,
    logo,
    texts: Object.keys(own).length > 0 ? own : undefined,
    flow: content.flow,
    ticket: content.ticket,
    state: content.state,
    account: content.account,
    error: content.problem && {
      code: content.problem.error,
      wait: content.problem.retryAfter,
      reason: content.problem.reason,
    },
  }
  const { title, body } = plain(content, say)
  return html`<!doctype html>
<html lang="${language}" dir="${spoken?.direction ?? 'ltr'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
${content.page === 'authenticator' ? html`<link rel="manifest" href="${paths.manifest}">` : html``}
<link rel="stylesheet" href="${paths.assets}/${pages.style}">
<link rel="stylesheet" href="${paths.brand}">
${scripts.map((name) => html`<link rel="modulepreload" href="${paths.assets}/${name}" nonce="${nonce}">`)}
<script type="module" src="${paths.assets}/${entry}" nonce="${nonce}"></script>
</head>
<body>
<div id="root"></div>
${dataBlock('page-data', data)}
<noscript><div class="plain"><main><div class="card"><h1>${title}</h1>${body}</div></main></div></noscript>
</body>
</html>
`.html
}

/** What a browser without script shows. */
function plain(content: PageContent, say: Say): { readonly title: string; readonly body: Html } {
  const { problem } = content
  const alert = problem === undefined ? html`` : alertOf(problem, say)
  if (content.page === 'login') {
    if (content.state === undefined || content.flow === undefined) {
      return { title: say('error.lost-title'), body: html`<p class="lead">${say('error.lost')}</p>` }
    }
    const { title, body } = plainStep(content.flow, content.state, say)
    return { title, body: html`${alert}${body}` }
  }
  if (content.page === 'reset-password') return plainReset(content, alert, say)
  if (content.page === 'signed-out') {
    return { title: say('signed-out.title'), body: html`<p class="lead">${say('signed-out.text')}</p>` }
  }
  const title = {
    authenticator: 'authenticator.title',
    account: 'account.title',
    error: 'error.title',
  } as const
  return { title: say(title[content.page]), body: html`<p class="lead">${say('error.no-script')}</p>` }
}

function alertOf({ error, reason }: NonNullable<PageContent['problem']>, say: Say): Html {
  // What was done rather than refused, for those who cannot see an answer otherwise.
  if (error === 'forgot-sent') {
    return html`<p class="notice notice-good" role="status">${say('forgot.sent', { email: reason ?? '' })}</p>`
  }
  const words = say(`error.${error}.${reason}`) || say(`error.${error}`) || say('error.unknown')
  return html`<p class="notice notice-error" role="alert">${words}</p>`
}

/** The form behind a reset link, what came of it, or that the link is over. */
function plainReset(
  { ticket, stage }: PageContent,
  alert: Html,
  say: Say,
): { readonly title: string; readonly body: Html } {
  if (stage === 'done') return { title: say('reset.done-title'), body: html`<p class="lead">${say('reset.done')}</p>` }
  if (stage !== 'open') {
    return { title: say('reset.invalid-title'), body: html`<p class="lead" role="alert">${say('reset.invalid')}</p>` }
  }
  const form = html`<form method="post" action="/u/reset-password"><input type="hidden" name="ticket" value="${ticket}"><div class="field"><label for="plain-password">${say('reset.password')}</label><div class="field-box"><input id="plain-password" name="password" type="password" autocomplete="new-password" required></div></div><button class="button button-primary" type="submit">${say('reset.submit')}</button></form>`
  return { title: say('reset.title'), body: html`${alert}<p class="lead">${say('reset.lead')}</p>${form}` }
}

/**
 * The policy of a page (S-131): nothing but what came from here, no inline script or style, framed by nobody. `returnTo`: the
 * origins of the application, since a form post without script ends there by redirects. `installable`: the page may have a
 * manifest and a service worker of ours.
 */
export function contentPolicy(nonce: string, returnTo: readonly string[], installable = false): string {
  return [
    ...(installable ? ["manifest-src 'self'", "worker-src 'self'"] : []),
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    `form-action ${["'self'", ...returnTo].join(' ')}`,
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}
