import { AuthClient } from '@auth0/auth0-auth-js'
import type { ConfigInput } from '#config/schema.ts'
import type { TestServer } from '../support/server.ts'

type Tenant = ConfigInput['tenants'][number]
type User = NonNullable<Tenant['users']>[number]

export const api = 'https://api.example'
export const callback = 'http://localhost:5173/callback'
const own = 'http://auth0.com/oauth/grant-type/'
export const grant = {
  otp: `${own}mfa-otp`,
  oob: `${own}mfa-oob`,
  recovery: `${own}mfa-recovery-code`,
  realm: `${own}password-realm`,
  passwordless: `${own}passwordless/otp`,
} as const

export const passwordOf = (name: string): string => `the quite long password of ${name}`
export const emailOf = (name: string): string => `${name}@example.com`

/** A user of the default directory; more fields as a story needs them. */
export const someone = (name: string, over: Partial<User> = {}): User => ({
  email: emailOf(name),
  email_verified: true,
  password: passwordOf(name),
  ...over,
})

const managementScopes = [
  ...['guardian_factors', 'mfa_policies', 'users', 'authentication_methods'].flatMap((it) => [
    `read:${it}`,
    `update:${it}`,
  ]),
  'create:authentication_methods',
  'delete:authentication_methods',
  'create:guardian_enrollment_tickets',
  'read:guardian_enrollments',
  'delete:guardian_enrollments',
  'create:users',
  'delete:users',
]

/** The set-up of auth0.md §8.0: clients web, other, spa, nomfa, m2m, one API, and the policy ALWAYS. */
export const conformance =
  (users: readonly User[], over: Partial<Tenant> = {}) =>
  (publicUrl: string): ConfigInput => ({
    tenants: [
      {
        id: 'demo',
        name: 'My Test Tenant',
        domains: ['localhost', '127.0.0.1'],
        factors: ['password', 'totp', 'sms', 'recovery_code'],
        mfa: { mode: 'ALWAYS' },
        apis: [{ audience: api, scopes: ['read:things'] }],
        applications: [
          confidential(
            'web',
            ['password', 'mfa', 'refresh_token', 'client_credentials', 'passwordless', 'webauthn'],
            api,
          ),
          confidential('other', ['password', 'mfa']),
          confidential('nomfa', ['password']),
          {
            client_id: 'spa',
            type: 'spa',
            redirect_uris: [callback],
            logout_uris: ['http://localhost:5173'],
            allowed_origins: ['http://localhost:5173'],
            // The password grant stands in for the redirect, whose pages another story shows.
            grant_types: ['authorization_code', 'refresh_token', 'password', 'mfa', 'webauthn'],
          },
          {
            client_id: 'm2m',
            type: 'machine',
            client_secret: 'the-secret-of-m2m-is-long-enough',
            client_grants: [{ audience: `${publicUrl}/api/v2/`, scopes: managementScopes }],
          },
        ],
        users: [...users],
        ...over,
      },
    ],
  })

export const secretOf = (client: string): string => `the-secret-of-${client}-is-long-enough`

function confidential(id: string, grants: readonly string[], audience?: string) {
  return {
    client_id: id,
    type: 'web' as const,
    client_secret: secretOf(id),
    grant_types: [...grants] as NonNullable<NonNullable<Tenant['applications']>[number]['grant_types']>,
    client_grants: audience === undefined ? [] : [{ audience, scopes: ['read:things'] }],
  }
}

/** What the MFA API's audience is called, and everything it can be asked for. */
export const mfaApi = (server: TestServer) => ({
  audience: `${server.publicUrl}/mfa/`,
  scope: 'enroll read:authenticators remove:authenticators',
})

/** The unmodified server SDK as a confidential client. */
export const authClient = (server: TestServer, client = 'web'): AuthClient =>
  new AuthClient({ domain: server.domain, clientId: client, clientSecret: secretOf(client) })

/** The payload of a JWT, unverified. */
export function payload(jwt: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

export interface Cause {
  readonly error: string
  readonly error_description: string
  readonly mfa_token: string
  readonly mfa_requirements: {
    readonly challenge?: readonly { readonly type: string }[]
    readonly enroll?: readonly { readonly type: string }[]
  }
}

export interface Failure {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly cause: Cause
}

/** What a call of an SDK throws. */
export async function failure(call: Promise<unknown>): Promise<Failure> {
  try {
    const got = await call
    throw new Error(`it did not fail: ${JSON.stringify(got)}`)
  } catch (error) {
    return error as Failure
  }
}

/** Password login that meets MFA, by the SDK: what it was told. */
export async function meetsMfa(
  server: TestServer,
  client: AuthClient,
  name: string,
  more: object = {},
): Promise<Cause> {
  const { cause } = await failure(
    client.getTokenByPassword({
      username: emailOf(name),
      password: passwordOf(name),
      audience: api,
      scope: 'openid profile offline_access',
      ...more,
    }),
  )
  if (cause?.error !== 'mfa_required') throw new Error(`not mfa_required: ${JSON.stringify(cause)} ${server.log()}`)
  return cause
}
