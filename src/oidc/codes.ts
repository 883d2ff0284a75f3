import { s256, sameSecret } from '#crypto/digest.ts'
import type { Application } from '#model/application.ts'
import type { Artifact } from '#model/artifact.ts'
import { asId, type TenantId, type UserId } from '#model/ids.ts'
import type { Assurance, Proof } from '#model/proof.ts'
import { put, remove, row, type Store, type Write } from '#ports/store.ts'
import { artifactId } from './artifacts.ts'
import { offlineScope, toAudience } from './audiences.ts'
import type { Minted } from './mint.ts'

/** A used code is remembered so long, ms, to tell a second use from an unknown code (S-110). */
const rememberUsed = 600_000

/** What codes of both kinds say about the person and what was approved. */
export interface ApprovalPayload {
  readonly accountId: string
  readonly grantId: string
  readonly scope?: string
  readonly resource?: string | readonly string[]
  readonly nonce?: string
  readonly sid?: string
  readonly acr?: string
  readonly amr?: readonly string[]
  readonly authTime?: number
  /** Ours: what was proved, so that policy can ask again at a refresh. */
  readonly proofs?: readonly Proof[]
  /** Ours: row of the remembered device that spared the second factor. */
  readonly device?: string
}

/** An authorization code as the library's authorization endpoint has stored it. */
interface CodePayload extends ApprovalPayload {
  readonly clientId: string
  readonly exp: number
  readonly redirectUri: string
  readonly codeChallenge?: string
  readonly codeChallengeMethod?: string
  readonly dpopJkt?: string
  readonly consumed?: number
  /** Ours: the family the code was spent for. */
  readonly given?: string
  /** Ours: the dialect it was made in, where that is not the library's; no other redeems it (S-51). */
  readonly dialect?: string
}

export interface CodeQuestion {
  readonly tenant: TenantId
  readonly application: Pick<Application, 'id' | 'redirectUris'>
  readonly code: string
  /** May be left out by an application that has only one, as in the authorization request. */
  readonly redirectUri?: string
  /** PKCE verifier (RFC 7636 section 4.1). */
  readonly verifier?: string
  readonly dpopJkt?: string
  /** The dialect whose codes are good here; absent: the library's. */
  readonly dialect?: string
  /**
   * A code that was asked for without a challenge is good too, whatever verifier comes with it: only for dialects whose
   * unmodified clients can do no better (cidaas.md §0.3 rule 8). One with a challenge needs its verifier all the same.
   */
  readonly challengeOptional?: boolean
  /** Epoch ms. */
  readonly now: number
}

/** What a code stands for. */
export interface CodeLook extends Approval {
  readonly id: string
  readonly tenant: TenantId
  readonly question: CodeQuestion
}

export type CodeRefusal = 'unknown' | 'expired' | 'other-client' | 'redirect-uri' | 'verifier' | 'key' | 'used'
export type CodeOutcome =
  | { readonly yes: CodeLook; readonly no?: undefined }
  | { readonly no: CodeRefusal; readonly yes?: undefined }

/** Looks at a code without spending it. After `used` go on to `planCode`, which ends what the first use gave. */
export async function readCode(store: Store, question: CodeQuestion): Promise<CodeOutcome> {
  const code = await store.get('artifacts', question.tenant, artifactId('AuthorizationCode', question.code))
  const grant =
    code?.grantId === undefined
      ? undefined
      : await store.get('artifacts', question.tenant, artifactId('Grant', code.grantId))
  const no = judge({ code, grant }, question)
  return no === undefined || no === 'used' ? { yes: lookOf(code as Artifact, question) } : { no }
}

export interface CodeFound {
  readonly code: Artifact | undefined
  readonly grant: Artifact | undefined
}

/**
 * The order matters: only who shows client, verifier and redirect URI of the code learns that it was used, or could end
 * what it gave (S-110).
 */
function judge({ code, grant }: CodeFound, question: CodeQuestion): CodeRefusal | undefined {
  if (code === undefined || code.model !== 'AuthorizationCode') return 'unknown'
  const payload = code.payload as unknown as CodePayload
  if (payload.dialect !== question.dialect) return 'unknown'
  if (payload.clientId !== question.application.id) return 'other-client'
  if (payload.redirectUri !== redirectUriOf(question)) return 'redirect-uri'
  const unbound = question.challengeOptional === true && payload.codeChallenge === undefined
  if (!unbound && !rightVerifier(payload, question.verifier)) return 'verifier'
  if (payload.dpopJkt !== undefined && payload.dpopJkt !== question.dpopJkt) return 'key'
  if (payload.consumed !== undefined) return 'used'
  if (payload.exp * 1000 <= question.now) return 'expired'
  // Gone with the session or the consent it was given under.
  return grant === undefined ? 'unknown' : undefined
}

function redirectUriOf({ application, redirectUri }: CodeQuestion): string | undefined {
  return redirectUri ?? (application.redirectUris.length === 1 ? application.redirectUris[0] : undefined)
}

/** S256 alone, and always: no challenge, no code (S-108). */
function rightVerifier(payload: CodePayload, verifier: string | undefined): boolean {
  if (payload.codeChallenge === undefined || payload.codeChallengeMethod !== 'S256' || verifier === undefined)
    return false
  return /^[A-Za-z0-9._~-]{43,128}$/.test(verifier) && sameSecret(s256(verifier), payload.codeChallenge)
}

function lookOf(code: Artifact, question: CodeQuestion): CodeLook {
  const payload = code.payload as unknown as CodePayload
  return { id: code.id, tenant: code.tenant, question, ...approvalOf(payload) }
}

/** What a person has approved, as the library writes it into codes of both kinds. */
export interface Approval {
  readonly user: UserId
  /** The consent it was given under. */
  readonly grantId: string
  readonly scope: readonly string[]
  readonly audience?: string
  readonly nonce?: string
  readonly sid?: string
  readonly assurance?: Assurance
  readonly proofs?: readonly Proof[]
  readonly device?: string
}

/** Reads an approval out of a payload of the library. */
export function approvalOf(payload: ApprovalPayload): Approval {
  const { acr, amr, authTime } = payload
  const resource = typeof payload.resource === 'string' ? payload.resource : payload.resource?.[0]
  return {
    user: asId<UserId>(payload.accountId),
    grantId: payload.grantId,
    scope: wordsOf(payload.scope).map((name) => (name === offlineScope ? 'offline_access' : name)),
    audience: resource === undefined ? undefined : toAudience(resource),
    nonce: payload.nonce,
    sid: payload.sid,
    ...(payload.proofs === undefined ? {} : { proofs: payload.proofs }),
    ...(payload.device === undefined ? {} : { device: payload.device }),
    assurance:
      authTime === undefined
        ? undefined
        : { acr: acr ?? '', amr: amr ?? [], authTime, mfa: (amr ?? []).includes('mfa') },
  }
}

function wordsOf(scope: string | undefined): readonly string[] {
  return scope === undefined || scope === '' ? [] : scope.split(' ')
}

/** What a change has to load to spend a code; spread it among its other refs. */
export function codeRefs(look: CodeLook) {
  return {
    code: row('artifacts', look.tenant, look.id),
    grant: row('artifacts', look.tenant, artifactId('Grant', look.grantId)),
  }
}

export interface CodeRequest {
  readonly look: CodeLook
  /** Made with `prepare({ …, revocable: true })`, so that a second use has something to end. */
  readonly minted: Minted
}

export type CodePlan =
  | { readonly yes: Minted; readonly no?: undefined; readonly writes: readonly Write[] }
  | { readonly no: CodeRefusal; readonly yes?: undefined; readonly writes: readonly Write[] }

/**
 * Decides a redemption by what the change has found; pure. Commit its `writes` in any case: the first use marks the
 * code and stores its tokens in one conditional write (S-27), a second valid use ends the family of the first (S-110).
 */
export function planCode(found: CodeFound, { look, minted }: CodeRequest): CodePlan {
  const no = judge(found, look.question)
  if (no === undefined) return { yes: minted, writes: [spent(found.code as Artifact, look, minted), ...minted.writes] }
  const given = (found.code?.payload as unknown as CodePayload | undefined)?.given
  return {
    no,
    writes: no === 'used' && given !== undefined ? [remove('artifacts', look.tenant, artifactId('Grant', given))] : [],
  }
}

function spent(code: Artifact, look: CodeLook, minted: Minted): Write {
  const consumed = Math.floor(look.question.now / 1000)
  const payload = { ...code.payload, consumed, given: minted.grantId }
  return put('artifacts', { ...code, payload, consumedAt: consumed, expiresAt: look.question.now + rememberUsed })
}
