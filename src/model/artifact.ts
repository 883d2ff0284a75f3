import type { Row } from './row.ts'

/** What the OpenID Provider keeps: codes, refresh tokens, opaque access tokens, grants, sessions, replay marks. */
export interface Artifact extends Row {
  /** `<model>:<digest of the value>`. */
  readonly id: string
  readonly model: string
  readonly payload: Readonly<Record<string, unknown>>
  /** Family: everything issued from one consent or login. */
  readonly grantId?: string
  readonly uid?: string
  readonly userCode?: string
  readonly user?: string
  readonly client?: string
  /** Epoch seconds. */
  readonly consumedAt?: number
}
