import { signJwt, signJwtAsync } from '#crypto/signing.ts'
import type { Application } from '#model/application.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId } from '#model/ids.ts'
import type { Assurance, Proof } from '#model/proof.ts'
import type { SigningAlgorithm } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import type { Random } from '#ports/random.ts'
import { insert, type Write } from '#ports/store.ts'
import { type AccessPayload, artifactId, artifactRow, type GrantPayload, type RefreshPayload } from './artifacts.ts'
import { type ClaimDates, identityScopes, userClaims } from './claims.ts'
import type { KeySnapshot, LoadedKey } from './keys.ts'

/** Seconds an ID token is good for. */
export const idTokenLifetime = 36_000
/** Seconds an access token is good for where no API says otherwise. */
export const defaultAccessTokenLifetime = 86_400
/** Seconds after which a family of refresh tokens ends, however often it was used (S-111). */
export const familyLifetime = 30 * 86_400

/** The API an access token is for. */
export interface TokenAudience {
  readonly id: string
  /** Seconds. */
  readonly accessTokenLifetime: number
  readonly signingAlgorithm?: SigningAlgorithm
  readonly allowOfflineAccess: boolean
  /** An audience of the server itself, such as `https://DOMAIN/mfa/`: user info is never joined to it. */
  readonly fixed?: boolean
}

/** A line of refresh tokens going on. */
export interface Family {
  readonly grantId: string
  /** Epoch s at which it began; its end is counted from here. */
  readonly startedAt: number
  /** Of the token being replaced. */
  readonly rotations: number
  /** What the family was granted at its beginning; a narrower or other access token does not change it. */
  readonly scope: readonly string[]
  readonly audience?: string
  /** Key the family is bound to. */
  readonly jkt?: string
  readonly gty: string
}

/** Everything that goes into tokens. Nothing else does: no store, no clock, no configuration is asked. */
export interface TokenOrder {
  readonly tenant: TenantId
  /** As the dialect spells it; goes into `iss` as it is. */
  readonly issuer: string
  readonly application: Application
  /** Absent for machines. */
  readonly user?: User
  /** `sub` as the dialect spells it. */
  readonly subject: string
  readonly assurance?: Assurance
  /** What the assurance rests on; kept with the refresh token so that policy can ask again. */
  readonly proofs?: readonly Proof[]
  /** Row of the remembered device that spared the second factor; kept with the refresh token, likewise. */
  readonly device?: string
  /** What has been granted. */
  readonly scope: readonly string[]
  readonly audience?: TokenAudience
  /** Full grant type, kept with what is stored. */
  readonly grantType: string
  /** `gty` as the dialect spells it; default `grantType`. */
  readonly gty?: string
  /** Thumbprint of the key a DPoP proof came with. */
  readonly dpopJkt?: string
  /** Only what an authorization request has sent; never made up (auth0.md §0.3 rule 6). */
  readonly nonce?: string
  readonly sid?: string
  /** Write a grant even where no refresh token is given, so that what is issued can be ended again (S-110). */
  readonly revocable?: boolean
  /** Continue this family; absent: begin one if a refresh token is granted. */
  readonly family?: Family
  /** More claims; they never replace one this file writes, but may say what a scope opens in a vendor's own way. */
  readonly claims?: {
    readonly accessToken?: Readonly<Record<string, unknown>>
    readonly idToken?: Readonly<Record<string, unknown>>
  }
  /** Header `typ` of a JWT access token: plain, or by RFC 9068. Default `JWT`. */
  readonly accessTokenType?: 'JWT' | 'at+jwt'
  readonly dates?: ClaimDates
  /** Seconds an ID token lives; default `idTokenLifetime`. */
  readonly idTokenLifetime?: number
  /** Default algorithm of the tenant, for APIs that name none. */
  readonly tenantAlgorithm: SigningAlgorithm
  /** Epoch ms. */
  readonly now: number
  readonly random: Random
  /** Taken with `algorithmsOf(order)`. */
  readonly keys: KeySnapshot
}

/** A token answer exactly as auth0.md §1.2 has it. */
export interface TokenAnswer {
  readonly access_token: string
  readonly token_type: 'Bearer' | 'DPoP'
  readonly expires_in: number
  readonly scope: string
  readonly id_token?: string
  readonly refresh_token?: string
}

/** Tokens laid out: what to store, and the signatures still to be made. */
export interface Minted {
  /** To be committed in the change that spends what the tokens are given for (S-27). */
  readonly writes: readonly Write[]
  /** Makes the signatures ahead of `respond`, say while the commit is under way. Throws nothing: `respond` will. */
  sign(): void
  /** Call it after the commit, so that nobody holds a token the store does not know of. */
  respond(): Promise<TokenAnswer>
  readonly grantId?: string
  readonly scope: readonly string[]
  /** `jti`, or row id of an opaque token; for the audit trail. */
  readonly accessTokenId: string
  readonly refresh?: MintedRefresh
}

/** A new refresh token; `value` is a bearer secret. */
export interface MintedRefresh {
  readonly value: string
  readonly row: Artifact
}

/** The algorithms a snapshot must hold to mint for these. */
export function algorithmsOf(order: {
  readonly application: Pick<Application, 'idTokenAlgorithm'>
  readonly audience?: Pick<TokenAudience, 'signingAlgorithm'>
  readonly tenantAlgorithm: SigningAlgorithm
}): readonly SigningAlgorithm[] {
  return [accessTokenAlgorithm(order), idTokenAlgorithm(order)]
}

/**
 * Lays out the tokens of one grant. Draws its random values here and touches nothing; the same `Minted` may be
 * written by a change that is run again.
 */
export function prepare(order: TokenOrder): Minted {
  const issuedAt = Math.floor(order.now / 1000)
  const refreshes = grantsRefresh(order)
  const scope = refreshes ? order.scope : order.scope.filter((name) => name !== 'offline_access')
  const opaque = order.audience === undefined
  const lifetime = order.audience?.accessTokenLifetime ?? defaultAccessTokenLifetime
  const grantId =
    order.family?.grantId ?? (refreshes || order.revocable === true ? order.random.token().slice(0, 22) : undefined)
  const parts: Parts = { order, scope, issuedAt, expiresAt: issuedAt + lifetime, grantId }
  const writes: Write[] = []

  const user = order.user
  if (grantId !== undefined && user !== undefined && order.family === undefined) {
    const grant = grantOf(parts, user, issuedAt + (refreshes ? familyLifetime : lifetime))
    writes.push(insert('artifacts', artifactRow(order.tenant, artifactId('Grant', grantId), grant)))
  }
  const access = opaque ? opaqueToken(parts) : jwtToken(parts)
  if (access.row !== undefined) writes.push(insert('artifacts', access.row))
  const refresh =
    refreshes && user !== undefined && grantId !== undefined ? refreshToken(parts, user, grantId) : undefined
  if (refresh !== undefined) writes.push(insert('artifacts', refresh.row))

  const signatures = signOnce(() => ({
    idToken: scope.includes('openid') && user !== undefined ? signIdToken(parts, user) : undefined,
    accessToken: access.sign(),
  }))
  return {
    writes,
    grantId,
    scope,
    accessTokenId: access.id,
    refresh,
    sign: signatures.ahead,
    async respond() {
      const { idToken, accessToken } = signatures.now()
      return {
        access_token: await accessToken,
        token_type: order.dpopJkt === undefined ? 'Bearer' : 'DPoP',
        expires_in: lifetime,
        scope: scope.join(' '),
        ...(idToken === undefined ? {} : { id_token: await idToken }),
        ...(refresh === undefined ? {} : { refresh_token: refresh.value }),
      }
    },
  }
}

interface Signatures {
  readonly idToken: string | Promise<string> | undefined
  readonly accessToken: string | Promise<string>
}

/** Signatures that are made once, ahead of time or when they are wanted. What fails ahead of time is tried again then. */
function signOnce(sign: () => Signatures): { readonly ahead: () => void; readonly now: () => Signatures } {
  let made: Signatures | undefined
  const now = () => {
    made ??= sign()
    return made
  }
  const ahead = () => {
    try {
      const { idToken, accessToken } = now()
      // Where the commit fails, nobody waits for them any more.
      for (const it of [idToken, accessToken]) if (it instanceof Promise) it.catch(() => {})
    } catch {
      made = undefined
    }
  }
  return { ahead, now }
}

interface Parts {
  readonly order: TokenOrder
  readonly scope: readonly string[]
  /** Epoch s. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly grantId: string | undefined
}

interface AccessToken {
  readonly id: string
  readonly row?: Artifact
  readonly sign: () => string | Promise<string>
}

/** A family that exists goes on; a new one needs the scope, the application's grant and the API's leave (auth0.md §1.2). */
function grantsRefresh(order: TokenOrder): boolean {
  if (order.user === undefined) return false
  if (order.family !== undefined) return true
  return (
    order.scope.includes('offline_access') &&
    order.application.grantTypes.includes('refresh_token') &&
    (order.audience?.allowOfflineAccess ?? true)
  )
}

function accessTokenAlgorithm(order: {
  readonly audience?: Pick<TokenAudience, 'signingAlgorithm'>
  readonly tenantAlgorithm: SigningAlgorithm
}): SigningAlgorithm {
  return order.audience?.signingAlgorithm ?? order.tenantAlgorithm
}

/** RS256 unless the application chose: it is the one algorithm every client must know (OIDC Core section 15.1). */
function idTokenAlgorithm(order: { readonly application: Pick<Application, 'idTokenAlgorithm'> }): SigningAlgorithm {
  return order.application.idTokenAlgorithm ?? 'RS256'
}

/** RSA signatures cost ten times the others and go to the thread pool; the others are done sooner than sent there. */
function signWith(key: LoadedKey, typ: string, payload: Readonly<Record<string, unknown>>): string | Promise<string> {
  return key.alg === 'RS256' ? signJwtAsync(key.signing, { typ }, payload) : signJwt(key.signing, { typ }, payload)
}

function grantOf({ order, scope, issuedAt }: Parts, user: User, exp: number): GrantPayload {
  const { openid, rest } = splitScope(scope)
  return {
    kind: 'Grant',
    iat: issuedAt,
    exp,
    accountId: user.id,
    clientId: order.application.id,
    ...(openid === '' ? {} : { openid: { scope: openid } }),
    ...(order.audience === undefined ? {} : { resources: { [order.audience.id]: rest } }),
  }
}

function splitScope(scope: readonly string[]): { readonly openid: string; readonly rest: string } {
  const own = scope.filter((name) => identityScopes.includes(name))
  return { openid: own.join(' '), rest: scope.filter((name) => !identityScopes.includes(name)).join(' ') }
}

function opaqueToken({ order, scope, issuedAt, expiresAt, grantId }: Parts): AccessToken {
  const value = order.random.token()
  const id = artifactId('AccessToken', value)
  const payload: AccessPayload = {
    kind: 'AccessToken',
    iat: issuedAt,
    exp: expiresAt,
    clientId: order.application.id,
    ...(order.user === undefined ? {} : { accountId: order.user.id }),
    ...(grantId === undefined ? {} : { grantId }),
    gty: order.grantType,
    scope: scope.join(' '),
    ...(order.dpopJkt === undefined ? {} : { jkt: order.dpopJkt }),
    ...(order.sid === undefined ? {} : { sid: order.sid }),
    extra: { ...order.claims?.accessToken, sub: order.subject, ...assuranceClaims(order.assurance) },
  }
  return { id, row: artifactRow(order.tenant, id, payload), sign: () => value }
}

function jwtToken({ order, scope, issuedAt, expiresAt, grantId }: Parts): AccessToken {
  const audience = order.audience?.id as string
  const jti = tokenId(order.random, grantId)
  const payload = {
    ...order.claims?.accessToken,
    iss: order.issuer,
    sub: order.subject,
    aud:
      scope.includes('openid') && order.audience?.fixed !== true
        ? [audience, userinfoAudience(order.issuer)]
        : audience,
    azp: order.application.id,
    iat: issuedAt,
    exp: expiresAt,
    scope: scope.join(' '),
    gty: order.gty ?? order.grantType,
    jti,
    ...assuranceClaims(order.assurance),
    ...(order.sid === undefined ? {} : { sid: order.sid }),
    ...(order.dpopJkt === undefined ? {} : { cnf: { jkt: order.dpopJkt } }),
  }
  const key = order.keys.active(accessTokenAlgorithm(order))
  return { id: jti, sign: () => signWith(key, order.accessTokenType ?? 'JWT', payload) }
}

export interface LogoutOrder {
  readonly issuer: string
  readonly application: Pick<Application, 'id' | 'idTokenAlgorithm'>
  readonly subject: string
  readonly sid: string
  /** Epoch ms. */
  readonly now: number
  /** Names the token; the same whenever it is sent again. */
  readonly id: string
  readonly keys: KeySnapshot
}

/** Tells an application that a session has ended (OpenID Connect Back-Channel Logout section 2.4); good for 2 minutes. */
export async function signLogoutToken(order: LogoutOrder): Promise<string> {
  const iat = Math.floor(order.now / 1_000)
  const payload = {
    iss: order.issuer,
    sub: order.subject,
    aud: order.application.id,
    iat,
    exp: iat + 120,
    jti: order.id,
    sid: order.sid,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  }
  return await signWith(order.keys.active(idTokenAlgorithm(order)), 'logout+jwt', payload)
}

/** The audience that stands for the user info endpoint of an issuer (auth0.md §6.6). */
export function userinfoAudience(issuer: string): string {
  return `${issuer.endsWith('/') ? issuer : `${issuer}/`}userinfo`
}

/** A `jti` that names its family, so that our own endpoints can see a revoked one (S-120). */
function tokenId(random: Random, grantId: string | undefined): string {
  const own = random.token().slice(0, 22)
  return grantId === undefined ? own : `${grantId}.${own}`
}

/** The family a `jti` of ours names. */
export function familyOf(jti: string): string | undefined {
  const dot = jti.indexOf('.')
  return dot === -1 ? undefined : jti.slice(0, dot)
}

function assuranceClaims(assurance: Assurance | undefined): Readonly<Record<string, unknown>> {
  return assurance === undefined ? {} : { amr: assurance.amr, acr: assurance.acr, auth_time: assurance.authTime }
}

function signIdToken({ order, scope, issuedAt }: Parts, user: User): string | Promise<string> {
  const payload = {
    ...userClaims(user, scope, order.dates ?? 'seconds'),
    ...order.claims?.idToken,
    iss: order.issuer,
    sub: order.subject,
    aud: order.application.id,
    iat: issuedAt,
    exp: issuedAt + (order.idTokenLifetime ?? idTokenLifetime),
    ...assuranceClaims(order.assurance),
    ...(order.nonce === undefined ? {} : { nonce: order.nonce }),
    ...(order.sid === undefined ? {} : { sid: order.sid }),
  }
  return signWith(order.keys.active(idTokenAlgorithm(order)), 'JWT', payload)
}

function refreshToken({ order, scope, issuedAt, grantId }: Parts, user: User, family: string): MintedRefresh {
  const started = order.family?.startedAt ?? issuedAt
  const kept = order.family?.scope ?? scope
  const audience = order.family === undefined ? order.audience?.id : order.family.audience
  const jkt = order.family === undefined ? bindingOf(order) : order.family.jkt
  const value = order.random.token()
  const payload: RefreshPayload = {
    kind: 'RefreshToken',
    iat: issuedAt,
    exp: started + familyLifetime,
    clientId: order.application.id,
    accountId: user.id,
    grantId: grantId ?? family,
    gty: order.family?.gty ?? order.grantType,
    scope: kept.join(' '),
    ...(audience === undefined ? {} : { resource: audience }),
    ...(jkt === undefined ? {} : { jkt }),
    ...(order.sid === undefined ? {} : { sid: order.sid }),
    ...(order.assurance === undefined
      ? {}
      : { amr: order.assurance.amr, acr: order.assurance.acr, authTime: order.assurance.authTime }),
    iiat: started,
    rotations: order.family === undefined ? 0 : order.family.rotations + 1,
    ...(order.proofs === undefined ? {} : { proofs: order.proofs }),
    ...(order.device === undefined ? {} : { device: order.device }),
  }
  return { value, row: artifactRow(order.tenant, artifactId('RefreshToken', value), payload) }
}

/** Refresh tokens of public clients are bound to the key of the proof; others have their client authentication (RFC 9449 section 5). */
function bindingOf(order: TokenOrder): string | undefined {
  return order.application.authMethod === 'none' ? order.dpopJkt : undefined
}
