import type { Row } from './row.ts'
import type { SigningAlgorithm } from './tenant.ts'

export type SigningKeyState = 'next' | 'active' | 'retired'

/** A tenant's key: published before its first use and until its last token has expired (S-43). */
export interface SigningKeyRow extends Row {
  /** The `kid`. */
  readonly id: string
  readonly alg: SigningAlgorithm
  readonly state: SigningKeyState
  readonly publicJwk: Readonly<Record<string, unknown>>
  /** Private JWK as JSON, sealed under (tenant, kid). */
  readonly sealed: string
  readonly createdAt: number
  readonly activatedAt?: number
  readonly retiredAt?: number
}
