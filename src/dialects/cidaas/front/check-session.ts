import { sameSecret, tokenDigest } from '#crypto/digest.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Random } from '#ports/random.ts'
import type { Dialect } from '../dialect.ts'
import { inputOf, isRecord } from '../input.ts'
import { sessionHere } from '../session.ts'
import { noStore } from '../wire.ts'

const digest = (client: string, origin: string, sid: string, salt: string): string =>
  tokenDigest(`${client} ${origin} ${sid} ${salt}`)

/** `session_state` of an answer: names a session to one application at one origin (OpenID Connect Session Management §2). */
export function sessionState(
  random: Random,
  it: { readonly client: string; readonly uri: string; readonly sid: string },
) {
  const salt = random.token().slice(0, 16)
  const origin = URL.parse(it.uri)?.origin ?? ''
  return `${digest(it.client, origin, it.sid, salt)}.${salt}`
}

const script = `
addEventListener('message', async (event) => {
  const [client_id, session_state, ...more] = String(event.data).split(' ')
  const say = (text) => event.source?.postMessage(text, event.origin)
  if (!client_id || !session_state || more.length > 0) return say('error')
  try {
    const asked = { client_id, session_state, origin: event.origin }
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch('/session/check_session', { method: 'POST', headers, body: JSON.stringify(asked) })
    say((await reply.json()).state)
  } catch {
    say('error')
  }
})
`

/**
 * `GET /session/check_session`: the frame SDKs ask whether somebody is still signed in (cidaas.md §2.11). Session cookies
 * are unreadable for scripts (S-126), so that the frame asks the server. It shows nothing: framing it gives nothing.
 */
export async function checkSessionFrame(): Promise<Answer> {
  return {
    status: 200,
    headers: {
      ...noStore,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors https: http://localhost:* http://127.0.0.1:*",
    },
    body: '<!doctype html><html lang="en"><meta charset="utf-8"><title>Session</title><script src="/session/check_session.js"></script></html>',
  }
}

export async function checkSessionScript(): Promise<Answer> {
  return { status: 200, headers: { ...noStore, 'content-type': 'text/javascript; charset=utf-8' }, body: script }
}

/** What the frame asks: whether this is the session that gave a `session_state`. It tells nobody who is signed in. */
export async function checkSession(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const say = (state: string): Answer => ({ status: 200, headers: noStore, body: { state } })
  const input = inputOf(exchange)
  const [client, origin, state] = ['client_id', 'origin', 'session_state'].map((name) => input.text(name))
  const [said, salt, ...more] = state?.split('.') ?? []
  if (!isRecord(exchange.body) || client === undefined || origin === undefined) return say('error')
  if (said === undefined || salt === undefined || more.length > 0) return say('error')
  const session = await sessionHere(dialect, exchange, client)
  const same = session !== undefined && sameSecret(said, digest(client, origin, session.sid, salt))
  return say(same ? 'unchanged' : 'changed')
}
