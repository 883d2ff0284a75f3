import type { Granted, Issue } from '#engine/issue.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { Artifact } from '#model/artifact.ts'
import { artifactId } from '#oidc/artifacts.ts'
import { insert, type Refs, remove, row } from '#ports/store.ts'
import { type Dialect, dialectName } from '../dialect.ts'
import { sessionState } from '../front/check-session.ts'
import type { LoginRequest } from '../requests.ts'
import { newSession, type Session, sessionId } from '../session.ts'
import { type Sharing, share, sharedSid, sharingOf } from '../shared-session.ts'
import { amrNumbers, type Identifier } from '../words.ts'

/** A login on its way to a code. */
export interface Passage {
  readonly exchange: Exchange
  readonly application: Application
  readonly request: LoginRequest
  readonly identifier: Identifier
  /** The session that signs in here without a login of its own; it stays as it is. */
  readonly session?: Session
  /** An application that keeps no cookies gets none. */
  readonly native?: boolean
}

export interface Landed {
  readonly code: string
  /** Names the session to the application (`session_state`). */
  readonly state: string
  readonly cookies: readonly string[]
  /** Begins the session our hosted pages know as well, once this one is written; answers its cookies. */
  readonly share?: () => Promise<readonly string[]>
}

/** The highest level an application may ask for by name (cidaas.md §4.8). */
export const strong = 'cidaas:acr:strong'

/** Seconds a code is good for (S-110). */
const codeLifetime = 60

/**
 * Writes the authorization code, and the session of a browser, in the commit that grants the login. A code holds what was
 * proved, so that refreshing can ask policy again (S-56).
 */
export async function codeIssue(dialect: Dialect, passage: Passage): Promise<Issue<Refs, Landed>> {
  const { exchange, session, native, application, request } = passage
  const sharing = session || native ? undefined : await sharingOf(dialect, exchange, request)
  const tenant = exchange.tenant.id
  const { random } = dialect.engine.parts
  const code = random.token()
  const grantId = random.token().slice(0, 22)
  const own = random.id()
  const sid = session?.sid ?? (sharing ? sharedSid(sharing.seed, application.id) : own)
  const state = sessionState(random, { client: passage.request.client, uri: passage.request.redirectUri, sid })
  const before = sessionId(exchange)
  const refs: Refs = session === undefined ? {} : { session: row('artifacts', tenant, session.id) }
  return {
    refs,
    decide: (granted, found) => {
      // Signed out meanwhile.
      if (session !== undefined && found.session === undefined) {
        return { refuse: { no: 'ticket-unknown' }, writes: [] }
      }
      const fresh =
        session === undefined && passage.native !== true ? begin(dialect, passage, granted, own, sharing) : undefined
      return {
        issued: {
          code,
          state,
          cookies: fresh ? [fresh.cookie] : [],
          ...(sharing && { share: () => share(dialect, exchange, application, granted, sharing) }),
        },
        writes: [
          // A sign-in for a device gives its browser no code: the person is asked first.
          ...(passage.request.device ? [] : rows(dialect, passage, granted, { code, grantId, sid })),
          ...(fresh ? [fresh.write, ...(before === undefined ? [] : [remove('artifacts', tenant, before)])] : []),
        ],
      }
    },
  }
}

function begin(
  dialect: Dialect,
  { exchange, identifier }: Passage,
  { user, proofs }: Granted,
  sid: string,
  sharing: Sharing | undefined,
) {
  const startedAt = dialect.engine.parts.clock.now()
  const seed = sharing && { seed: sharing.seed }
  return newSession(dialect, exchange, { user: user.id, proofs, identifier, sid, startedAt, ...seed })
}

function rows(
  dialect: Dialect,
  { exchange, request, identifier }: Passage,
  { user, proofs, assurance, wish }: Granted,
  it: { readonly code: string; readonly grantId: string; readonly sid: string },
) {
  const { clock, factors } = dialect.engine.parts
  const tenant = exchange.tenant.id
  const iat = Math.floor(clock.now() / 1_000)
  const exp = iat + codeLifetime
  const asked = request.acr?.split(/\s+/).includes(strong) === true && assurance.mfa
  const payload = {
    kind: 'AuthorizationCode',
    dialect: dialectName,
    iat,
    exp,
    clientId: request.client,
    accountId: user.id,
    grantId: it.grantId,
    redirectUri: request.redirectUri,
    scope: request.scope.join(' '),
    sid: it.sid,
    amr: [...amrNumbers(proofs, identifier, factors), ...assurance.amr],
    acr: asked ? strong : assurance.acr,
    authTime: assurance.authTime,
    proofs,
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
    ...(request.challenge === undefined
      ? {}
      : { codeChallenge: request.challenge, codeChallengeMethod: 'S256' as const }),
  }
  const common = { tenant, user: user.id, client: request.client, expiresAt: exp * 1_000 }
  const code: Artifact = {
    ...common,
    id: artifactId('AuthorizationCode', it.code),
    model: 'AuthorizationCode',
    payload,
    grantId: it.grantId,
  }
  const grant: Artifact = {
    ...common,
    id: artifactId('Grant', it.grantId),
    model: 'Grant',
    payload: {
      kind: 'Grant',
      iat,
      exp,
      accountId: user.id,
      clientId: request.client,
      ...(wish.group === undefined ? {} : { group: wish.group }),
    },
  }
  return [insert('artifacts', code), insert('artifacts', grant)]
}
