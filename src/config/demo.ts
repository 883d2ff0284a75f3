import type { ConfigInput } from './schema.ts'

const grants = ['authorization_code', 'refresh_token', 'password', 'mfa', 'passwordless', 'device_code'] as const
const scopes = ['read:things', 'write:things']

/**
 * What runs without a configuration file (operating contract section 5): one application a dialect, and two users,
 * one who can try a first enrolment and one who has an authenticator app. Its secrets are public: development only.
 */
export function demoConfig(publicUrl: string): ConfigInput {
  return {
    development: true,
    public_url: publicUrl,
    tenants: [
      {
        id: 'demo',
        name: 'Demo',
        domains: ['localhost'],
        mfa: { mode: 'OFF' },
        // A range to see the refusal with; a premium one, such as +1 900 555 0100, is refused without being named.
        phone: { blocked_prefixes: ['+1555666'] },
        apis: [{ audience: 'https://api.example.com', name: 'Demo API', scopes }],
        applications: demoApplications(publicUrl),
        users: demoUsers,
      },
    ],
  }
}

function demoApplications(publicUrl: string): ConfigInput['tenants'][number]['applications'] {
  const browser = {
    redirect_uris: ['http://localhost:5173/callback'],
    logout_uris: ['http://localhost:5173'],
    allowed_origins: ['http://localhost:5173'],
  }
  return [
    {
      client_id: 'demo-spa',
      name: 'Demo SPA',
      type: 'spa',
      ...browser,
      grant_types: [...grants],
      native_auth: true,
      mfa: { mode: 'ALWAYS' },
    },
    {
      client_id: 'demo-web',
      name: 'Demo web application',
      type: 'web',
      client_secret: 'demo-web-secret-for-development-only',
      redirect_uris: ['http://localhost:8080/callback'],
      logout_uris: ['http://localhost:8080'],
      grant_types: [...grants],
      mfa: { mode: 'ALWAYS' },
    },
    {
      client_id: 'demo-native',
      name: 'Demo native authentication (Entra)',
      type: 'native',
      ...browser,
      grant_types: ['authorization_code', 'refresh_token'],
      native_auth: true,
      mfa: { mode: 'ALWAYS' },
    },
    {
      client_id: 'demo-cidaas',
      name: 'Demo application (cidaas)',
      type: 'spa',
      ...browser,
      grant_types: ['authorization_code', 'refresh_token', 'device_code'],
      mfa: { mode: 'ALWAYS' },
    },
    {
      client_id: 'demo-m2m',
      name: 'Demo management client',
      type: 'machine',
      client_secret: 'demo-m2m-secret-for-development-only',
      grant_types: ['client_credentials'],
      client_grants: [
        { audience: `${publicUrl}/api/v2/`, scopes: managementScopes },
        { audience: 'https://api.example.com', scopes: ['read:things'] },
      ],
    },
  ]
}

/** Scopes of the MFA parts of Auth0's Management API (auth0.md section 7). */
const managementScopes = [
  'read:users',
  'update:users',
  'read:authentication_methods',
  'create:authentication_methods',
  'update:authentication_methods',
  'delete:authentication_methods',
  'read:guardian_factors',
  'update:guardian_factors',
  'create:guardian_enrollment_tickets',
  'read:guardian_enrollments',
  'delete:guardian_enrollments',
  'read:mfa_policies',
  'update:mfa_policies',
]

/** Password of both demo users. */
export const demoPassword = 'correct horse battery staple'
/** Secret of Grace's authenticator app. */
export const demoTotpSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

const demoUsers: ConfigInput['tenants'][number]['users'] = [
  {
    email: 'ada@example.com',
    email_verified: true,
    phone_number: '+15555550100',
    username: 'ada',
    name: 'Ada',
    password: demoPassword,
  },
  {
    email: 'grace@example.com',
    email_verified: true,
    username: 'grace',
    name: 'Grace',
    password: demoPassword,
    authenticators: [{ factor: 'totp', secret: demoTotpSecret }],
  },
]
