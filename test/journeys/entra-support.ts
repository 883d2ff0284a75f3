import type { ConfigInput } from '#config/schema.ts'
import { attributesClient, nativeClient } from '../support/msal.ts'
import { emailOf, passwordOf } from './support.ts'

type Tenant = ConfigInput['tenants'][number]
type User = NonNullable<Tenant['users']>[number]

export const api = 'https://api.example'
/** Reserved for films (NANP 555), possible and of nobody. */
export const phone = '+15555550100'
export const blockedPhone = '+15556660100'

export const native = (clientId: string) => ({
  client_id: clientId,
  type: 'spa' as const,
  native_auth: true,
  allowed_origins: ['https://app.example'],
  grant_types: ['authorization_code' as const, 'refresh_token' as const],
})

export const someone = (name: string, over: Partial<User> = {}): User => ({
  email: emailOf(name),
  email_verified: true,
  password: passwordOf(name),
  name,
  ...over,
})

/** A tenant whose application may sign in natively; nothing asks for a second factor but what users have. */
export const nativeTenant =
  (users: readonly User[], over: Partial<Tenant> = {}) =>
  (): ConfigInput => ({
    tenants: [
      {
        id: 'demo',
        name: 'My Test Tenant',
        domains: ['localhost', '127.0.0.1'],
        phone: { countries: ['US', 'CA'], blocked_prefixes: ['+1555666'] },
        apis: [{ audience: api, scopes: ['read'] }],
        applications: [native(nativeClient)],
        users: [...users],
        ...over,
      },
      {
        id: 'asking',
        applications: [native(attributesClient)],
        sign_up: {
          attributes: [
            { name: 'displayName', required: true },
            { name: 'postalCode', required: true, pattern: '[0-9]{5}' },
          ],
        },
      },
    ],
  })
