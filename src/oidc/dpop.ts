import { calculateJwkThumbprint, EmbeddedJWK, type JWK, type JWTVerifyResult, jwtVerify } from 'jose'
import { s256 } from '#crypto/digest.ts'
import type { TenantId } from '#model/ids.ts'
import type { Store } from '#ports/store.ts'
import { type ReplayMark, replayMark, spendMark } from './replay.ts'

/** Algorithms a proof may be signed with; asymmetric only (RFC 9449 section 4.3). */
export const dpopAlgorithms: readonly string[] = ['ES256', 'EdDSA', 'RS256']
/** Oldest proof, s (S-117). */
export const proofAge = 60
/** How far a client's clock may be ahead, s. */
const clockAhead = 10
/** A proof is some 500 bytes; anything much longer is not looked at. */
const longestProof = 8192

export interface DpopQuestion {
  readonly tenant: TenantId
  /** `DPoP` header; of several headers none counts. */
  readonly proof: string
  readonly method: string
  /** Public URL of the endpoint, without query (S-163: made from configuration, never from Host). */
  readonly url: string
  /** The access token that came along, at resources. */
  readonly accessToken?: string
  /** The key the access token names, at resources. */
  readonly jkt?: string
  /** Where nonces are demanded: whether this one is good. Absent: none is asked for. */
  readonly nonce?: (nonce: string | undefined) => boolean
  /** Epoch ms. */
  readonly now: number
}

export type DpopOutcome =
  | { readonly yes: { readonly jkt: string; readonly mark: ReplayMark }; readonly no?: undefined }
  | {
      readonly no: 'malformed' | 'stale' | 'method' | 'url' | 'token' | 'key' | 'nonce' | 'replayed'
      readonly yes?: undefined
    }

/**
 * Checks a DPoP proof without spending it (RFC 9449 section 4.3). Commit its `mark` with `spend` in the change that
 * uses it; `proveDpop` does both.
 */
export async function readDpop(question: DpopQuestion): Promise<DpopOutcome> {
  const verified = await verifyProof(question.proof, question.now)
  if (verified === undefined) return { no: 'malformed' }
  const { payload, protectedHeader } = verified
  const { jti, iat, htm, htu, ath, nonce } = payload
  if (typeof jti !== 'string' || jti === '' || jti.length > 512 || typeof iat !== 'number') return { no: 'malformed' }
  const age = question.now / 1000 - iat
  if (age > proofAge || age < -clockAhead) return { no: 'stale' }
  if (htm !== question.method) return { no: 'method' }
  if (typeof htu !== 'string' || !sameUrl(htu, question.url)) return { no: 'url' }
  if (question.accessToken !== undefined && ath !== s256(question.accessToken)) return { no: 'token' }
  if (question.nonce?.(typeof nonce === 'string' ? nonce : undefined) === false) return { no: 'nonce' }
  const jkt = await calculateJwkThumbprint(protectedHeader.jwk as JWK)
  if (question.jkt !== undefined && question.jkt !== jkt) return { no: 'key' }
  const end = (iat + proofAge + clockAhead) * 1000
  return { yes: { jkt, mark: replayMark(question.tenant, `dpop:${jkt}`, jti, end) } }
}

/** Checks a DPoP proof and spends its `jti`; a second use, also at the same moment, is `replayed` (S-28). */
export async function proveDpop(store: Store, question: DpopQuestion): Promise<DpopOutcome> {
  const outcome = await readDpop(question)
  if (outcome.no !== undefined) return outcome
  return (await spendMark(store, outcome.yes.mark, question.now)) ? outcome : { no: 'replayed' }
}

async function verifyProof(proof: string, now: number): Promise<JWTVerifyResult | undefined> {
  if (proof.length > longestProof) return undefined
  try {
    // The key in the header is the point of a proof: it must hold no private member, which EmbeddedJWK sees to.
    const options = {
      typ: 'dpop+jwt',
      algorithms: [...dpopAlgorithms],
      currentDate: new Date(now),
      clockTolerance: 3600,
    }
    return await jwtVerify(proof, EmbeddedJWK, options)
  } catch {
    return undefined
  }
}

/** Compares after syntax-based normalisation and without query and fragment (RFC 9449 section 4.3, item 9). */
function sameUrl(given: string, expected: string): boolean {
  const a = URL.parse(given)
  const b = URL.parse(expected)
  return a !== null && b !== null && `${a.origin}${a.pathname}` === `${b.origin}${b.pathname}`
}
