import type { Answer, Exchange } from '#http/route.ts'
import { page, pageHeaders } from '#oidc/pages.ts'
import type { LoginRequest } from '../requests.ts'

export const htmlText = (text: string): string => text.replace(/[&<>"']/g, (it) => `&#${it.charCodeAt(0)};`)

/**
 * A plain page without scripts. Its forms may end at the application and at the tenant's own pages, since browsers hold
 * redirects after a form to `form-action` too (S-131).
 */
export function show(exchange: Exchange, title: string, body: string, request?: LoginRequest, status = 200): Answer {
  const targets = [
    ...Object.values(exchange.tenant.pages),
    ...Object.values(request?.pages ?? {}),
    ...(request ? [request.redirectUri] : []),
  ]
  const origins = targets.flatMap((it) => {
    const { origin, protocol } = new URL(it)
    return [origin === 'null' ? protocol : origin]
  })
  const actions = ["'self'", ...new Set(origins)].join(' ')
  return {
    status,
    headers: {
      ...pageHeaders,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; form-action ${actions}; frame-ancestors 'none'; base-uri 'none'`,
    },
    body: page(title, body),
  }
}

export const hidden = (fields: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(fields)
    .filter((it): it is [string, string] => it[1] !== undefined)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${htmlText(value)}">`)
    .join('')

/** What went wrong, where screen readers say it at once. */
export const alertText = (text: string | undefined): string =>
  text === undefined ? '' : `<p role="alert">${htmlText(text)}</p>`
