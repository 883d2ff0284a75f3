import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider/lib/provider.js'
import type { Exchange } from '#http/route.ts'
import { clockOffset } from './clock.ts'
import { withoutCookie } from './cookies.ts'
import type { Flow, FlowGrant } from './flows.ts'
import { handOver } from './hand-over.ts'
import { overPage, pageHeaders } from './pages.ts'
import type { ProviderParts } from './provider.ts'
import type { Spelling } from './spelling.ts'

/** The front channel of the library, which is shown a session only while it is alive by our bounds (S-127, S-128). */
export async function frontDoor(
  parts: ProviderParts,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
): Promise<void> {
  const { sessions } = parts
  const good = (await sessions.live(exchange)) !== undefined || (await sessions.anonymous(exchange))
  const { cookie } = request.headers
  const shown = good ? cookie : withoutCookie(cookie, exchange, 'session')
  await handOver(provider, request, response, exchange, shown ?? '')
}

/**
 * The way back from a sign-in: only for the browser whose flow it is, once, and when all its steps are done (S-54,
 * AC-11, AC-19). What the flow has earned is handed to the library here and nowhere else.
 */
export async function resumeFlow(
  parts: ProviderParts,
  provider: Provider,
  spelling: Spelling,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
): Promise<void> {
  const uid = exchange.params.uid ?? exchange.path.split('/').pop() ?? ''
  const flow = await parts.flows.read(exchange, uid)
  if (flow === undefined) return over(response, exchange)
  const { granted, finished, error } = flow.data
  if (error === undefined && (finished !== true || granted === undefined)) {
    response
      .writeHead(303, { location: `${exchange.base}${spelling.paths.interaction}/${uid}`, 'cache-control': 'no-store' })
      .end()
    return
  }
  const interaction = await provider.Interaction.find(uid)
  if (interaction === undefined || !(await parts.flows.spend(flow))) return over(response, exchange)
  interaction.result = error === undefined && granted ? resultOf(parts, flow, granted, exchange) : failed(error)
  // Our own cookie binds the flow to its browser; the session it began beside may have ended meanwhile.
  interaction.session = undefined
  const { clock } = parts
  const left = interaction.exp - (Math.floor(clock.now() / 1_000) - clockOffset(clock))
  await interaction.save(Math.max(1, left))
  response.appendHeader('set-cookie', parts.flows.cookieLine(exchange, uid, ''))
  await handOver(provider, request, response, exchange, await shownCookies(parts, provider, flow, request, exchange))
}

/** The cookies the library is to see: its own for this flow, and the session only if it is the same person's. */
async function shownCookies(
  parts: ProviderParts,
  provider: Provider,
  flow: Flow,
  request: IncomingMessage,
  exchange: Exchange,
): Promise<string> {
  const session = await parts.sessions.live(exchange)
  const anybody = flow.data.granted === undefined || session?.user === flow.data.granted.user
  const mine = session === undefined ? await parts.sessions.anonymous(exchange) : anybody
  if (session !== undefined && !mine) {
    // Whoever signs in as somebody else has left the first account here. Its cookies are replaced below.
    await parts.sessions.endHere(exchange, session)
  }
  const kept = mine ? request.headers.cookie : withoutCookie(request.headers.cookie, exchange, 'session')
  return [kept, `${provider.cookieName('resume')}=${flow.uid}`].filter((it) => it !== undefined).join('; ')
}

function resultOf(parts: ProviderParts, { data }: Flow, granted: FlowGrant, exchange: Exchange): object {
  const { assurance } = granted
  return {
    login: {
      accountId: granted.user,
      acr: assurance.acr,
      amr: assurance.amr,
      ts: assurance.authTime - clockOffset(parts.clock),
      remember: true,
    },
    ...(data.order.consent === true ? { consent: {} } : {}),
    signedIn: { ...granted, userAgent: exchange.userAgent, address: exchange.address },
  }
}

const failed = (error: Flow['data']['error']): object => ({
  error: error?.error ?? 'access_denied',
  error_description: error?.description ?? 'Access denied',
})

function over(response: ServerResponse, exchange: Exchange): void {
  response.writeHead(400, { ...pageHeaders, 'content-type': 'text/html; charset=utf-8' }).end(overPage(exchange))
}
