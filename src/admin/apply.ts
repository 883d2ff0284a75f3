import { isDeepStrictEqual } from 'node:util'
import type { ApiConfig, ApplicationConfig, Config, TenantConfig } from '#config/schema.ts'
import { tokenDigest } from '#crypto/digest.ts'
import { systemAudit } from '#engine/events.ts'
import type { Parts } from '#engine/parts.ts'
import { sealWebhookSecret, secretsOf, withSecret } from '#engine/webhooks/secrets.ts'
import type { Api, Application } from '#model/application.ts'
import type { Branding } from '#model/branding.ts'
import { asId, type ClientId, type TenantId } from '#model/ids.ts'
import type { PhoneGuardRule } from '#model/phone-guard.ts'
import type { MfaRule } from '#model/policy.ts'
import type { KeyRule, Tenant } from '#model/tenant.ts'
import type { Webhook } from '#model/webhook.ts'
import { type Decision, type Ref, row, upsert, type Write } from '#ports/store.ts'
import { applyUser } from './apply-user.ts'
import { riskRule } from './risk-rule.ts'

/** How many tenants, APIs, applications, users and authenticators the file named, by what became of them. */
export interface Applied {
  readonly created: number
  readonly updated: number
  readonly unchanged: number
}

export type Change = keyof Applied

/**
 * Applies a configuration file: creates or updates what it names and deletes nothing (operating.md §3). What a file
 * leaves out stays as it is stored. Applying it twice changes nothing, and writes nothing the second time.
 *
 * Switches of a user (`blocked`, `mfa_enabled`, `…_verified`) are only ever switched on: a file that does not mention
 * them must not undo at every start what an administrator or the user has set since.
 *
 * @throws ConfigRefused when the file contradicts itself or what is stored; its `key` and `mend` are for the operator.
 */
export async function applyConfig(parts: Parts, config: Config): Promise<Applied> {
  const tally: Record<Change, number> = { created: 0, updated: 0, unchanged: 0 }
  const count = (change: Change): void => void tally[change]++
  for (const [index, wanted] of config.tenants.entries()) {
    const tenant = await applyTenant(parts, wanted, config.development, count)
    for (const api of wanted.apis) count(await applyApi(parts, tenant.id, api))
    for (const webhook of wanted.webhooks) count(await applyWebhook(parts, tenant.id, webhook))
    for (const application of wanted.applications) count(await applyApplication(parts, tenant.id, application))
    // A few at a time: each costs a password comparison, and the pool for these is bounded.
    for (let from = 0; from < wanted.users.length; from += usersAtOnce) {
      const some = wanted.users.slice(from, from + usersAtOnce)
      await Promise.all(
        some.map((user, at) => applyUser(parts, tenant, user, `tenants[${index}].users[${from + at}]`, count)),
      )
    }
  }
  return tally
}

const usersAtOnce = 4

async function applyTenant(
  parts: Parts,
  wanted: TenantConfig,
  development: boolean,
  count: (change: Change) => void,
): Promise<Tenant> {
  const id = asId<TenantId>(wanted.id)
  const fields = tenantFields(wanted, development)
  const make = (before: Tenant | undefined): Tenant => ({ ...before, tenant: id, id, ...fields })
  const { change, row: tenant } = await applyRow(parts, 'tenants', id, id, make)
  count(change)
  return tenant
}

async function applyApi(parts: Parts, tenant: TenantId, wanted: ApiConfig): Promise<Change> {
  const make = (before: Api | undefined): Api => ({
    ...before,
    tenant,
    id: wanted.audience,
    name: wanted.name ?? before?.name ?? wanted.audience,
    scopes: wanted.scopes,
    accessTokenLifetime: wanted.access_token_lifetime,
    allowOfflineAccess: wanted.allow_offline_access,
    ...named({ signingAlgorithm: wanted.signing_algorithm }),
  })
  return (await applyRow(parts, 'apis', tenant, wanted.audience, make)).change
}

/** A secret that signs already stays beside those a rotation has added; a new one in the file comes before them. */
async function applyWebhook(parts: Parts, tenant: TenantId, wanted: TenantConfig['webhooks'][number]): Promise<Change> {
  const { id, url, events, enabled } = wanted
  const now = parts.clock.now()
  const make = (before: Webhook | undefined): Webhook => {
    const base = { ...before, tenant, id, url, events, enabled, createdAt: before?.createdAt ?? now }
    const known = before !== undefined && secretsOf(parts, before, now).includes(wanted.secret)
    if (known) return { ...base, secrets: before.secrets }
    return withSecret(
      { ...base, secrets: before?.secrets ?? [] },
      sealWebhookSecret(parts, tenant, id, wanted.secret),
      now,
    )
  }
  return (await applyRow(parts, 'webhooks', tenant, id, make)).change
}

async function applyApplication(parts: Parts, tenant: TenantId, wanted: ApplicationConfig): Promise<Change> {
  const digest = wanted.client_secret === undefined ? undefined : tokenDigest(wanted.client_secret)
  const make = (before: Application | undefined): Application => ({
    ...before,
    tenant,
    id: asId<ClientId>(wanted.client_id),
    name: wanted.name,
    type: wanted.type,
    secretDigests: digestsWith(before?.secretDigests ?? [], digest),
    authMethod: wanted.token_endpoint_auth_method,
    redirectUris: wanted.redirect_uris,
    logoutUris: wanted.logout_uris,
    allowedOrigins: wanted.allowed_origins,
    grantTypes: wanted.grant_types,
    nativeAuth: wanted.native_auth,
    clientGrants: wanted.client_grants,
    ...named({
      jwks: wanted.jwks as Application['jwks'],
      mfa: mfaRule(wanted.mfa),
      signUp: wanted.sign_up,
      trustedDeviceSeconds: wanted.trusted_device_seconds,
      backchannelLogoutUri: wanted.backchannel_logout_uri,
      needsVerifiedEmail: wanted.require_verified_email,
      needsVerifiedPhone: wanted.require_verified_phone,
      asksForScopes: wanted.ask_for_scopes,
      groupSelection: wanted.group_selection,
      consents: wanted.consents,
      idTokenAlgorithm: wanted.id_token_signed_response_alg,
    }),
  })
  return (await applyRow(parts, 'applications', tenant, wanted.client_id, make)).change
}

/** A secret that works already stays beside the ones a rotation has added; a new one in the file replaces them. */
function digestsWith(before: readonly string[], digest: string | undefined): readonly string[] {
  return digest === undefined || before.includes(digest) ? before : [digest]
}

/** Names of operating.md §3 in the words of the model. */
export function tenantFields(wanted: TenantConfig, development: boolean): Omit<Tenant, 'id' | 'tenant'> {
  const { limits } = wanted
  return {
    name: wanted.name,
    domains: wanted.domains,
    factors: wanted.factors,
    phone: phoneRule(wanted.phone, development),
    pages: wanted.pages,
    defaultConnection: wanted.default_connection,
    signingAlgorithm: wanted.signing_algorithm,
    limits: limitsRule(limits),
    ...named({
      securityQuestions: wanted.security_questions,
      mfa: mfaRule(wanted.mfa),
      risk: riskRule(wanted.risk),
      discovery: wanted.discovery,
      signUp: wanted.sign_up,
      hideUnknownUsers: wanted.hide_unknown_users,
      nativePreview: wanted.native_preview,
      keys: keyRule(wanted.webauthn),
      audit: auditRule(wanted.audit),
      branding: brandingRule(wanted.branding),
      messages: wanted.messages as Tenant['messages'],
    }),
  }
}

/** Figures of a tenant, in the words of the model. */
export const limitsRule = (it: TenantConfig['limits']): Tenant['limits'] =>
  named({
    codeLifetimeSeconds: it.code_lifetime_seconds,
    ticketLifetimeSeconds: it.ticket_lifetime_seconds,
    sessionIdleSeconds: it.session_idle_seconds,
    sessionSeconds: it.session_seconds,
    trustedDeviceSeconds: it.trusted_device_seconds,
  })

/** The face of a tenant, in the words of the model. */
export function brandingRule(it: TenantConfig['branding']): Branding | undefined {
  if (it === undefined) return undefined
  const { accent_dark, background_dark, ...same } = it
  return { ...named(same), ...named({ accentDark: accent_dark, backgroundDark: background_dark }) }
}

/** How long audit events are kept, in the words of the model. */
export function auditRule(it: TenantConfig['audit']): Tenant['audit'] {
  return it && named({ retentionDays: it.retention_days })
}

/** What keys may be registered, in the words of the model. */
export function keyRule(it: TenantConfig['webauthn']): KeyRule | undefined {
  if (it === undefined) return undefined
  return {
    origins: it.origins,
    attestation: it.attestation,
    roots: it.attestation_roots,
    userVerification: it.user_verification,
    ...named({ rpId: it.rp_id, models: it.models }),
  }
}

/** Countries left out mean all of them in development and none else (operating.md §3). */
export function phoneRule(it: TenantConfig['phone'], development: boolean): Tenant['phone'] {
  const countries = it.countries ?? (development ? undefined : [])
  return {
    ...named({
      countries,
      allowVoip: it.voip === undefined ? undefined : it.voip === 'allow',
      needsAlternative: it.require_alternative,
    }),
    blockedPrefixes: it.blocked_prefixes,
    strict: it.strict,
    guard: guardRule(it.guard, development),
  }
}

/** Messages are counted unless a tenant says otherwise, except in development, where one number serves many tests. */
function guardRule(it: TenantConfig['phone']['guard'], development: boolean): PhoneGuardRule {
  return {
    enabled: it?.enabled ?? !development,
    ...named({
      perNumberTenMinutes: it?.per_number_10_minutes,
      perNumberDay: it?.per_number_day,
      perUserDay: it?.per_user_day,
      perAddressHour: it?.per_address_hour,
      perPrefixHour: it?.per_prefix_hour,
      perCountryDay: it?.per_country_day,
      perTenantDay: it?.per_tenant_day,
      accountsPerNumber: it?.accounts_per_number,
      answeredPercent: it?.answered_percent,
      answeredOf: it?.answered_of,
      stopSeconds: it?.stop_seconds,
      prices: it?.prices,
      monthlyCeilings: it?.monthly_ceilings,
    }),
  }
}

/** How a second factor is asked for, in the words of the model. */
export function mfaRule(it: TenantConfig['mfa']): MfaRule | undefined {
  if (it === undefined) return undefined
  return { mode: it.mode, ...named({ timeBasedSeconds: it.time_based_seconds, allowedFactors: it.allowed_factors }) }
}

/** The members that are there: what is left out does not overwrite what is stored. */
export function named<T extends object>(members: T): { readonly [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never
}

/** As `named`, where null takes away what is stored. */
export function cleared<T extends object>(members: T): { readonly [K in keyof T]?: NonNullable<T[K]> } {
  const given = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name, value ?? undefined])) as never
}

type Described = { tenants: Tenant; apis: Api; applications: Application; webhooks: Webhook }

/** Creates or updates one row, with its audit row in the same commit (S-146); the same row again writes nothing. */
async function applyRow<T extends keyof Described>(
  parts: Parts,
  table: T,
  tenant: TenantId,
  id: string,
  make: (before: Described[T] | undefined) => Described[T],
): Promise<{ readonly change: Change; readonly row: Described[T] }> {
  const refs = { it: row(table, tenant, id) as Ref }
  return await parts.store.change(refs, (found): Decision<{ change: Change; row: Described[T] }> => {
    const before = found.it as Described[T] | undefined
    const after = make(before)
    if (isSame(before, after)) return { result: { change: 'unchanged', row: after } }
    const change = before === undefined ? 'created' : 'updated'
    const details = { what: table, id, change, source: 'configuration' }
    const event = systemAudit(parts, tenant, 'admin.change', { details })
    return { result: { change, row: after }, writes: [upsert(table, after as never) as Write, event] }
  })
}

/** Rows are compared as they are stored: JSON knows no undefined. */
export function isSame(before: object | undefined, after: object): boolean {
  return (
    before !== undefined && isDeepStrictEqual(JSON.parse(JSON.stringify(before)), JSON.parse(JSON.stringify(after)))
  )
}
