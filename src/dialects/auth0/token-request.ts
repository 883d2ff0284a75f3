import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { authenticateClient, type ClientRefusal } from '#oidc/clients.ts'
import { type Dialect, issuerOf } from './dialect.ts'
import { missing, oauthError } from './wire.ts'

/** A token request whose client has been authenticated. */
export interface TokenRequest {
  readonly exchange: Exchange
  readonly application: Application
  readonly grantType: string
  /** Body members that are strings; others are as good as absent. */
  readonly params: Readonly<Record<string, string | undefined>>
  /** The body as it came, for grants with members that are objects. */
  readonly body: Readonly<Record<string, unknown>>
  readonly dpopJkt?: string
}

export type Grant = (dialect: Dialect, request: TokenRequest) => Promise<Answer>

/** The members of a body that are non-empty strings. */
export function stringsOf(body: unknown): Record<string, string | undefined> {
  const out: Record<string, string | undefined> = {}
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return out
  for (const [name, value] of Object.entries(body)) if (typeof value === 'string' && value !== '') out[name] = value
  return out
}

/** The application that calls, or the answer it gets (auth0.md §1.3). `ignoreBearer`: samples send the mfa_token there. */
export async function clientOf(
  dialect: Dialect,
  exchange: Exchange,
  params: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly application: Application } | { readonly answer: Answer }> {
  const authorization = exchange.headers.authorization
  const { parts } = dialect.engine
  const found = await authenticateClient(parts.store, {
    tenant: exchange.tenant.id,
    params,
    authorization: authorization !== undefined && /^basic /i.test(authorization) ? authorization : undefined,
    audiences: [issuerOf(exchange.base), exchange.base, `${exchange.base}/oauth/token`],
    now: parts.clock.now(),
  })
  return found.yes ? { application: found.yes } : { answer: refusedClient(found) }
}

function refusedClient({ no }: ClientRefusal): Answer {
  if (no === 'missing') return missing('client_id')
  if (no === 'malformed' || no === 'two-methods') {
    return oauthError(
      400,
      'invalid_request',
      'Client authentication could not be read, or was sent in more than one way.',
    )
  }
  return oauthError(401, 'invalid_client', 'Client authentication failed')
}
