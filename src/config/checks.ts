import type * as z from 'zod'

/** Rules between the keys of a configuration: what no single field can know. */

type Context = z.core.$RefinementCtx
type Path = readonly (string | number)[]

function complain(ctx: Context, path: Path, problem: string, mend: string): void {
  ctx.addIssue({ code: 'custom', path: [...path], message: problem, params: { mend } })
}

type Mfa = { readonly mode: string; readonly time_based_seconds?: number }

type ApplicationFields = {
  readonly type: string
  readonly client_secret?: string | null
  readonly token_endpoint_auth_method?: string
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  readonly grant_types?: readonly string[]
  readonly client_grants: readonly unknown[]
}

/** A client can prove who it is exactly as its type promises. */
export function checkApplication(it: ApplicationFields, ctx: Context): void {
  const method = it.token_endpoint_auth_method
  const secret = typeof it.client_secret === 'string'
  const say = (key: string, problem: string, mend: string) => complain(ctx, [key], problem, mend)
  const confidential = it.type === 'web' || it.type === 'machine'
  if (confidential && !secret && it.jwks === undefined && method !== 'none') {
    say('client_secret', `is missing, and ${it.type} applications have one`, 'Set it, or jwks for private_key_jwt')
  }
  if (it.type === 'spa' && secret) {
    say('client_secret', 'is set, but a page in a browser cannot keep a secret', 'Remove it, or make the type web')
  }
  if (method?.startsWith('client_secret_') && !secret) {
    say('client_secret', `is missing, and ${method} needs it`, 'Set it, or choose another token_endpoint_auth_method')
  }
  if (method === 'private_key_jwt' && it.jwks === undefined) {
    say('jwks', 'is missing, and private_key_jwt needs it', 'Set jwks: { keys: [ … ] } with the client’s public keys')
  }
  if (it.jwks?.keys.some((key) => 'd' in key || 'k' in key)) {
    say('jwks', 'holds a private key', 'Give the public parts only: remove d, p, q, dp, dq, qi and k')
  }
  const grants = it.grant_types ?? (it.type === 'machine' ? ['client_credentials'] : [])
  const anonymous = method === 'none' || (method === undefined && !secret && it.jwks === undefined)
  if (grants.includes('client_credentials') && anonymous) {
    say(
      'grant_types',
      'holds client_credentials, which a client without a secret cannot use',
      'Remove it, or set a secret',
    )
  }
  if (it.client_grants.length > 0 && !grants.includes('client_credentials')) {
    say(
      'client_grants',
      'is of no use without the grant client_credentials',
      'Add it to grant_types, or remove the key',
    )
  }
}

type UserFields = {
  readonly email?: string
  readonly phone_number?: string
  readonly username?: string
  readonly password?: string
  readonly password_hash?: string
}

/** A user can be named, and has one password at most. */
export function checkUser(it: UserFields, ctx: Context): void {
  if (it.email === undefined && it.phone_number === undefined && it.username === undefined) {
    complain(ctx, [], 'has no name to sign in with', 'Set email, phone_number or username')
  }
  if (it.password !== undefined && it.password_hash !== undefined) {
    complain(ctx, ['password_hash'], 'stands beside password', 'Keep one of the two')
  }
}

/** Whoever demands that makers vouch for keys says which makers. */
export function checkKeys(
  it: { readonly attestation: string; readonly attestation_roots: readonly string[] },
  ctx: Context,
): void {
  if (it.attestation === 'required' && it.attestation_roots.length === 0) {
    complain(ctx, ['attestation_roots'], 'names nobody, so no key could be registered', 'List makers’ certificates')
  }
}

type TenantFields = {
  readonly factors: readonly string[]
  readonly mfa?: Mfa
  readonly apis: readonly { readonly audience: string }[]
  readonly applications: readonly { readonly client_id: string; readonly mfa?: Mfa }[]
  readonly users: readonly { readonly email?: string; readonly username?: string }[]
}

/** Names are used once in a tenant, and timed rules know their time. */
export function checkTenant(it: TenantFields, ctx: Context): void {
  unique(ctx, it.apis, 'apis', 'audience')
  unique(ctx, it.applications, 'applications', 'client_id')
  unique(ctx, it.users, 'users', 'email', caseless)
  unique(ctx, it.users, 'users', 'username', caseless)
  needsTime(ctx, ['mfa'], it.mfa, undefined)
  for (const [index, application] of it.applications.entries()) {
    needsTime(ctx, ['applications', index, 'mfa'], application.mfa, it.mfa?.time_based_seconds)
  }
}

function needsTime(ctx: Context, path: Path, mfa: Mfa | undefined, inherited: number | undefined): void {
  if (!mfa?.mode.includes('TIME_BASED') || (mfa.time_based_seconds ?? inherited) !== undefined) return
  const problem = `is missing, and mode ${mfa.mode} needs it`
  complain(
    ctx,
    [...path, 'time_based_seconds'],
    problem,
    'Set the seconds a proved second factor lasts for, e.g. 86400',
  )
}

type GrantFields = {
  readonly apis: readonly { readonly audience: string; readonly scopes: readonly string[] }[]
  readonly applications: readonly {
    readonly client_grants: readonly { readonly audience: string; readonly scopes: readonly string[] }[]
  }[]
}

type RootFields = {
  readonly tenants: readonly (GrantFields & { readonly id: string; readonly domains: readonly string[] })[]
}

/** Tenants and their domains are told apart; grants of machine clients name APIs that exist. */
export function checkRoot(it: RootFields, ctx: Context): void {
  unique(ctx, it.tenants, 'tenants', 'id', caseless)
  const claimed = new Map<string, number>()
  for (const [index, tenant] of it.tenants.entries()) {
    for (const [position, domain] of tenant.domains.entries()) {
      const first = claimed.get(domain)
      const path = ['tenants', index, 'domains', position]
      if (first !== undefined) complain(ctx, path, `"${domain}" is claimed by tenants[${first}] too`, 'Keep it in one')
      else claimed.set(domain, index)
    }
    checkClientGrants(ctx, index, tenant)
  }
}

function checkClientGrants(ctx: Context, index: number, tenant: GrantFields): void {
  for (const [a, application] of tenant.applications.entries()) {
    for (const [g, grant] of application.client_grants.entries()) {
      // Scopes of the management API are the server's own; it checks them when it applies the configuration.
      if (isManagementApi(grant.audience)) continue
      const path = ['tenants', index, 'applications', a, 'client_grants', g]
      const api = tenant.apis.find(({ audience }) => audience === grant.audience)
      const unknown = grant.scopes.find((scope) => !api?.scopes.includes(scope))
      if (api === undefined) {
        complain(
          ctx,
          [...path, 'audience'],
          'names no API of this tenant',
          'Add it to apis, or use <public_url>/api/v2/',
        )
      } else if (unknown !== undefined) {
        complain(ctx, [...path, 'scopes'], `"${unknown}" is no scope of that API`, 'Add it to the API, or remove it')
      }
    }
  }
}

/** Auth0's Management API, whatever host it is called by (auth0.md section 7). */
function isManagementApi(audience: string): boolean {
  return URL.parse(audience)?.pathname === '/api/v2/'
}

const caseless = (value: string) => value.normalize('NFC').toLowerCase()

function unique<K extends string>(
  ctx: Context,
  items: readonly { readonly [P in K]?: string }[],
  list: string,
  key: K,
  form: (value: string) => string = (value) => value,
): void {
  const seen = new Map<string, number>()
  for (const [index, item] of items.entries()) {
    const value = item[key]
    if (value === undefined) continue
    const first = seen.get(form(value))
    if (first === undefined) seen.set(form(value), index)
    else complain(ctx, [list, index, key], `"${value}" stands in ${list}[${first}] already`, 'Use each once')
  }
}
