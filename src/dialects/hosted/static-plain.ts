import type { Answer, Exchange } from '#http/route.ts'
import { brandingOf, logoOf } from './static-brand.ts'
import type { BuiltPages } from './static-files.ts'
import type { Say } from './static-forms.ts'
import { type Html, html } from './static-html.ts'
import { languageOf } from './static-language.ts'

/** What a page says, in the reader's words. */
export type Shown = (tools: { readonly say: Say }) => { readonly title: string; readonly body: Html }

/** Nothing runs, nothing is loaded but our style, nobody frames it, and forms stay here (S-131). */
const policy =
  "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"

/** A page without script, drawn by the server in the same style and words as the others. */
export function serverPage(
  pages: BuiltPages,
  { tenant, headers }: Pick<Exchange, 'tenant' | 'headers'>,
  status: number,
  shown: Shown,
): Answer {
  const language = languageOf(pages, [], headers['accept-language'])
  const branding = brandingOf(tenant)
  const spoken = pages.languages[language] ?? pages.languages.en
  const texts = { ...spoken?.texts, ...branding.texts?.en, ...branding.texts?.[language] }
  const say: Say = (key, values = {}) =>
    (texts[key] ?? '').replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  const { title, body } = shown({ say })
  const logo = logoOf(branding)
  const brand =
    logo === undefined
      ? html`<p class="brand">${tenant.name}</p>`
      : html`<p class="brand"><img src="${logo}" alt="${tenant.name}"></p>`
  const page = html`<!doctype html>
<html lang="${language}" dir="${spoken?.direction ?? 'ltr'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/u/pages.css">
<link rel="stylesheet" href="/u/brand.css">
</head>
<body>
<div class="plain"><main>${brand}<div class="card"><h1>${title}</h1>${body}</div></main></div>
</body>
</html>
`
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-store',
      vary: 'accept-language',
    },
    body: page.html,
  }
}
