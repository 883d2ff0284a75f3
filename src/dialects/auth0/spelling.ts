import type { Spelling } from '#oidc/spelling.ts'
import type { Store } from '#ports/store.ts'
import { findTarget } from './audience.ts'
import { issuerOf } from './dialect.ts'
import { grants } from './token.ts'
import { subjectOf, usersOf } from './words.ts'

/** How Auth0 spells what all dialects of a tenant share (auth0.md §6.1, operating.md §6.9). */
export const auth0Spelling = (store: Store): Spelling => ({
  name: 'auth0',
  issuer: issuerOf,
  subject: (user) => subjectOf(user.id),
  userOf: (subject) => usersOf(subject)[0],
  dates: 'iso',
  paths: {
    authorize: '/authorize',
    par: '/oauth/par',
    token: '/oauth/token',
    deviceAuthorization: '/oauth/device/code',
    deviceVerification: '/activate',
    userinfo: '/userinfo',
    jwks: '/.well-known/jwks.json',
    revoke: '/oauth/revoke',
    introspect: '/oauth/introspect',
    endSession: '/oidc/logout',
    interaction: '/u/login',
  },
  async findAudience(tenantId, base, audience) {
    const tenant = await store.get('tenants', tenantId, tenantId)
    const target = tenant && (await findTarget(store, tenant, base, audience))
    const { managesFactors, scopes } = target ?? {}
    return target?.audience && scopes ? { ...target.audience, scopes, managesFactors } : undefined
  },
  grantTypes: Object.keys(grants),
  discovery: (base) => ({ mfa_challenge_endpoint: `${base}/mfa/challenge` }),
})
