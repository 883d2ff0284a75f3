import { tokenDigest } from '#crypto/digest.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { Artifact } from '#model/artifact.ts'
import type { Proof } from '#model/proof.ts'
import type { User } from '#model/user.ts'
import { algorithmsOf, familyLifetime, type Minted, prepare, type TokenAnswer, type TokenOrder } from '#oidc/mint.ts'
import { insert, type Write } from '#ports/store.ts'
import { type Dialect, issuerOf } from '../dialect.ts'

/** Seconds tokens of this dialect live, access and ID tokens alike (cidaas.md §2.6). */
const lifetime = 86_400

/** Seconds a proof is fresh enough to change methods with (S-63). */
const freshFor = 300

const proofsId = (tokenId: string): string => `TokenProofs:${tokenDigest(tokenId)}`

/** What every token of this dialect has in common (cidaas.md §2.6): RS256, for the application itself. */
export async function orderFor(
  dialect: Dialect,
  exchange: Exchange,
  application: Application,
): Promise<Omit<TokenOrder, 'subject' | 'scope' | 'grantType'>> {
  const audience = {
    id: application.id,
    accessTokenLifetime: lifetime,
    allowOfflineAccess: true,
    signingAlgorithm: 'RS256' as const,
    fixed: true,
  }
  const tenantAlgorithm = exchange.tenant.signingAlgorithm
  const keys = await dialect.keys.snapshot(exchange.tenant.id, algorithmsOf({ application, audience, tenantAlgorithm }))
  const { clock, random } = dialect.engine.parts
  return {
    tenant: exchange.tenant.id,
    issuer: issuerOf(exchange.base),
    application,
    audience,
    tenantAlgorithm,
    idTokenLifetime: lifetime,
    now: clock.now(),
    random,
    keys,
  }
}

/** Lays out tokens with the claims cidaas adds; `write` keeps for five minutes what they rest on, and the group chosen. */
export function mint(
  exchange: Exchange,
  order: TokenOrder & { readonly group?: string },
): { readonly minted: Minted; readonly writes: readonly Write[] } {
  const { user, scope, group } = order
  const extra = {
    scopes: scope,
    roles: [],
    groups: user === undefined || !scope.includes('groups') ? [] : groupsOf(user, group),
    ...(user === undefined ? {} : { isub: user.id }),
    ...(exchange.userAgent === '' ? {} : { ua_hash: tokenDigest(exchange.userAgent) }),
    ...(order.nonce === undefined ? {} : { nonce: order.nonce }),
  }
  const { groups: _groups, scopes: _scopes, ...shared } = extra
  const minted = prepare({
    ...order,
    claims: { accessToken: extra, idToken: { ...shared, azp: order.application.id } },
  })
  return {
    minted,
    writes: [...minted.writes, ...keepProofs(order, minted.accessTokenId), ...keepGroup(order, minted.grantId)],
  }
}

/** Groups as tokens say them (cidaas.md §2.6): the one the user comes in, where one was chosen. */
export const groupsOf = ({ groups = [] }: User, chosen?: string): readonly object[] =>
  groups
    .filter((it) => chosen === undefined || it.id === chosen)
    .map(({ id, type, roles }) => ({ groupId: id, ...(type === undefined ? {} : { groupType: type }), roles }))

const groupId = (grant: string): string => `ChosenGroup:${tokenDigest(grant)}`

/** Tokens that are renewed say the same group. */
function keepGroup({ tenant, user, group, now, family }: Parameters<typeof mint>[1], grant: string | undefined) {
  if (group === undefined || grant === undefined || user === undefined || family !== undefined) return []
  const expiresAt = now + familyLifetime * 1_000
  const kept: Artifact = {
    tenant,
    id: groupId(grant),
    model: 'ChosenGroup',
    payload: { group },
    user: user.id,
    expiresAt,
  }
  return [insert('artifacts', kept)]
}

/** The group a family of tokens was given in. */
export async function chosenGroup(
  { engine }: Dialect,
  { tenant }: Exchange,
  grant: string,
): Promise<string | undefined> {
  const found = await engine.parts.store.get('artifacts', tenant.id, groupId(grant))
  return found?.payload.group as string | undefined
}

function keepProofs({ tenant, user, proofs, now }: TokenOrder, tokenId: string): readonly Write[] {
  const fresh = proofs?.filter((it) => now - it.at <= freshFor * 1_000) ?? []
  if (user === undefined || fresh.length === 0) return []
  const kept: Artifact = {
    tenant,
    id: proofsId(tokenId),
    model: 'TokenProofs',
    payload: { proofs },
    user: user.id,
    expiresAt: now + freshFor * 1_000,
  }
  return [insert('artifacts', kept)]
}

/** What an access token rests on, while it is fresh; nothing after that. */
export async function proofsOf({ engine }: Dialect, exchange: Exchange, tokenId: string): Promise<readonly Proof[]> {
  const found = await engine.parts.store.get('artifacts', exchange.tenant.id, proofsId(tokenId))
  const live = found !== undefined && (found.expiresAt ?? 0) > engine.parts.clock.now()
  return live ? (found.payload.proofs as readonly Proof[]) : []
}

/** The answer of the token endpoint, flat, with the members cidaas adds. */
export function answerOf(answer: TokenAnswer, user: User | undefined, sid?: string): object {
  return {
    ...answer,
    ...(user === undefined ? {} : { sub: user.id, identity_id: user.id }),
    ...(answer.id_token === undefined ? {} : { id_token_expires_in: lifetime }),
    ...(sid === undefined ? {} : { sid }),
  }
}
