import { type CryptoKey, decodeProtectedHeader, importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'
import type { TenantId } from '#model/ids.ts'
import type { Store } from '#ports/store.ts'
import { type AccessPayload, artifactId } from './artifacts.ts'
import type { LoadedKey, TenantKeys } from './keys.ts'
import { familyOf, userinfoAudience } from './mint.ts'

/** What a good access token says. */
export interface AccessClaims {
  /** As the dialect that issued it spells it. */
  readonly subject: string
  readonly client: string
  readonly scope: readonly string[]
  readonly audience: readonly string[]
  /** `jti`, or row id of an opaque token; not a secret. */
  readonly id: string
  /** Id of the user, where the store tells; a JWT without a family knows the `subject` only. */
  readonly user?: string
  readonly grantId?: string
  readonly gty?: string
  readonly amr: readonly string[]
  readonly acr?: string
  /** Epoch s. */
  readonly authTime?: number
  /** Epoch s. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** Thumbprint of the key without whose proof the token is worth nothing; the caller must ask for the proof. */
  readonly jkt?: string
  readonly kind: 'jwt' | 'opaque'
}

export interface TokenQuestion {
  readonly tenant: TenantId
  /** As sent; anything at all. */
  readonly token: string
  /** `iss` it must have: all spellings under which the endpoint's dialect issues. */
  readonly issuer: string
  /**
   * The endpoint's own audience, or several it answers to; a token for anyone else is refused (S-115).
   * `undefined` is for revocation and introspection alone, which ask about a token instead of accepting it.
   */
  readonly audience: string | readonly string[] | undefined
  /** Epoch ms. */
  readonly now: number
}

export interface TokenParts {
  readonly store: Store
  readonly keys: TenantKeys
}

/** Longer tokens are not looked at. */
const longestToken = 8192
const clockTolerance = 5

/**
 * What an access token of ours says, or undefined when it is not one, not for this audience, over, or ended.
 * The token chooses nothing: its `kid` must be a key of this tenant, and that key has one algorithm (S-42). ID tokens,
 * refresh tokens, flow tokens and codes are no access tokens, however well signed (S-57, S-115).
 */
export async function verifyAccessToken(parts: TokenParts, question: TokenQuestion): Promise<AccessClaims | undefined> {
  if (question.token === '' || question.token.length > longestToken) return undefined
  return question.token.includes('.') ? verifyJwt(parts, question) : verifyOpaque(parts, question)
}

async function verifyJwt(parts: TokenParts, question: TokenQuestion): Promise<AccessClaims | undefined> {
  const payload = await readJwt(parts.keys, question)
  // Only access tokens of ours carry `jti` and `azp` together; an ID token for a client named like an API has neither.
  if (payload === undefined || typeof payload.jti !== 'string' || typeof payload.azp !== 'string') return undefined
  if (typeof payload.sub !== 'string' || typeof payload.iat !== 'number' || typeof payload.exp !== 'number')
    return undefined
  const grantId = familyOf(payload.jti)
  const grant = grantId === undefined ? undefined : await liveGrant(parts.store, question, grantId)
  if (grantId !== undefined && grant === undefined) return undefined
  const confirmation = payload.cnf as { readonly jkt?: string } | undefined
  return {
    subject: payload.sub,
    client: payload.azp,
    scope: words(payload.scope),
    audience: list(payload.aud),
    id: payload.jti,
    user: grant?.user,
    grantId,
    gty: text(payload.gty),
    amr: Array.isArray(payload.amr) ? (payload.amr as string[]) : [],
    acr: text(payload.acr),
    authTime: typeof payload.auth_time === 'number' ? payload.auth_time : undefined,
    issuedAt: payload.iat,
    expiresAt: payload.exp,
    jkt: confirmation?.jkt,
    kind: 'jwt',
  }
}

async function readJwt(keys: TenantKeys, question: TokenQuestion): Promise<JWTPayload | undefined> {
  try {
    const { kid, typ } = decodeProtectedHeader(question.token)
    if (typeof kid !== 'string' || (typ !== 'JWT' && typ !== 'at+jwt')) return undefined
    // An unknown kid causes no extra read: keys are published a day before they sign.
    const key = (await keys.snapshot(question.tenant, [])).byKid(kid)
    if (key === undefined) return undefined
    const options = {
      algorithms: [key.alg],
      issuer: question.issuer,
      ...(question.audience === undefined ? {} : { audience: list(question.audience) as string[] }),
      requiredClaims: ['exp', 'iat', 'sub', 'jti'],
      clockTolerance,
      currentDate: new Date(question.now),
    }
    return (await jwtVerify(question.token, await publicKey(key), options)).payload
  } catch {
    return undefined
  }
}

const imported = new WeakMap<object, Promise<CryptoKey | Uint8Array>>()

function publicKey(key: LoadedKey): Promise<CryptoKey | Uint8Array> {
  const known = imported.get(key.publicJwk)
  if (known !== undefined) return known
  const fresh = importJWK(key.publicJwk as JWK, key.alg)
  imported.set(key.publicJwk, fresh)
  return fresh
}

async function verifyOpaque(parts: TokenParts, question: TokenQuestion): Promise<AccessClaims | undefined> {
  const id = artifactId('AccessToken', question.token)
  const found = await parts.store.get('artifacts', question.tenant, id)
  if (found === undefined) return undefined
  const payload = found.payload as unknown as AccessPayload
  if (payload.exp * 1000 <= question.now) return undefined
  if (payload.grantId !== undefined && (await liveGrant(parts.store, question, payload.grantId)) === undefined)
    return undefined
  // A token without audience is for the user info endpoint alone (auth0.md §1.2).
  const own = payload.aud ?? userinfoAudience(question.issuer)
  if (question.audience !== undefined && !list(question.audience).includes(own)) return undefined
  const extra = (payload.extra ?? {}) as Readonly<Record<string, unknown>>
  return {
    subject: text(extra.sub) ?? payload.accountId ?? payload.clientId,
    client: payload.clientId,
    scope: words(payload.scope),
    audience: [own],
    id,
    user: payload.accountId,
    grantId: payload.grantId,
    gty: payload.gty,
    amr: Array.isArray(extra.amr) ? (extra.amr as string[]) : [],
    acr: text(extra.acr),
    authTime: typeof extra.auth_time === 'number' ? extra.auth_time : undefined,
    issuedAt: payload.iat,
    expiresAt: payload.exp,
    jkt: payload.jkt,
    kind: 'opaque',
  }
}

/** A family that was ended takes its access tokens along, as far as they are shown to us (S-120). */
async function liveGrant(
  store: Store,
  question: TokenQuestion,
  grantId: string,
): Promise<{ readonly user?: string } | undefined> {
  const grant = await store.get('artifacts', question.tenant, artifactId('Grant', grantId))
  return grant === undefined || (grant.expiresAt ?? 0) <= question.now ? undefined : grant
}

function words(value: unknown): readonly string[] {
  return typeof value === 'string' && value !== '' ? value.split(' ') : []
}

function list(value: unknown): readonly string[] {
  return typeof value === 'string' ? [value] : Array.isArray(value) ? value : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** How a token came: `Authorization: Bearer …` or `DPoP …`, split at the first space (auth0.md §0.3 rule 11). */
export interface Bearer {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
}

/** Reads the `Authorization` header; undefined for another scheme or none. Tokens in a query are never read (S-121). */
export function readBearer(header: string | undefined): Bearer | undefined {
  if (header === undefined) return undefined
  const space = header.indexOf(' ')
  if (space === -1) return undefined
  const scheme = header.slice(0, space).toLowerCase()
  const token = header.slice(space + 1).trim()
  if (token === '') return undefined
  if (scheme === 'bearer') return { scheme: 'Bearer', token }
  return scheme === 'dpop' ? { scheme: 'DPoP', token } : undefined
}
