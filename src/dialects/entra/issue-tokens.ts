import type { Granted, Issue } from '#engine/issue.ts'
import type { Answer } from '#http/route.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Act, Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import {
  algorithmsOf,
  familyLifetime,
  type Minted,
  prepare,
  type TokenAnswer,
  type TokenAudience,
  type TokenOrder,
} from '#oidc/mint.ts'
import { planRefresh, type RefreshFound, type RefreshLook, readyRefresh, refreshRefs } from '#oidc/refresh.ts'
import type { Refs } from '#ports/store.ts'
import type { Call } from './call.ts'
import { dialectName, issuerOf, ownAudience } from './dialect.ts'
import { spelled } from './scopes.ts'
import { succeed } from './wire.ts'

/** Seconds an access token without an API is good for. */
const ownLifetime = 3_600

/** Tokens laid out and committed; `answer` signs them. */
export interface Issued {
  readonly answer: () => Promise<Answer>
}

export type TokenIssue = Issue<Refs, Issued>

/** What users may owe besides proofs; this wire has a word or a way out for each. */
const acts: readonly Act[] = ['change-password', 'verify-email', 'consent']

/** What tokens are asked for; kept with the flow, so that its last step cannot add to it (S-49). */
export function wishOf(
  grantType: string,
  scope: { readonly api?: { readonly id: string }; readonly names: readonly string[] },
  asked: string | undefined,
  acrs: readonly string[] = [],
): Wish {
  const extra = { asked, acrs }
  return { dialect: dialectName, grantType, audience: scope.api?.id, scope: scope.names, acts, extra }
}

/** Lays tokens out for a grant; nothing of it waits, so that it can be done inside a change. */
export interface Minter {
  mint(granted: Granted, more?: Pick<TokenOrder, 'family' | 'nonce' | 'sid' | 'device' | 'revocable'>): Minted
  /** `endsAt`: epoch ms at which the family ends; absent: it begins now. */
  issued(user: User, respond: () => Promise<TokenAnswer>, endsAt?: number): Issued
}

/** Reads what tokens for a wish are made with. All three are always made: SDKs refuse an answer without (entra.md §4.1). */
export async function minterFor(call: Call, wish: Wish): Promise<Outcome<Minter>> {
  const { exchange, caller } = call
  const { parts } = call.dialect.engine
  const { tenant } = exchange
  const api = wish.audience === undefined ? undefined : await parts.store.get('apis', tenant.id, wish.audience)
  if (wish.audience !== undefined && api === undefined) return { no: 'policy-unavailable' }
  const own = { id: ownAudience(exchange), accessTokenLifetime: ownLifetime }
  const audience: TokenAudience = { ...(api ?? own), allowOfflineAccess: true, fixed: true }
  const application = { ...caller.application, grantTypes: [...caller.application.grantTypes, 'refresh_token'] }
  const tenantAlgorithm = tenant.signingAlgorithm
  const keys = await call.dialect.keys.snapshot(tenant.id, algorithmsOf({ application, audience, tenantAlgorithm }))
  const now = parts.clock.now()
  return yes({
    mint(granted, more = {}) {
      const minted = prepare({
        tenant: tenant.id,
        issuer: issuerOf(exchange),
        application,
        user: granted.user,
        subject: granted.user.id,
        assurance: granted.assurance,
        proofs: granted.proofs,
        scope: wish.scope,
        audience,
        grantType: wish.grantType,
        claims: claimsOf(call, granted.user, wish, now),
        tenantAlgorithm,
        now,
        random: parts.random,
        keys,
        ...more,
      })
      return more.family === undefined ? withoutOwnAudience(minted, own.id) : minted
    },
    issued: (user, respond, endsAt = now + familyLifetime * 1_000) => ({
      answer: async () => succeed(call.ids, tokenBody(call, { user, wish, endsAt, now }, await respond())),
    }),
  })
}

/** Gets the tokens of a grant ready, for the engine to commit together with what earned them. */
export async function tokenIssue(call: Call, wish: Wish, refresh?: RefreshLook): Promise<Outcome<TokenIssue>> {
  const { keyring, clock } = call.dialect.engine.parts
  const minter = await minterFor(call, wish)
  if (minter.no !== undefined) return minter
  const { mint, issued } = minter.yes
  if (refresh === undefined) {
    return yes({
      refs: {},
      decide: (granted) => {
        const minted = mint(granted)
        return { issued: issued(granted.user, minted.respond), writes: minted.writes, meanwhile: minted.sign }
      },
    })
  }
  return yes({
    refs: refreshRefs(refresh),
    decide: (granted, found) => {
      const minted = mint(granted, { family: refresh.family })
      const ready = readyRefresh({ look: refresh, minted, keyring, now: clock.now() })
      const planned = planRefresh(found as unknown as RefreshFound, ready)
      if (planned.yes === undefined) return { refuse: { no: 'ticket-unknown' }, writes: planned.writes }
      return { issued: issued(granted.user, planned.yes.respond, refresh.endsAt), writes: planned.writes }
    },
  })
}

/**
 * A family without an API remembers none: its refreshes may ask for any (entra.md §4.3), and the server's own audience
 * is no API of the tenant.
 */
function withoutOwnAudience(minted: Minted, own: string): Minted {
  const writes = minted.writes.map((write) => {
    if (write.do === 'remove' || write.table !== 'artifacts') return write
    const { resource, ...payload } = write.row.payload
    return resource === own ? { ...write, row: { ...write.row, payload } } : write
  })
  return { ...minted, writes }
}

function claimsOf({ exchange }: Call, user: User, { scope, extra }: Wish, now: number): TokenOrder['claims'] {
  const acrs = (extra?.acrs ?? []) as readonly string[]
  const common = {
    ver: '2.0',
    oid: user.id,
    tid: exchange.tenant.id,
    nbf: Math.floor(now / 1_000),
    preferred_username: user.email ?? user.username ?? user.phoneNumber,
    ...(user.name === undefined ? {} : { name: user.name }),
    ...(acrs.length > 0 ? { acrs } : {}),
  }
  return {
    accessToken: { ...common, scp: scope.filter((name) => name !== 'offline_access').join(' ') },
    idToken: { ...common, ...(user.email === undefined ? {} : { email: user.email }) },
  }
}

/** The token response of entra.md §4.1. */
function tokenBody(
  { exchange }: Call,
  it: { readonly user: User; readonly wish: Wish; readonly endsAt: number; readonly now: number },
  tokens: TokenAnswer,
) {
  const clientInfo = JSON.stringify({ uid: it.user.id, utid: exchange.tenant.id })
  return {
    token_type: tokens.token_type,
    scope: spelled(it.wish.scope, it.wish.audience, it.wish.extra?.asked as string | undefined),
    expires_in: tokens.expires_in,
    ext_expires_in: tokens.expires_in,
    access_token: tokens.access_token,
    refresh_token: tokens.refresh_token,
    refresh_token_expires_in: Math.max(0, Math.floor((it.endsAt - it.now) / 1_000)),
    id_token: tokens.id_token,
    client_info: Buffer.from(clientInfo).toString('base64url'),
  }
}
