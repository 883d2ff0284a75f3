import { asId, type TenantId } from '#model/ids.ts'
import type { Tables } from '#model/tables.ts'
import { insert, put, row, type Store } from '#ports/store.ts'

/** Rows to fill stores with, each as small as its type allows. */
export function asTenant(text: string): TenantId {
  return asId<TenantId>(text)
}

export function user(tenant: TenantId, id: string, more: Partial<Tables['users']> = {}): Tables['users'] {
  const flags = { emailVerified: false, phoneVerified: false, mfaEnabled: false, blocked: false }
  return { tenant, id: asId(id), ...flags, createdAt: 1, updatedAt: 1, loginCount: 0, ...more }
}

export function budget(tenant: TenantId, id: string, more: Partial<Tables['budgets']> = {}): Tables['budgets'] {
  const { expiresAt, ...rest } = more
  return { tenant, id, used: 0, at: 1, ...rest, ...(expiresAt === undefined ? {} : { expiresAt }) }
}

export function challenge(
  tenant: TenantId,
  id: string,
  more: Partial<Tables['challenges']> = {},
): Tables['challenges'] {
  const of = { user: asId<Tables['challenges']['user']>('u'), client: asId<Tables['challenges']['client']>('c') }
  const what = { flow: 'flow', authenticator: asId<Tables['challenges']['authenticator']>('a'), factor: 'sms' }
  const times = { createdAt: 1, codeExpiresAt: 2, expiresAt: 3e12 }
  return { tenant, id: asId(id), ...of, ...what, purpose: 'login', state: {}, failures: 0, ...times, ...more }
}

export function event(tenant: TenantId, id: string, user?: string): Tables['events'] {
  const made = { tenant, id, at: 1, type: 'test.happened', outcome: 'success', actor: 'system' } as const
  return user === undefined ? made : { ...made, user }
}

/** Uses a challenge up and leaves a result; answers whether this call was the one (S-27). */
export function spend(store: Store, tenant: TenantId, id: string, by: string): Promise<boolean> {
  return store.change({ it: row('challenges', tenant, id) }, ({ it }) => {
    if (!it || it.wonAt !== undefined) return { result: false }
    const won = put('challenges', { ...it, wonAt: 1 })
    return { result: true, writes: [won, insert('events', event(tenant, `${id}-${by}`, id))] }
  })
}

export function tenant(id: TenantId): Tables['tenants'] {
  const rules = { factors: [], phone: { blockedPrefixes: [], strict: true }, pages: {} }
  return { tenant: id, id, name: id, domains: [], ...rules, defaultConnection: 'users', signingAlgorithm: 'ES256' }
}
