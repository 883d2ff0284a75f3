import type { Answer, Exchange } from '#http/route.ts'
import { noStore } from './wire.ts'

type Params = Readonly<Record<string, string | undefined>>

const encoded = (params: Params): string => {
  const set = Object.entries(params).filter((it): it is [string, string] => it[1] !== undefined)
  return new URLSearchParams(set).toString()
}

/** A URL with more in its query, whatever it has there already and before any fragment. */
export function withQuery(url: string, params: Params): string {
  const hash = url.indexOf('#')
  const [path, fragment] = hash === -1 ? [url, ''] : [url.slice(0, hash), url.slice(hash)]
  const more = encoded(params)
  if (more === '') return url
  const mark = path.includes('?') ? (/[?&]$/.test(path) ? '' : '&') : '?'
  return `${path}${mark}${more}${fragment}`
}

export const withFragment = (url: string, params: Params): string => `${url}#${encoded(params)}`

export const redirect = (location: string, cookies: readonly string[] = []): Answer => ({
  status: 302,
  headers: { ...noStore, location },
  cookies,
})

const defaultPages: Readonly<Record<string, string>> = { login: '/user-ui/login', register: '/user-ui/register' }

type Pages = Readonly<Record<string, string>> | undefined

/** Where the page behind a key lies: the application's group's, the tenant's own, else ours (cidaas.md §7.1). */
export const pageUrl = ({ tenant, base }: Pick<Exchange, 'tenant' | 'base'>, key: string, pages: Pages = {}): string =>
  pages[key] ?? tenant.pages[key] ?? `${base}${defaultPages[key] ?? `/identity/${key}`}`

/** Off to a hosted page. */
export const toPage = (
  exchange: Exchange,
  key: string,
  params: Params,
  cookies: readonly string[] = [],
  pages?: Pages,
): Answer => redirect(withQuery(pageUrl(exchange, key, pages), params), cookies)

/** The error page (shape F of cidaas.md §9.1). */
export const toErrorPage = (exchange: Exchange, code: string, description: string): Answer =>
  toPage(exchange, 'error', { error_code: code, error_description: description })
