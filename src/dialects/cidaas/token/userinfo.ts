import type { Answer, Exchange } from '#http/route.ts'
import type { User } from '#model/user.ts'
import { userClaims } from '#oidc/claims.ts'
import type { Dialect } from '../dialect.ts'
import { inputOf } from '../input.ts'
import { denied, iso, noStore } from '../wire.ts'
import { groupsOf } from './claims.ts'
import { bearerOf, userOf } from './resource.ts'

/** `/users-srv/userinfo`, GET and POST: flat claims, as far as the scopes go (cidaas.md §2.7). */
export async function userinfo(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const inForm = exchange.bodyKind === 'form' ? inputOf(exchange).text('access_token') : undefined
  const claims = await bearerOf(dialect, exchange, inForm)
  if (claims === undefined) return denied(dialect)
  const user = await userOf(dialect, exchange, claims)
  if (user === undefined) return denied(dialect)
  if (!claims.scope.includes('openid')) return denied(dialect, 403)
  return { status: 200, headers: noStore, body: { sub: user.id, ...profile(user, claims.scope) } }
}

function profile(user: User, scope: readonly string[]): object {
  const mobile = scope.includes('mobile') || scope.includes('phone')
  return {
    ...userClaims(user, scope, 'seconds'),
    ...(mobile && user.phoneNumber !== undefined
      ? {
          mobile_number: user.phoneNumber,
          mobile_number_verified: user.phoneVerified,
          phone_number: user.phoneNumber,
        }
      : {}),
    ...(scope.includes('profile')
      ? {
          provider: 'self',
          user_status: 'VERIFIED',
          ...(user.lastLoginAt === undefined ? {} : { last_accessed_at: iso(user.lastLoginAt) }),
        }
      : {}),
    ...(scope.includes('identities')
      ? { identities: [{ identity_id: user.id, provider: 'self', email: user.email }] }
      : {}),
    ...(scope.includes('roles') ? { roles: [] } : {}),
    ...(scope.includes('groups') ? { groups: groupsOf(user) } : {}),
  }
}
