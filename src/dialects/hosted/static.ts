import { readPasswordReset } from '#engine/accounts/reset-password.ts'
import type { Answer, Exchange, Route } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { looking } from './account/call.ts'
import { overview } from './account/overview.ts'
import { installableRoutes } from './authenticator/install.ts'
import { type Hosted, pagePaths } from './hosted.ts'
import { invitationRoutes } from './invitation.ts'
import { resetPaths } from './reset.ts'
import { begin, openRun, stateOf } from './run.ts'
import type { Account } from './schemas.ts'
import { brandCss, brandingOf } from './static-brand.ts'
import { type BuiltPages, encoded, readBuiltPages } from './static-files.ts'
import { languageOf } from './static-language.ts'
import { contentPolicy, type PageContent, paths, renderPage } from './static-page.ts'

/** A name has the hash of its content in it: it never changes. */
const forever = 'public, max-age=31536000, immutable'

/**
 * The pages of people: shells with their state inside, and the files they load. Everything they do goes through the API
 * beside them (docs/hosted-api.md); docs/design.md tells how they look.
 */
export function pageRoutes(hosted: Hosted, pages = readBuiltPages()): readonly Route[] {
  if (pages === undefined) return [{ method: 'GET', path: '/u/login/:flow', handle: notBuilt }]
  const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, handle })
  const only = (page: PageContent['page']) => async (exchange: Exchange) => answer(hosted, pages, exchange, { page })
  return [
    get('/u/login/:flow', (exchange) => login(hosted, pages, exchange)),
    get('/u/account', async (exchange) => {
      const { status, body, cookies } = await looking(overview)(hosted, exchange)
      const seen = status === 200 ? { account: body as Account } : {}
      return answer(hosted, pages, exchange, { page: 'account', ...seen }, { ...(cookies && { cookies }) })
    }),
    ...resetPaths.map((path) => get(path, (exchange) => reset(hosted, pages, exchange))),
    ...invitationRoutes(hosted, pages),
    get('/u/signed-out', only('signed-out')),
    get(pagePaths.authenticator, only('authenticator')),
    ...installableRoutes(pages),
    get('/u/error', only('error')),
    get(`${paths.assets}/:file`, async ({ params, headers }) => asset(pages, params.file ?? '', headers, forever)),
    get(paths.pages, async ({ headers }) => asset(pages, pages.style, headers, 'public, max-age=300')),
    get(paths.brand, async ({ tenant }) => ({
      status: 200,
      headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=60' },
      body: brandCss(brandingOf(tenant)),
    })),
  ]
}

/** Where a reset link leads. Looking at it uses nothing up (S-84); what a form was refused with stands in the address. */
async function reset(hosted: Hosted, pages: BuiltPages, exchange: Exchange): Promise<Answer> {
  const { ticket = '', done, error, reason } = exchange.query
  const { parts } = hosted.engine
  const good = ticket !== '' && (await readPasswordReset(parts, exchange.tenant.id, ticket.slice(0, 128))) !== undefined
  const stage = done === '' ? 'done' : good ? 'open' : 'over'
  const problem =
    stage === 'open' && error !== undefined ? { error: wordIn(error), reason: wordIn(reason ?? '') } : undefined
  const content: Content = { page: 'reset-password', ticket: ticket.slice(0, 128), stage, ...(problem && { problem }) }
  return answer(hosted, pages, exchange, content, { status: stage === 'over' ? 404 : 200 })
}

/** A word of ours, whoever wrote the address. */
const wordIn = (text: string): string => (/^[a-z-]{1,40}$/.test(text) ? text : 'unknown')

async function login(hosted: Hosted, pages: BuiltPages, exchange: Exchange): Promise<Answer> {
  const flow = exchange.params.flow ?? ''
  const opened = await openRun(hosted, exchange)
  if (opened === undefined) return answer(hosted, pages, exchange, { page: 'login', flow })
  const { run, cookies } = await begin(opened)
  const { problem } = run.data.progress
  const content = { page: 'login' as const, flow, state: await stateOf(run), ...(problem && { problem }) }
  return answer(hosted, pages, exchange, content, {
    cookies,
    returnTo: originsOf(run.application),
    popup: run.data.order.popup === true,
  })
}

/** Where an application may be returned to, as origins; schemes of native applications by their scheme. */
function originsOf({ redirectUris }: Application): readonly string[] {
  const origins = redirectUris.flatMap((text) => {
    const url = URL.parse(text)
    if (url === null) return []
    return /^https?:$/.test(url.protocol) ? [url.origin] : [url.protocol]
  })
  return [...new Set(origins)]
}

interface More {
  readonly status?: number
  readonly cookies?: readonly string[]
  readonly returnTo?: readonly string[]
  /** The window that opened this one waits for its answer. */
  readonly popup?: boolean
}

type Content = Omit<PageContent, 'language' | 'tenant' | 'branding'>

function answer(hosted: Hosted, pages: BuiltPages, exchange: Exchange, content: Content, more: More = {}): Answer {
  const { tenant, headers } = exchange
  const nonce = hosted.engine.parts.random.token()
  const language = languageOf(pages, content.state?.hints.locales ?? [], headers['accept-language'])
  const body = renderPage(pages, { ...content, language, tenant: tenant.name, branding: brandingOf(tenant) }, nonce)
  return {
    status: more.status ?? (content.page === 'login' && content.state === undefined ? 404 : 200),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentPolicy(nonce, more.returnTo ?? [], content.page === 'authenticator'),
      'permissions-policy': 'camera=(), microphone=(), geolocation=()',
      ...(more.popup && { 'cross-origin-opener-policy': 'unsafe-none' }),
      vary: 'accept-language',
    },
    body,
    ...(more.cookies && { cookies: more.cookies }),
  }
}

function asset(pages: BuiltPages, name: string, headers: Exchange['headers'], caching: string): Answer {
  const file = pages.contents.get(name)
  if (file === undefined) return { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '' }
  const { body, encoding } = encoded(file, headers['accept-encoding'])
  return {
    status: 200,
    headers: {
      'content-type': file.type,
      'cache-control': caching,
      vary: 'accept-encoding',
      ...(encoding !== undefined && { 'content-encoding': encoding }),
    },
    body,
  }
}

const notBuilt = async (): Promise<Answer> => ({
  status: 503,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'The pages are not built. `npm start` builds them; so does `node scripts/build-pages.mjs`.',
})
