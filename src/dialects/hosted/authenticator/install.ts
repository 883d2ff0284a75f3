import type { Answer, Exchange, Route } from '#http/route.ts'
import { pagePaths } from '../hosted.ts'
import { brandingOf } from '../static-brand.ts'
import type { BuiltPages } from '../static-files.ts'
import { languageOf } from '../static-language.ts'
import { paths } from '../static-page.ts'

const icon = '/u/authenticator-icon.svg'
/** Beside the page, so that its scope may be the page; web/src/authenticator/alerts.ts knows it too. */
const worker = '/u/authenticator-worker.js'

/** Long enough to be quick, short enough for a new version to arrive; seconds. */
const briefly = 'public, max-age=300'

/** What makes the page of a device installable (W3C Web Application Manifest), and what wakes it. */
export function installableRoutes(pages: BuiltPages): readonly Route[] {
  const get = (path: string, handle: (exchange: Exchange) => Answer): Route => ({
    method: 'GET',
    path,
    handle: async (exchange) => handle(exchange),
  })
  return [
    get(paths.manifest, (exchange) => ({
      status: 200,
      headers: { 'content-type': 'application/manifest+json', 'cache-control': briefly, vary: 'accept-language' },
      body: JSON.stringify(manifest(pages, exchange)),
    })),
    get(icon, ({ tenant }) => ({
      status: 200,
      headers: {
        'content-type': 'image/svg+xml',
        'cache-control': briefly,
        'content-security-policy': "default-src 'none'",
      },
      body: picture(colourOf(tenant)),
    })),
    get(worker, () => ({
      status: 200,
      headers: {
        'content-type': 'text/javascript; charset=utf-8',
        // A worker is looked at anew by browsers anyway; an old one must not stay for the sake of a cache.
        'cache-control': 'no-cache',
        'content-security-policy': "default-src 'none'; connect-src 'self'",
        'service-worker-allowed': pagePaths.authenticator,
      },
      body: pages.contents.get(pages.worker)?.plain ?? '',
    })),
  ]
}

const fallback = '#2f5bd7'

const colourOf = (tenant: Exchange['tenant']): string => {
  const { accent } = brandingOf(tenant)
  return accent !== undefined && /^#[0-9a-f]{3,8}$/i.test(accent) ? accent : fallback
}

function manifest(pages: BuiltPages, { tenant, headers }: Exchange): object {
  const language = languageOf(pages, [], headers['accept-language'])
  const spoken = pages.languages[language]
  const name = spoken?.texts['authenticator.title'] ?? 'Authenticator'
  return {
    id: pagePaths.authenticator,
    name: `${tenant.name} – ${name}`,
    short_name: name,
    lang: language,
    dir: spoken?.direction ?? 'ltr',
    start_url: pagePaths.authenticator,
    scope: pagePaths.authenticator,
    display: 'standalone',
    theme_color: colourOf(tenant),
    background_color: colourOf(tenant),
    icons: [
      { src: icon, sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
      { src: icon, sizes: 'any', type: 'image/svg+xml', purpose: 'maskable' },
    ],
  }
}

/** A shield on the tenant's colour, drawn for this project; whole within the circle a system may cut out. */
const picture = (colour: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512"><rect width="512" height="512" fill="${colour}"/><path d="M256 112 148 152v86c0 71 46 126 108 150 62-24 108-79 108-150v-86L256 112Zm-52 146 36 36 70-74" fill="none" stroke="#fff" stroke-width="28" stroke-linecap="round" stroke-linejoin="round"/></svg>`
