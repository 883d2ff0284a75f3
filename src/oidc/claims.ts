import type { User } from '#model/user.ts'

/** How a dialect writes times in profile claims: OpenID Connect as seconds, Auth0 as ISO 8601 text. */
export type ClaimDates = 'iso' | 'seconds'

/** The claims each scope opens (OpenID Connect Core section 5.4). */
export const scopeClaims = {
  profile: ['name', 'nickname', 'picture', 'given_name', 'family_name', 'preferred_username', 'locale', 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
} as const

/** The scopes that say something about the person, as against rights at an API. */
export const identityScopes: readonly string[] = ['openid', 'profile', 'email', 'phone', 'address', 'offline_access']

/** What the granted scopes tell about a user; members without a value are left out. */
export function userClaims(user: User, scope: readonly string[], dates: ClaimDates): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  const set = (name: string, value: unknown): void => {
    if (value !== undefined) out[name] = value
  }
  if (scope.includes('profile')) {
    set('name', user.name)
    set('nickname', user.nickname)
    set('picture', user.picture)
    set('given_name', user.givenName)
    set('family_name', user.familyName)
    set('preferred_username', user.username)
    set('locale', user.locale)
    out.updated_at = dates === 'iso' ? new Date(user.updatedAt).toISOString() : Math.floor(user.updatedAt / 1000)
  }
  if (scope.includes('email') && user.email !== undefined) {
    out.email = user.email
    out.email_verified = user.emailVerified
  }
  if (scope.includes('phone') && user.phoneNumber !== undefined) {
    out.phone_number = user.phoneNumber
    out.phone_number_verified = user.phoneVerified
  }
  return out
}
