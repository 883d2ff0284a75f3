import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId } from '#model/ids.ts'

/** The kinds of artifact both lanes of tokens know, under the names `oidc-provider` gives them. */
export type ArtifactModel = 'RefreshToken' | 'AccessToken' | 'Grant' | 'AuthorizationCode' | 'ReplayDetection' | string

/** The row of an artifact: only a digest of its value is stored, so a dump holds nothing to present (S-35). */
export function artifactId(model: ArtifactModel, value: string): string {
  return `${model}:${tokenDigest(value)}`
}

/** A refresh token, in the shape `oidc-provider` stores, without the value and with what policy needs to ask again. */
export interface RefreshPayload {
  readonly kind: 'RefreshToken'
  readonly iat: number
  readonly exp: number
  readonly clientId: string
  readonly accountId: string
  readonly grantId: string
  readonly gty: string
  readonly scope: string
  readonly resource?: string
  readonly jkt?: string
  readonly amr?: readonly string[]
  readonly acr?: string
  readonly authTime?: number
  readonly sid?: string
  /** Epoch s at which the family began. */
  readonly iiat: number
  readonly rotations: number
  /** Epoch s. */
  readonly consumed?: number
  /** Ours: what was proved when the family began. */
  readonly proofs?: readonly unknown[]
  /** Ours: row of the remembered device that spared the second factor then. */
  readonly device?: string
  /** Ours: the value that replaced this one, sealed, for a repeat within 10 s. */
  readonly successor?: string
}

/** An opaque access token, in the shape `oidc-provider` stores, without the value. */
export interface AccessPayload {
  readonly kind: 'AccessToken'
  readonly iat: number
  readonly exp: number
  readonly clientId: string
  readonly accountId?: string
  readonly grantId?: string
  readonly gty: string
  readonly scope: string
  readonly aud?: string
  readonly jkt?: string
  readonly sid?: string
  readonly extra?: Readonly<Record<string, unknown>>
}

/** What was agreed to, and the life of its family: without this row no token of the family counts. */
export interface GrantPayload {
  readonly kind: 'Grant'
  readonly iat: number
  readonly exp: number
  readonly accountId: string
  readonly clientId: string
  readonly openid?: { readonly scope: string }
  readonly resources?: Readonly<Record<string, string>>
}

export type TokenPayload = RefreshPayload | AccessPayload | GrantPayload

/** The row that keeps a payload of ours. */
export function artifactRow(tenant: TenantId, id: string, payload: TokenPayload): Artifact {
  return {
    tenant,
    id,
    model: payload.kind,
    payload: payload as unknown as Readonly<Record<string, unknown>>,
    expiresAt: payload.exp * 1000,
    ...('grantId' in payload && payload.grantId !== undefined ? { grantId: payload.grantId } : {}),
    ...(payload.accountId !== undefined ? { user: payload.accountId } : {}),
    client: payload.clientId,
  }
}
