import type { Account, State } from './schemas.ts'
import { type Branding, logoOf } from './static-brand.ts'
import type { BuiltPages } from './static-files.ts'
import { plainStep, type Say } from './static-forms.ts'
import { dataBlock, type Html, html } from './static-html.ts'

/** Where the parts of pages are served. */
export const paths = { assets: '/u/assets', brand: '/u/brand.css', pages: '/u/pages.css' } as const

export interface PageContent {
  readonly page: 'login' | 'account' | 'reset-password' | 'signed-out' | 'error'
  readonly language: string
  readonly tenant: string
  readonly branding: Branding
  readonly flow?: string
  readonly ticket?: string
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
  const scripts = [...pages.preload, ...(spoken === undefined ? [] : [spoken.script])]
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
<link rel="stylesheet" href="${paths.assets}/${pages.style}">
<link rel="stylesheet" href="${paths.brand}">
${scripts.map((name) => html`<link rel="modulepreload" href="${paths.assets}/${name}" nonce="${nonce}">`)}
<script type="module" src="${paths.assets}/${pages.entry}" nonce="${nonce}"></script>
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
  const alert =
    problem === undefined
      ? html``
      : html`<p class="notice notice-error" role="alert">${say(`error.${problem.error}`) || say('error.unknown')}</p>`
  if (content.page === 'login') {
    if (content.state === undefined || content.flow === undefined) {
      return { title: say('error.lost-title'), body: html`<p class="lead">${say('error.lost')}</p>` }
    }
    const { title, body } = plainStep(content.flow, content.state, say)
    return { title, body: html`${alert}${body}` }
  }
  if (content.page === 'signed-out') {
    return { title: say('signed-out.title'), body: html`<p class="lead">${say('signed-out.text')}</p>` }
  }
  const title = { account: 'account.title', 'reset-password': 'reset.title', error: 'error.title' } as const
  return { title: say(title[content.page]), body: html`<p class="lead">${say('error.no-script')}</p>` }
}

/**
 * The policy of a page (S-131): nothing but what came from here, no inline script or style, framed by nobody. `returnTo`: the
 * origins of the application, since a form post without script ends there by redirects.
 */
export function contentPolicy(nonce: string, returnTo: readonly string[]): string {
  return [
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
