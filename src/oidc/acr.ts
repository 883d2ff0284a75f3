import { acr } from '#engine/assurance.ts'
import type { Assurance } from '#model/proof.ts'

/** How many clients name a multi-factor login (OpenID PAPE policies of 2007, in use ever since). */
export const multiFactorPolicy = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

/** The levels clients may ask for, and when one is reached; a stronger one counts as the weaker (assurance.md §2). */
const reached: Readonly<Record<string, (assurance: Assurance) => boolean>> = {
  [acr.aal1]: () => true,
  [acr.aal2]: ({ mfa }) => mfa,
  [multiFactorPolicy]: ({ mfa }) => mfa,
  phr: (assurance) => assurance.acr === 'phr' || assurance.acr === 'phrh',
  phrh: (assurance) => assurance.acr === 'phrh',
}

export const acrValues: readonly string[] = Object.keys(reached)

/** What a request says about its level. */
export interface AskedLevel {
  /** Levels we know, in the order of preference; any of them will do. */
  readonly values: readonly string[]
  /** A level that is not reached is an error and not a weaker token (OIDC Core section 5.5.1.1, S-118). */
  readonly essential: boolean
}

/** Reads `acr_values` and the claims request for `acr`. */
export function askedLevel(
  acrValuesParam: string | undefined,
  claim: { readonly essential?: unknown; readonly value?: unknown; readonly values?: unknown } | null | undefined,
): AskedLevel {
  const claimed = [claim?.value, ...(Array.isArray(claim?.values) ? claim.values : [])].filter((it) => it !== undefined)
  const words = [...(acrValuesParam ?? '').split(' '), ...claimed].filter((it): it is string => typeof it === 'string')
  return {
    values: [...new Set(words)].filter((it) => it in reached),
    essential: claim?.essential === true && claimed.length > 0,
  }
}

/** The first of the levels asked for that is reached; undefined: none of them. */
export function levelReached({ values }: AskedLevel, assurance: Assurance): string | undefined {
  return values.find((name) => reached[name]?.(assurance))
}

/** What of a second factor has to be asked for, so that one of the levels is reached. */
export function secondFactorFor({ values }: AskedLevel): boolean | 'phishing-resistant' {
  if (values.length === 0 || values.includes(acr.aal1)) return false
  return values.every((name) => name.startsWith('phr')) ? 'phishing-resistant' : true
}
