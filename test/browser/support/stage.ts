import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Branding, brandCss } from '#dialects/hosted/static-brand.ts'
import { type BuiltPages, readBuiltPages } from '#dialects/hosted/static-files.ts'
import { contentPolicy, paths, renderPage } from '#dialects/hosted/static-page.ts'
import { type Shown, states } from './states.ts'

/**
 * TESTS ONLY: the built pages in states of our choice, served as the real server serves them (same markup, same policy),
 * with an API that answers what the state says. For looking at pages; what they do is tested against the real server.
 */
export interface Stage {
  /** `http://127.0.0.1:port` */
  readonly url: string
  addressOf(name: string, options?: { language?: string; branded?: boolean }): string
  close(): Promise<void>
}

const nonce = 'a-nonce-of-the-stage'

const branding: Branding = {
  accent: '#f2b705',
  background: '#f3efe4',
  backgroundDark: '#12100a',
  radius: 4,
  font: 'Georgia, serif',
  logo: `data:image/svg+xml;base64,${Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 180 36"><rect width="180" height="36" rx="4" fill="#8a6a00"/><text x="90" y="25" font-size="20" font-family="Georgia" fill="#fff" text-anchor="middle">NORTHWIND</text></svg>',
  ).toString('base64')}`,
}

export async function openStage(): Promise<Stage> {
  const pages = readBuiltPages()
  assert.ok(pages, 'the pages are not built: run node scripts/build-pages.mjs')
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stage')
    const answer = answerOf(pages, request.method ?? 'GET', url, request.headers.referer)
    response.writeHead(answer.status, { 'cache-control': 'no-store', ...answer.headers }).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    addressOf: (name, { language = 'en', branded = false } = {}) =>
      `${url}/show/${name}?${new URLSearchParams({ language, branded: String(branded) })}`,
    close: () => closed(server),
  }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

interface Answered {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body?: string | Uint8Array
}

const json = { 'content-type': 'application/json' }

function answerOf(pages: BuiltPages, method: string, url: URL, referer: string | undefined): Answered {
  const { pathname } = url
  if (pathname.startsWith(`${paths.assets}/`)) {
    const file = pages.contents.get(pathname.slice(paths.assets.length + 1))
    return file
      ? { status: 200, headers: { 'content-type': file.type }, body: file.plain }
      : { status: 404, headers: {} }
  }
  if (pathname === paths.brand) {
    const branded = referer !== undefined && new URL(referer).searchParams.get('branded') === 'true'
    return { status: 200, headers: { 'content-type': 'text/css' }, body: branded ? brandCss(branding) : '' }
  }
  if (pathname === '/u/authenticator-worker.js') {
    const file = pages.contents.get(pages.worker)
    return { status: 200, headers: { 'content-type': 'text/javascript' }, body: file?.plain ?? '' }
  }
  if (pathname === paths.manifest) return { status: 200, headers: json, body: '{}' }
  if (pathname.startsWith('/show/')) return shownPage(pages, pathname.slice('/show/'.length), url)
  const showing = states.find(({ name }) => referer?.includes(`/show/${name}?`))
  const reply = showing?.replies?.[`${method} ${pathname}`]
  return reply === undefined
    ? { status: 400, headers: json, body: JSON.stringify({ error: 'unexpected', message: pathname }) }
    : { status: reply.status, headers: json, ...(reply.body && { body: JSON.stringify(reply.body) }) }
}

function shownPage(pages: BuiltPages, name: string, url: URL): Answered {
  const shown: Shown | undefined = states.find((it) => it.name === name)
  if (shown === undefined) return { status: 404, headers: {} }
  const branded = url.searchParams.get('branded') === 'true'
  const content = {
    ...shown.content,
    language: url.searchParams.get('language') ?? 'en',
    tenant: 'Northwind',
    branding: branded ? branding : {},
  }
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentPolicy(nonce, [], content.page === 'authenticator'),
    },
    body: renderPage(pages, content, nonce),
  }
}
