import { s256 } from '#crypto/digest.ts'
import type { Answer, Trouble } from '#http/route.ts'

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:4rem auto;padding:0 1rem}' +
  'label,input,button{display:block;width:100%;box-sizing:border-box;margin:.25rem 0}' +
  'input,button{font:inherit;padding:.5rem}[role=alert]{color:#a40000}'

/** CSP names hashes in plain base64. */
const styleHash = Buffer.from(s256(style), 'base64url').toString('base64')
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
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

/** A small page that needs nothing but itself: no script, nothing loaded, not to be framed. */
export function page(status: number, title: string, body: Html): Answer {
  const text = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(title)}</title><style>${style}</style></head><body><main><h1>${escaped(title)}</h1>${body.html}</main></body></html>`
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
  }
  return { status, body: text, headers }
}

const troubles: Readonly<Record<Trouble['trouble'], readonly [number, string]>> = {
  malformed: [400, 'The request could not be read.'],
  'too-large': [413, 'The request is too large.'],
  'wrong-type': [415, 'The form could not be read.'],
  'wrong-method': [405, 'This address does not take such a request.'],
  'not-found': [404, 'There is no page at this address.'],
  unavailable: [503, 'The service is not available at the moment. Please try again.'],
  crash: [500, 'Something went wrong. Please try again.'],
}

/** Trouble before a handler, as a page. */
export function refuseWithPage(trouble: Trouble): Answer {
  const [status, text] = troubles[trouble.trouble]
  return page(status, 'Something is not right', html`<p role="alert">${text}</p>`)
}
