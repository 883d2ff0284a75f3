import type { Answer } from '#http/route.ts'

/** Nothing runs, nothing is loaded but our own style, nobody frames it. */
const policy = [
  "default-src 'none'",
  "style-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** HTML that is safe to send: made by `html` only. */
export interface Html {
  readonly html: string
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char] as string)

/** Writes HTML; whatever is put in is text, unless it is `Html` itself. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  const written = values.map((it) => (typeof it === 'string' ? escaped(it) : it.html))
  return { html: parts.map((part, at) => part + (written[at] ?? '')).join('') }
}

/** A small page in the tenant's own style: no script, nothing of anybody else, not to be framed. */
export function page(status: number, title: string, body: Html): Answer {
  const text = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(title)}</title><link rel="stylesheet" href="/u/pages.css"><link rel="stylesheet" href="/u/brand.css"></head><body><div class="plain"><main><div class="card"><h1>${escaped(title)}</h1>${body.html}</div></main></div></body></html>`
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
  }
  return { status, body: text, headers }
}
