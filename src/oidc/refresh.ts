import { orphanId } from '#engine/accounts/remove.ts'
import type { Application } from '#model/application.ts'
import type { Artifact } from '#model/artifact.ts'
import { asId, type TenantId, type UserId } from '#model/ids.ts'
import type { Assurance, Proof } from '#model/proof.ts'
import type { Keyring } from '#ports/keyring.ts'
import { put, remove, row, type Store, type Write } from '#ports/store.ts'
import { artifactId, type RefreshPayload } from './artifacts.ts'
import { identityScopes } from './claims.ts'
import type { Family, Minted, TokenAnswer } from './mint.ts'

/** A client that lost an answer may repeat its request for so long, ms (S-111). */
export const repeatWindow = 10_000

/** A refresh token looked at, not used. */
export interface RefreshLook {
  /** Row id; what a ticket keeps of an interrupted refresh. Not a secret. */
  readonly id: string
  readonly tenant: TenantId
  readonly client: string
  readonly user: UserId
  readonly family: Family
  /** What was proved when the family began; copied, never raised (S-119). */
  readonly assurance?: Assurance
  readonly proofs: readonly Proof[]
  /** Remembered device that spared the second factor; whether it still does is asked again (S-47). */
  readonly device?: string
  /** Epoch ms: end of the whole family. */
  readonly endsAt: number
  /** It has been rotated within the last 10 s: the same successor will be given again. */
  readonly repeat: boolean
}

/**
 * Why a refresh token is not good. `reused`: an old member of a family came back, so the family must end. `orphaned`: the
 * account it was given for has been deleted.
 */
export type RefreshRefusal =
  | {
      readonly no: 'unknown' | 'orphaned' | 'expired' | 'other-client' | 'wrong-key' | 'superseded'
      readonly yes?: undefined
    }
  | { readonly no: 'reused'; readonly look: RefreshLook; readonly yes?: undefined }

export interface RefreshQuestion {
  readonly tenant: TenantId
  readonly application: Pick<Application, 'id'>
  /** The bearer value as sent. */
  readonly token: string
  readonly dpopJkt?: string
  /** Epoch ms. */
  readonly now: number
}

/**
 * Looks at a refresh token without using it, so that the caller can ask policy first: a refresh that is answered with
 * `mfa_required` leaves the token as it was (auth0.md §9.13).
 * A `reused` answer is to be followed by `endFamily` in a change with the audit event.
 */
export async function readRefresh(
  store: Store,
  question: RefreshQuestion,
): Promise<{ readonly yes: RefreshLook; readonly no?: undefined } | RefreshRefusal> {
  const { tenant, application, token, dpopJkt, now } = question
  return lookAt(store, tenant, artifactId('RefreshToken', token), { client: application.id, dpopJkt, now })
}

/** The same for the row a ticket remembers; the value itself is nowhere kept. */
export async function readInterrupted(
  store: Store,
  question: Omit<RefreshQuestion, 'token'> & { readonly refreshToken: string },
): Promise<{ readonly yes: RefreshLook; readonly no?: undefined } | RefreshRefusal> {
  const { tenant, application, refreshToken, dpopJkt, now } = question
  return lookAt(store, tenant, refreshToken, { client: application.id, dpopJkt, now })
}

interface Holder {
  readonly client: string
  readonly dpopJkt?: string
  readonly now: number
}

async function lookAt(
  store: Store,
  tenant: TenantId,
  id: string,
  holder: Holder,
): Promise<{ readonly yes: RefreshLook; readonly no?: undefined } | RefreshRefusal> {
  const token = await store.get('artifacts', tenant, id)
  if (token === undefined) return { no: (await isOrphan(store, tenant, id, holder)) ? 'orphaned' : 'unknown' }
  if (token.model !== 'RefreshToken') return { no: 'unknown' }
  const grant = await store.get('artifacts', tenant, artifactId('Grant', payloadOf(token).grantId))
  const state = judge({ token, grant }, holder)
  if (state === 'live' || state === 'repeat') return { yes: lookOf(token, state === 'repeat') }
  return state === 'reused' ? { no: 'reused', look: lookOf(token, false) } : { no: state }
}

async function isOrphan(store: Store, tenant: TenantId, id: string, { client, now }: Holder): Promise<boolean> {
  const left = await store.get('artifacts', tenant, orphanId(id))
  return left?.client === client && (left.expiresAt ?? 0) > now
}

type State = 'live' | 'repeat' | 'reused' | 'unknown' | 'expired' | 'other-client' | 'wrong-key'

/** The one place that says what a refresh token is worth; used for the look and again inside the change. */
function judge({ token, grant }: RefreshFound, holder: Holder): State {
  if (token === undefined || grant === undefined) return 'unknown'
  const payload = payloadOf(token)
  if (payload.clientId !== holder.client) return 'other-client'
  if (payload.exp * 1000 <= holder.now || (grant.expiresAt ?? Number.POSITIVE_INFINITY) <= holder.now) return 'expired'
  if (payload.jkt !== undefined && payload.jkt !== holder.dpopJkt) return 'wrong-key'
  if (payload.consumed === undefined) return 'live'
  return holder.now - rotatedAt(payload) < repeatWindow && payload.successor !== undefined ? 'repeat' : 'reused'
}

/** Epoch ms; `consumed` alone is in whole seconds, as `oidc-provider` writes it. */
function rotatedAt(payload: RefreshPayload & { readonly rotatedAtMs?: number }): number {
  return payload.rotatedAtMs ?? (payload.consumed ?? 0) * 1000
}

function payloadOf(token: Artifact): RefreshPayload {
  return token.payload as unknown as RefreshPayload
}

function lookOf(token: Artifact, repeat: boolean): RefreshLook {
  const payload = payloadOf(token)
  const { acr, amr, authTime } = payload
  return {
    id: token.id,
    tenant: token.tenant,
    client: payload.clientId,
    user: asId<UserId>(payload.accountId),
    family: {
      grantId: payload.grantId,
      startedAt: payload.iiat,
      rotations: payload.rotations ?? 0,
      scope: payload.scope === '' || payload.scope === undefined ? [] : payload.scope.split(' '),
      audience: payload.resource,
      jkt: payload.jkt,
      gty: payload.gty,
    },
    assurance:
      acr === undefined || authTime === undefined
        ? undefined
        : { acr, authTime, amr: amr ?? [], mfa: (amr ?? []).includes('mfa') },
    proofs: (payload.proofs ?? []) as readonly Proof[],
    ...(payload.device === undefined ? {} : { device: payload.device }),
    endsAt: payload.exp * 1000,
    repeat,
  }
}

/** What a change has to load to rotate a token; spread it among its other refs. */
export function refreshRefs(look: Pick<RefreshLook, 'tenant' | 'id' | 'family'>) {
  return {
    token: row('artifacts', look.tenant, look.id),
    grant: row('artifacts', look.tenant, artifactId('Grant', look.family.grantId)),
  }
}

export interface RefreshFound {
  readonly token: Artifact | undefined
  readonly grant: Artifact | undefined
}

/** A rotation got ready outside the change. */
export interface RefreshRequest {
  readonly look: RefreshLook
  readonly dpopJkt?: string
  /** Made with `prepare({ …, family: look.family })`. */
  readonly minted: Minted
  /** The new value, sealed for the old row; made with `sealSuccessor`. */
  readonly sealedSuccessor: string
  readonly keyring: Keyring
  /** Epoch ms. */
  readonly now: number
}

export type RefreshPlan =
  | {
      readonly yes: { respond(): Promise<TokenAnswer>; readonly repeat: boolean }
      readonly no?: undefined
      readonly writes: readonly Write[]
    }
  | { readonly no: Exclude<RefreshRefusal['no'], never>; readonly yes?: undefined; readonly writes: readonly Write[] }

/** Gets a rotation ready: seals the new value for the row of the old one. */
export function readyRefresh(request: Omit<RefreshRequest, 'sealedSuccessor'>): RefreshRequest {
  const value = request.minted.refresh?.value
  if (value === undefined) throw new Error('a refresh has to mint a refresh token: prepare it with the family')
  return { ...request, sealedSuccessor: request.keyring.seal(value, successorContext(request.look)) }
}

/**
 * Decides a rotation by what the change has found; pure, so a store may run it again. Commit its `writes` in any case:
 * - first use: the old row is marked used, by the one conditional write that only one of many can win, and the
 *   successor is written;
 * - a repeat within 10 s by the same client: the same successor again, no second branch (S-111);
 * - an old token: the family ends.
 */
export function planRefresh(found: RefreshFound, request: RefreshRequest): RefreshPlan {
  const state = judge(found, { client: request.look.client, dpopJkt: request.dpopJkt, now: request.now })
  switch (state) {
    case 'live':
      return {
        yes: { respond: () => request.minted.respond(), repeat: false },
        writes: rotate(found.token as Artifact, request),
      }
    case 'repeat':
      return {
        yes: { respond: repeatAnswer(found.token as Artifact, request), repeat: true },
        writes: withoutRefresh(request.minted),
      }
    case 'reused':
      return { no: 'reused', writes: endFamily(request.look) }
    default:
      return { no: state, writes: [] }
  }
}

/**
 * Ends a refresh that a second factor had interrupted: the new token, with what has now been proved, follows the one
 * the ticket remembers, in the same family. When that one was rotated meanwhile, another answer has gone out and this
 * one is refused as `superseded`; nobody reused anything, so the family lives.
 */
export function replaceInterrupted(found: RefreshFound, request: RefreshRequest): RefreshPlan {
  const state = judge(found, { client: request.look.client, dpopJkt: request.dpopJkt, now: request.now })
  if (state === 'live') return planRefresh(found, request)
  return { no: state === 'repeat' || state === 'reused' ? 'superseded' : state, writes: [] }
}

/** Ends a family: without its grant no token of it counts, however many there are (S-111, S-120). */
export function endFamily(look: {
  readonly tenant: TenantId
  readonly family: Pick<Family, 'grantId'>
}): readonly Write[] {
  return [remove('artifacts', look.tenant, artifactId('Grant', look.family.grantId))]
}

function rotate(token: Artifact, { minted, now, sealedSuccessor }: RefreshRequest): readonly Write[] {
  const consumed = Math.floor(now / 1000)
  const payload = { ...token.payload, consumed, rotatedAtMs: now, successor: sealedSuccessor }
  return [put('artifacts', { ...token, payload, consumedAt: consumed }), ...minted.writes]
}

/** A repeat gets new access and ID tokens, beside the refresh token that has already been made. */
function withoutRefresh(minted: Minted): readonly Write[] {
  return minted.writes.filter((write) => write.do === 'remove' || write.row.id !== minted.refresh?.row.id)
}

function repeatAnswer(token: Artifact, { keyring, look, minted }: RefreshRequest): () => Promise<TokenAnswer> {
  const value = keyring.openText(payloadOf(token).successor as string, successorContext(look))
  return async () => ({ ...(await minted.respond()), refresh_token: value })
}

function successorContext(look: Pick<RefreshLook, 'tenant' | 'id'>): readonly string[] {
  return ['refresh-successor', look.tenant, look.id]
}

/** What a refresh asks for, and what of it may be given. */
export interface ScopeQuestion {
  readonly look: Pick<RefreshLook, 'family'>
  /** As sent; absent: everything. */
  readonly scope?: readonly string[]
  readonly audience?: string
  /**
   * For another audience than the family's: all that user and client could get there, judged by the caller.
   * `undefined`: nothing, the audience is refused.
   */
  readonly allowed?: readonly string[]
}

/**
 * The scope a refresh grants (RFC 6749 section 6). For the family's own audience never more than it began with; what
 * is asked beyond is left out, and the answer's `scope` tells. For another audience (multi-resource refresh, auth0.md
 * §5.1) the rights of that API come from `allowed`, while statements about the person stay those of the beginning.
 */
export function refreshScope(
  question: ScopeQuestion,
): { readonly yes: readonly string[] } | { readonly no: 'audience' } {
  const { look, scope, audience, allowed } = question
  const started = look.family.scope
  if (audience === undefined || audience === look.family.audience) {
    return { yes: scope === undefined ? started : started.filter((name) => scope.includes(name)) }
  }
  if (allowed === undefined) return { no: 'audience' }
  const personal = started.filter((name) => isPersonal(name))
  const rights = allowed.filter((name) => !isPersonal(name))
  const possible = [...personal, ...rights]
  return { yes: scope === undefined ? possible : possible.filter((name) => scope.includes(name)) }
}

function isPersonal(name: string): boolean {
  return identityScopes.includes(name)
}
