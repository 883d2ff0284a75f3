import type { Granted, Issue } from '#engine/issue.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { Refusal } from '#model/outcome.ts'
import type { Wish } from '#model/ticket.ts'
import { algorithmsOf, type Minted, prepare, type TokenAnswer, type TokenOrder } from '#oidc/mint.ts'
import {
  planRefresh,
  type RefreshFound,
  type RefreshLook,
  readInterrupted,
  readyRefresh,
  refreshRefs,
  replaceInterrupted,
} from '#oidc/refresh.ts'
import type { Refs } from '#ports/store.ts'
import { findTarget } from './audience.ts'
import { type Dialect, issuerOf } from './dialect.ts'
import { subjectOf } from './words.ts'

/** Tokens laid out and committed; `respond` signs them. */
export interface Issued {
  readonly respond: () => Promise<TokenAnswer>
  readonly minted: Minted
}

export type TokenIssue = Issue<Refs, Issued>

export interface IssueRequest {
  readonly exchange: Exchange
  readonly application: Application
  readonly wish: Wish
  readonly dpopJkt?: string
  /** A refresh in progress: its token has been looked at and will be rotated. */
  readonly refresh?: RefreshLook
}

/**
 * Gets the tokens of a grant ready, for the engine to commit together with what earned them. An MFA grant that ends an
 * interrupted refresh goes on in that family (auth0.md §9.13). Undefined: the API is gone.
 */
export async function tokenIssue(dialect: Dialect, request: IssueRequest): Promise<TokenIssue | Refusal> {
  const { exchange, application, wish, dpopJkt } = request
  const { parts } = dialect.engine
  const target = await findTarget(parts.store, exchange.tenant, exchange.base, wish.audience)
  if (target === undefined) return { no: 'policy-unavailable' }
  const tenantAlgorithm = exchange.tenant.signingAlgorithm
  const algorithms = algorithmsOf({ application, audience: target.audience, tenantAlgorithm })
  const keys = await dialect.keys.snapshot(exchange.tenant.id, algorithms)
  const now = parts.clock.now()
  const order = (granted: Granted): TokenOrder => ({
    tenant: exchange.tenant.id,
    issuer: issuerOf(exchange.base),
    application,
    user: granted.user,
    subject: subjectOf(granted.user.id),
    assurance: granted.assurance,
    proofs: granted.proofs,
    scope: wish.scope,
    audience: target.audience,
    grantType: wish.grantType,
    gty: shortGrant(wish.grantType),
    dpopJkt,
    dates: 'iso',
    tenantAlgorithm,
    now,
    random: parts.random,
    keys,
  })
  const look = request.refresh ?? (await interrupted(dialect, request, now))
  if (look === undefined) {
    return {
      refs: {},
      decide: (granted) => {
        const minted = prepare(order(granted))
        return { issued: { respond: () => minted.respond(), minted }, writes: minted.writes, meanwhile: minted.sign }
      },
    }
  }
  const plan = request.refresh ? planRefresh : replaceInterrupted
  return {
    refs: refreshRefs(look),
    decide: (granted, found) => {
      const { family, device } = look
      const minted = prepare({ ...order(granted), family, ...(device === undefined ? {} : { device }) })
      const ready = readyRefresh({ look, dpopJkt, minted, keyring: parts.keyring, now })
      const planned = plan(found as unknown as RefreshFound, ready)
      return planned.yes
        ? { issued: { respond: planned.yes.respond, minted }, writes: planned.writes, meanwhile: minted.sign }
        : { refuse: { no: 'ticket-unknown' }, writes: planned.writes }
    },
  }
}

async function interrupted(dialect: Dialect, request: IssueRequest, now: number): Promise<RefreshLook | undefined> {
  const { exchange, application, wish, dpopJkt } = request
  if (wish.refreshToken === undefined) return undefined
  const found = await readInterrupted(dialect.engine.parts.store, {
    tenant: exchange.tenant.id,
    application,
    refreshToken: wish.refreshToken,
    dpopJkt,
    now,
  })
  return found.yes
}

/** `gty` as Auth0 writes it: the last part of its own grant types. */
const shortGrant = (grantType: string): string => grantType.replace('http://auth0.com/oauth/grant-type/', '')
