import { tokenDigest } from '#crypto/digest.ts'
import { createKeyring } from '#crypto/keyring.ts'
import { seededRandom } from '#crypto/seeded-random.ts'
import type { Checked, CheckRequest } from '#engine/check.ts'
import type { Api, Application } from '#model/application.ts'
import { asId, type ClientId, type TenantId, type UserId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import { insert, type Store } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { createTenantKeys } from '../keys.ts'
import { algorithmsOf, prepare, type TokenAudience, type TokenOrder } from '../mint.ts'

/** TESTS ONLY: a small tenant with its applications, on a store in memory and a clock that stands still. */
export const tenantId = asId<TenantId>('demo')
export const issuer = 'https://id.example/'
export const apiAudience: TokenAudience = {
  id: 'https://api.example',
  accessTokenLifetime: 3600,
  allowOfflineAccess: true,
}

export const tenant: Tenant = {
  tenant: tenantId,
  id: tenantId,
  name: 'Demo',
  domains: ['id.example'],
  factors: ['password', 'totp'],
  phone: { blockedPrefixes: [], strict: false, guard: { enabled: false } },
  pages: {},
  defaultConnection: 'Username-Password-Authentication',
  signingAlgorithm: 'ES256',
}

export function application(id: string, over: Partial<Application> = {}): Application {
  return {
    tenant: tenantId,
    id: asId<ClientId>(id),
    name: id,
    type: 'web',
    secretDigests: [tokenDigest(`${id}-secret`)],
    authMethod: 'client_secret_post',
    redirectUris: ['https://app.example/callback'],
    logoutUris: ['https://app.example/'],
    allowedOrigins: [],
    grantTypes: ['password', 'refresh_token', 'authorization_code', 'client_credentials'],
    nativeAuth: false,
    clientGrants: [],
    ...over,
  }
}

export const user: User = {
  tenant: tenantId,
  id: asId<UserId>('u1'),
  email: 'ada@example.com',
  emailVerified: true,
  emailKey: 'ada@example.com',
  phoneVerified: false,
  name: 'Ada',
  mfaEnabled: false,
  blocked: false,
  createdAt: 0,
  updatedAt: 1_700_000_000_000,
  loginCount: 1,
}

export const api: Api = {
  tenant: tenantId,
  id: apiAudience.id,
  name: 'API',
  scopes: ['read:things', 'write:things'],
  accessTokenLifetime: 3600,
  allowOfflineAccess: true,
}

export async function world(applications: readonly Application[] = []) {
  const store: Store = await openStore('sqlite::memory:')
  let time = Date.UTC(2026, 10, 1)
  const clock = { now: () => time }
  const random = seededRandom('oidc')
  const keyring = createKeyring([Buffer.alloc(32, 7)])
  const keys = createTenantKeys({ store, keyring, clock })
  const web = application('web')
  await store.change({}, () => ({
    result: undefined,
    writes: [
      insert('tenants', tenant),
      insert('users', user),
      insert('apis', api),
      insert('applications', web),
      insert('applications', application('spa', { type: 'spa', authMethod: 'none', secretDigests: [] })),
      insert(
        'applications',
        application('tv', {
          type: 'native',
          authMethod: 'none',
          secretDigests: [],
          redirectUris: [],
          grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        }),
      ),
      ...applications.map((one) => insert('applications', one)),
    ],
  }))

  async function order(over: Partial<TokenOrder> = {}): Promise<TokenOrder> {
    const base = {
      tenant: tenantId,
      issuer,
      application: web,
      user,
      subject: `auth0|${user.id}`,
      assurance: {
        amr: ['pwd', 'otp', 'mfa'],
        acr: 'urn:polyfactor:aal2',
        authTime: Math.floor(time / 1000) - 5,
        mfa: true,
      },
      proofs: [{ factor: 'password', channel: 'password', at: time - 5000 }],
      scope: ['openid', 'profile', 'email', 'offline_access', 'read:things'],
      audience: apiAudience as TokenAudience | undefined,
      grantType: 'password',
      tenantAlgorithm: tenant.signingAlgorithm,
      now: time,
      random,
    }
    const whole = { ...base, ...over }
    return { ...whole, keys: whole.keys ?? (await keys.snapshot(tenantId, algorithmsOf(whole))) }
  }

  return {
    store,
    clock,
    random,
    keyring,
    keys,
    web,
    order,
    /** The engine's word on a session: always enough, since policy is the engine's business. */
    check: async (request: CheckRequest): Promise<Checked> => {
      const amr = ['pwd', 'otp', 'mfa']
      const authTime = Math.floor((request.proofs[0]?.at ?? 0) / 1_000)
      return { is: 'enough', user, assurance: { amr, acr: 'urn:polyfactor:aal2', authTime, mfa: true } }
    },
    pass(ms: number) {
      time += ms
    },
    /** Mints and commits, as a dialect does. */
    async issue(over: Partial<TokenOrder> = {}) {
      const minted = prepare(await order(over))
      await store.change({}, () => ({ result: undefined, writes: minted.writes }))
      return { minted, answer: await minted.respond() }
    },
    /** Everything that is stored, as one text: what a dump would show. */
    async dump() {
      const rows = await store.list('artifacts', tenantId, { limit: 1000 })
      return JSON.stringify(rows)
    },
  }
}
