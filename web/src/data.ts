import type { Account, State } from '../../src/dialects/hosted/schemas.ts'

export type { Account, Offer, Option, RefusalBody, State } from '../../src/dialects/hosted/schemas.ts'
export type Enrolling = NonNullable<State['enrolling']>
/** An enrolment begun in the account. */
export type Begun = Enrolling & { readonly challenge?: string; readonly recoveryCodes?: readonly string[] }
export type Asked = NonNullable<State['asked']>
export type Traits = Enrolling['traits']

/** What the server writes into a page, so that the page is complete without a second round trip. */
export interface PageData {
  readonly page: 'login' | 'account' | 'reset-password' | 'signed-out' | 'error' | 'authenticator'
  readonly language: string
  readonly tenant: string
  /** A picture of our own origin or a data URL. */
  readonly logo?: string
  /** Words of the tenant's own, over those of the catalogue. */
  readonly texts?: Readonly<Record<string, string>>
  readonly flow?: string
  readonly ticket?: string
  readonly state?: State
  readonly account?: Account
  readonly error?: { readonly code: string; readonly wait?: number; readonly reason?: string }
}

/** Reads what the server wrote into the page. */
export function readPageData(): PageData {
  const text = document.getElementById('page-data')?.textContent
  if (!text) throw new Error('the page came without its data')
  return JSON.parse(text) as PageData
}
